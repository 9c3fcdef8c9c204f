//! Metrics of single objects. They go with the object, so that no alert fires for what is no more.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::{infos::Infos, progress::Progress};
use crate::{
    api::{SyncType, conditions::Status},
    domain::{Counts, Reason},
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
pub(super) struct Object {
    pub namespace: String,
    pub name: String,
}

impl Object {
    fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// What `Ready` of an object says, and why; `None` before it says anything.
pub type Ready = Option<(Status, Reason)>;

/// What the gauges of one connector show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectorGauges {
    /// The condition `Connected` is True.
    pub connected: bool,
    /// Mixpanel project id, where the spec can be read.
    pub project: Option<i64>,
    pub ready: Ready,
}

/// What the gauges of one export show. `None` takes a gauge away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportGauges {
    /// Name of its connector, and its sync type, where the spec can be read.
    pub connector: String,
    pub sync_type: Option<SyncType>,
    pub ready: Ready,
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

/// The metrics of all connectors and exports.
#[derive(Debug)]
pub struct ObjectMetrics {
    connectors: Infos<3>,
    exports: Infos<4>,
    progress: Progress,
    connector_connected: ByObject,
    synced: ByObject,
    suspended: ByObject,
    members: ByObject,
    last_success: ByObject,
    next_sync: ByObject,
    effective_interval: ByObject,
}

impl Default for ObjectMetrics {
    fn default() -> Self {
        let help = "1 for each connector: what Ready says, and why";
        let connectors = Infos::new("connector_info", help, ["project", "ready", "reason"]);
        let help = "1 for each export: its connector, what Ready says, and why";
        let labels = ["connector", "sync_type", "ready", "reason"];
        Self {
            connectors,
            exports: Infos::new("export_info", help, labels),
            progress: Progress::default(),
            connector_connected: Family::default(),
            synced: Family::default(),
            suspended: Family::default(),
            members: Family::default(),
            last_success: Family::default(),
            next_sync: Family::default(),
            effective_interval: Family::default(),
        }
    }
}

impl ObjectMetrics {
    pub(super) fn register(&self, r: &mut Registry) {
        r.register_collector(Box::new(self.connectors.clone()));
        r.register_collector(Box::new(self.exports.clone()));
        self.progress.register(r);
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

    /// Shows a connector as it is now.
    pub fn connector(&self, namespace: &str, name: &str, gauges: ConnectorGauges) {
        self.set_connector(&Object::new(namespace, name), Some(gauges));
    }

    /// Takes a deleted connector's gauges away.
    pub fn forget_connector(&self, namespace: &str, name: &str) {
        self.set_connector(&Object::new(namespace, name), None);
    }

    /// Shows an export as it is now.
    pub fn export(&self, namespace: &str, name: &str, gauges: &ExportGauges) {
        let object = Object::new(namespace, name);
        self.progress.begin(&object);
        self.set_export(&object, Some(gauges));
    }

    /// A run of an export ended well.
    pub fn ran(&self, namespace: &str, name: &str, counts: &Counts) {
        self.progress.ran(&Object::new(namespace, name), counts);
    }

    /// Takes all that a deleted export showed away.
    pub fn forget_export(&self, namespace: &str, name: &str) {
        let object = Object::new(namespace, name);
        self.set_export(&object, None);
        self.progress.forget(&object);
    }

    fn set_connector(&self, object: &Object, gauges: Option<ConnectorGauges>) {
        let connected = gauges.map(|g| g.connected.into());
        set(&self.connector_connected, object, connected);
        let told = gauges.map(|g| {
            let [ready, reason] = words(g.ready);
            let project = g.project.map(|id| id.to_string());
            [project.unwrap_or_default(), ready, reason]
        });
        self.connectors.set(object, told);
    }

    fn set_export(&self, object: &Object, gauges: Option<&ExportGauges>) {
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
            set(family, object, value);
        }
        let told = gauges.map(|g| {
            let [ready, reason] = words(g.ready);
            let sync_type = g.sync_type.map(SyncType::as_str).unwrap_or_default();
            [g.connector.clone(), sync_type.to_owned(), ready, reason]
        });
        self.exports.set(object, told);
    }
}

fn words(ready: Ready) -> [String; 2] {
    let (status, reason) = match ready {
        Some((status, reason)) => (status, reason.as_str()),
        None => (Status::Unknown, ""),
    };
    [status.as_str(), reason].map(str::to_owned)
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
mod tests;
