//! Gauges of single objects. They go with the object, so that no alert fires for what is no more.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Object {
    namespace: String,
    name: String,
}

impl Object {
    fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// What the gauges of one export show. `None` takes a gauge away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportGauges {
    /// The condition `Synced` is True.
    pub synced: bool,
    /// The export is suspended, itself or by its connector.
    pub suspended: bool,
    /// Ids in the list, as of the last run.
    pub members: Option<i64>,
    /// Unix time, in seconds.
    pub last_success: Option<i64>,
    /// Unix time, in seconds.
    pub next_sync: Option<i64>,
    /// Seconds.
    pub effective_interval: Option<i64>,
}

type ByObject = Family<Object, Gauge>;

/// The gauges of all connectors and exports.
#[derive(Debug, Default)]
pub struct ObjectGauges {
    connector_connected: ByObject,
    synced: ByObject,
    suspended: ByObject,
    members: ByObject,
    last_success: ByObject,
    next_sync: ByObject,
    effective_interval: ByObject,
}

impl ObjectGauges {
    pub(super) fn register(&self, r: &mut Registry) {
        for (name, help, gauge) in [
            (
                "connector_connected",
                "1 if both vendors accept the credentials",
                &self.connector_connected,
            ),
            ("export_synced", "1 if Synced is True", &self.synced),
            ("export_suspended", "1 if suspended", &self.suspended),
            ("export_members", "Ids in the list", &self.members),
        ] {
            r.register(name, help, gauge.clone());
        }
        for (name, help, gauge) in [
            (
                "export_last_success_timestamp",
                "Unix time of the last run that ended well",
                &self.last_success,
            ),
            (
                "export_next_sync_timestamp",
                "Unix time of the next run",
                &self.next_sync,
            ),
            (
                "export_effective_interval",
                "Interval that the budget allows",
                &self.effective_interval,
            ),
        ] {
            r.register_with_unit(name, help, Unit::Seconds, gauge.clone());
        }
    }

    /// Whether a connector is Connected.
    pub fn connector(&self, namespace: &str, name: &str, connected: bool) {
        let object = Object::new(namespace, name);
        set(&self.connector_connected, &object, Some(connected.into()));
    }

    /// Takes a deleted connector's gauges away.
    pub fn forget_connector(&self, namespace: &str, name: &str) {
        set(
            &self.connector_connected,
            &Object::new(namespace, name),
            None,
        );
    }

    /// Shows an export as it is now.
    pub fn export(&self, namespace: &str, name: &str, gauges: ExportGauges) {
        self.set_export(namespace, name, Some(gauges));
    }

    /// Takes a deleted export's gauges away.
    pub fn forget_export(&self, namespace: &str, name: &str) {
        self.set_export(namespace, name, None);
    }

    fn set_export(&self, namespace: &str, name: &str, gauges: Option<ExportGauges>) {
        let object = Object::new(namespace, name);
        for (family, value) in [
            (&self.synced, gauges.map(|g| g.synced.into())),
            (&self.suspended, gauges.map(|g| g.suspended.into())),
            (&self.members, gauges.and_then(|g| g.members)),
            (&self.last_success, gauges.and_then(|g| g.last_success)),
            (&self.next_sync, gauges.and_then(|g| g.next_sync)),
            (
                &self.effective_interval,
                gauges.and_then(|g| g.effective_interval),
            ),
        ] {
            set(family, &object, value);
        }
    }
}

/// Sets a gauge, or takes it away.
fn set(family: &ByObject, object: &Object, value: Option<i64>) {
    match value {
        Some(value) => {
            family.get_or_create(object).set(value);
        }
        None => {
            family.remove(object);
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;

    use super::*;

    const FULL: ExportGauges = ExportGauges {
        synced: true,
        suspended: false,
        members: Some(10),
        last_success: Some(20),
        next_sync: Some(30),
        effective_interval: Some(40),
    };

    fn registered() -> (ObjectGauges, Registry) {
        let (gauges, mut registry) = (ObjectGauges::default(), Registry::with_prefix("mixtap"));
        gauges.register(&mut registry);
        (gauges, registry)
    }

    fn page(registry: &Registry) -> String {
        let mut page = String::new();
        text::encode(&mut page, registry).expect("a String takes all");
        page
    }

    #[test]
    fn names_are_those_of_the_documentation() {
        let (gauges, registry) = registered();
        gauges.connector("ns", "x", true);
        gauges.export("ns", "x", FULL);
        let page = page(&registry);
        for (name, value) in [
            ("connector_connected", 1),
            ("export_synced", 1),
            ("export_suspended", 0),
            ("export_members", 10),
            ("export_last_success_timestamp_seconds", 20),
            ("export_next_sync_timestamp_seconds", 30),
            ("export_effective_interval_seconds", 40),
        ] {
            let line = format!("mixtap_{name}{{namespace=\"ns\",name=\"x\"}} {value}");
            assert!(page.lines().any(|l| l == line), "{line} not in\n{page}");
        }
    }

    #[test]
    fn objects_take_their_gauges_along() {
        let (gauges, registry) = registered();
        let before = page(&registry);
        gauges.export("ns", "gone", FULL);
        gauges.connector("ns", "gone", false);
        assert!(page(&registry).contains("gone"));
        gauges.forget_export("ns", "gone");
        gauges.forget_connector("ns", "gone");
        assert_eq!(page(&registry), before);
    }

    #[test]
    fn an_unknown_value_is_absent_not_zero() {
        let (gauges, registry) = registered();
        gauges.export("ns", "e", FULL);
        gauges.export("ns", "e", ExportGauges::default());
        let page = page(&registry);
        assert!(page.contains("mixtap_export_synced{namespace=\"ns\",name=\"e\"} 0"));
        assert!(!page.contains("mixtap_export_members{"));
    }
}
