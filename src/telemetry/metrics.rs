//! Metrics in OpenMetrics form. Labels are enums, names of objects or numbers: never error text.

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

pub use super::{
    labels::{Kind, ListOutcome, ProfileOutcome, ReconcileOutcome, SkipReason},
    objects::{ConnectorGauges, ExportGauges, ObjectMetrics},
};
use crate::{
    api::SyncType,
    domain::{self, Reason},
};

/// 5 ms to about 5 min: a reconcile is short or holds an export's claim.
fn reconcile_seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 4.0, 9))
}

/// 1 s to about 4.5 h, the room of `--run-deadline`.
fn export_seconds() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 4.0, 8))
}

/// A label set of one label.
macro_rules! label {
    ($name:ident { $label:ident: $type:ty }) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
        struct $name {
            $label: $type,
        }
    };
}
label!(ByKind { kind: Kind });
label!(BySyncType { sync_type: &'static str });
label!(ByWhy { why: SkipReason });
label!(ByProfile {
    outcome: ProfileOutcome
});
label!(ByList {
    outcome: ListOutcome
});

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reconcile {
    kind: Kind,
    outcome: ReconcileOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Export {
    sync_type: &'static str,
    outcome: &'static str,
}

/// All metrics but those that other rooms register: vendor calls and query budgets. Share it in an
/// `Arc`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    reconciles: Family<Reconcile, Counter>,
    reconcile_duration: Family<ByKind, Histogram, fn() -> Histogram>,
    exports: Family<Export, Counter>,
    export_duration: Family<BySyncType, Histogram, fn() -> Histogram>,
    members_read: Counter,
    members_skipped: Family<ByWhy, Counter>,
    profiles_uploaded: Family<ByProfile, Counter>,
    lists_uploaded: Family<ByList, Counter>,
    objects: ObjectMetrics,
    leader: Gauge,
}

impl Metrics {
    /// Registers everything under the prefix `mixtap_`; `others` adds what other rooms keep.
    pub fn new(others: impl FnOnce(&mut Registry)) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("mixtap"),
            reconciles: Family::default(),
            reconcile_duration: Family::new_with_constructor(reconcile_seconds),
            exports: Family::default(),
            export_duration: Family::new_with_constructor(export_seconds),
            members_read: Counter::default(),
            members_skipped: Family::default(),
            profiles_uploaded: Family::default(),
            lists_uploaded: Family::default(),
            objects: ObjectMetrics::default(),
            leader: Gauge::default(),
        };
        metrics.begin();
        metrics.register();
        others(&mut metrics.registry);
        metrics
    }

    /// What can go wrong counts from zero, so that a rate sees the first time too.
    fn begin(&self) {
        let failures = Reason::ALL
            .iter()
            .filter(|r| r.kind() != domain::Kind::Fine);
        for outcome in failures.map(|reason| reason.as_str()) {
            for sync_type in [SyncType::OneTime, SyncType::Dynamic].map(SyncType::as_str) {
                drop(self.exports.get_or_create(&Export { sync_type, outcome }));
            }
        }
        for why in SkipReason::ALL.iter().copied() {
            drop(self.members_skipped.get_or_create(&ByWhy { why }));
        }
        for outcome in ProfileOutcome::ALL.iter().copied() {
            drop(self.profiles_uploaded.get_or_create(&ByProfile { outcome }));
        }
        for outcome in ListOutcome::ALL.iter().copied() {
            drop(self.lists_uploaded.get_or_create(&ByList { outcome }));
        }
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("reconciles", "Reconciles", self.reconciles.clone());
        let help = "Time of a reconcile";
        r.register_with_unit(
            "reconcile_duration",
            help,
            Unit::Seconds,
            self.reconcile_duration.clone(),
        );
        r.register("exports", "Export runs that ended", self.exports.clone());
        let help = "Time of an export run";
        r.register_with_unit(
            "export_duration",
            help,
            Unit::Seconds,
            self.export_duration.clone(),
        );
        let help = "Distinct cohort members read";
        r.register("members_read", help, self.members_read.clone());
        let help = "Members that are in no list";
        r.register("members_skipped", help, self.members_skipped.clone());
        r.register(
            "profiles_uploaded",
            "Profiles sent",
            self.profiles_uploaded.clone(),
        );
        r.register("lists_uploaded", "Lists sent", self.lists_uploaded.clone());
        r.register("leader", "1 while this process leads", self.leader.clone());
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        r.register("build", "Version of this build", version);
        self.objects.register(r);
    }

    /// A reconcile of an object of `kind` ended after `seconds`.
    pub fn reconciled(&self, kind: Kind, outcome: ReconcileOutcome, seconds: f64) {
        self.reconciles
            .get_or_create(&Reconcile { kind, outcome })
            .inc();
        self.reconcile_duration
            .get_or_create(&ByKind { kind })
            .observe(seconds);
    }

    /// An export run ended after `seconds`, with the reason that its status tells.
    pub fn exported(&self, sync_type: SyncType, outcome: Reason, seconds: f64) {
        let (sync_type, outcome) = (sync_type.as_str(), outcome.as_str());
        self.exports
            .get_or_create(&Export { sync_type, outcome })
            .inc();
        self.export_duration
            .get_or_create(&BySyncType { sync_type })
            .observe(seconds);
    }

    /// `count` more distinct members were read.
    pub fn members_read(&self, count: u64) {
        self.members_read.inc_by(count);
    }

    /// `count` more members were left out of a list.
    pub fn members_skipped(&self, why: SkipReason, count: u64) {
        self.members_skipped
            .get_or_create(&ByWhy { why })
            .inc_by(count);
    }

    /// `count` more profiles were sent.
    pub fn profiles_uploaded(&self, outcome: ProfileOutcome, count: u64) {
        self.profiles_uploaded
            .get_or_create(&ByProfile { outcome })
            .inc_by(count);
    }

    /// One more list was sent.
    pub fn list_uploaded(&self, outcome: ListOutcome) {
        self.lists_uploaded.get_or_create(&ByList { outcome }).inc();
    }

    /// The metrics of single objects.
    #[must_use]
    pub fn objects(&self) -> &ObjectMetrics {
        &self.objects
    }

    /// Whether this process leads.
    pub fn leader(&self, leads: bool) {
        self.leader.set(leads.into());
    }

    /// Everything, as OpenMetrics text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut page = String::new();
        text::encode(&mut page, &self.registry).expect("writing to a String never fails");
        page
    }
}

#[cfg(test)]
mod tests;
