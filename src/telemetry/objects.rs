//! Metrics of single objects. They go with the object, so that no alert fires for what is no more.

mod series;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::{Registry, Unit};

use super::labels::ProfileOutcome;
use crate::{
    api::{SyncType, conditions::Status},
    domain::{Counts, Reason},
};
use series::Series;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// One export: what its gauges show, and what its runs brought, counted from zero so that a rate
/// sees the first one too.
#[derive(Debug, Default)]
struct Export {
    gauges: ExportGauges,
    added: u64,
    removed: u64,
    accepted: u64,
    rejected: u64,
}

/// The metrics of all connectors and exports. One record an object, for there may be thousands: the
/// series are made as they are scraped. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct ObjectMetrics(Arc<Mutex<Objects>>);

#[derive(Debug, Default)]
struct Objects {
    connectors: BTreeMap<Object, ConnectorGauges>,
    exports: BTreeMap<Object, Export>,
}

impl ObjectMetrics {
    pub(super) fn register(&self, r: &mut Registry) {
        r.register_collector(Box::new(self.clone()));
    }

    /// Shows a connector as it is now.
    pub fn connector(&self, namespace: &str, name: &str, gauges: ConnectorGauges) {
        let object = Object::new(namespace, name);
        self.lock().connectors.insert(object, gauges);
    }

    /// Takes a deleted connector's series away.
    pub fn forget_connector(&self, namespace: &str, name: &str) {
        let object = Object::new(namespace, name);
        self.lock().connectors.remove(&object);
    }

    /// Shows an export as it is now.
    pub fn export(&self, namespace: &str, name: &str, gauges: &ExportGauges) {
        let object = Object::new(namespace, name);
        self.lock().exports.entry(object).or_default().gauges = gauges.clone();
    }

    /// A run of an export ended well. One of an export that is gone counts nowhere.
    pub fn ran(&self, namespace: &str, name: &str, counts: &Counts) {
        let object = Object::new(namespace, name);
        if let Some(export) = self.lock().exports.get_mut(&object) {
            export.added += counts.added;
            export.removed += counts.removed;
            export.accepted += counts.profiles_created;
            export.rejected += counts.profiles_rejected;
        }
    }

    /// Takes all that a deleted export showed away.
    pub fn forget_export(&self, namespace: &str, name: &str) {
        let object = Object::new(namespace, name);
        self.lock().exports.remove(&object);
    }

    /// Held for moments only.
    fn lock(&self) -> MutexGuard<'_, Objects> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for ObjectMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let objects = self.lock();
        encode_connectors(&mut Series::of(&mut encoder, &objects.connectors))?;
        encode_exports(&mut Series::of(&mut encoder, &objects.exports))
    }
}

fn encode_connectors(series: &mut Series<'_, '_, ConnectorGauges>) -> fmt::Result {
    let help = "1 for each connector: what Ready says, and why";
    let labels = ["project", "ready", "reason"];
    series.info("connector_info", help, labels, |c| {
        let project = c.project.map(|id| id.to_string());
        let [ready, reason] = words(c.ready);
        [project.unwrap_or_default().into(), ready, reason]
    })?;
    let help = "1 if both vendors accept the credentials";
    series.gauge("connector_connected", help, None, |c| {
        Some(c.connected.into())
    })
}

fn encode_exports(series: &mut Series<'_, '_, Export>) -> fmt::Result {
    let help = "1 for each export: its connector, what Ready says, and why";
    let labels = ["connector", "sync_type", "ready", "reason"];
    series.info("export_info", help, labels, |e| {
        let sync_type = e.gauges.sync_type.map(SyncType::as_str).unwrap_or_default();
        let [ready, reason] = words(e.gauges.ready);
        let connector = e.gauges.connector.as_str().into();
        [connector, sync_type.into(), ready, reason]
    })?;
    for (name, help, value) in GAUGES {
        series.gauge(name, help, None, |e| value(&e.gauges))?;
    }
    for (name, help, value) in SECONDS {
        series.gauge(name, help, Some(&Unit::Seconds), |e| value(&e.gauges))?;
    }
    let help = "Ids that joined the export's list";
    series.counters("export_members_added", help, |e| [(None, e.added)])?;
    let help = "Ids that left the export's list";
    series.counters("export_members_removed", help, |e| [(None, e.removed)])?;
    let help = "Profiles that the export sent";
    series.counters("export_profiles_uploaded", help, |e| {
        [
            (Some(ProfileOutcome::Accepted), e.accepted),
            (Some(ProfileOutcome::Rejected), e.rejected),
        ]
    })
}

/// Name, help, and what is shown of an export, where there is something.
type ExportGauge = (&'static str, &'static str, fn(&ExportGauges) -> Option<i64>);

const GAUGES: [ExportGauge; 3] = [
    ("export_synced", "1 if Synced is True", |g| {
        Some(g.synced.into())
    }),
    ("export_suspended", "1 if suspended", |g| {
        Some(g.suspended.into())
    }),
    ("export_members", "Ids in the list", |g| g.members),
];

const SECONDS: [ExportGauge; 3] = [
    (
        "export_last_success_timestamp",
        "Unix time of the last run that ended well",
        |g| g.last_success,
    ),
    (
        "export_next_sync_timestamp",
        "Unix time of the next run",
        |g| g.next_sync,
    ),
    (
        "export_effective_interval",
        "Interval that the budget allows",
        |g| g.effective_interval,
    ),
];

fn words(ready: Ready) -> [series::Text<'static>; 2] {
    let (status, reason) = match ready {
        Some((status, reason)) => (status, reason.as_str()),
        None => (Status::Unknown, ""),
    };
    [status.as_str().into(), reason.into()]
}
