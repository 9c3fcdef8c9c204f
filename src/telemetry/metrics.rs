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
    objects::{ExportGauges, ObjectGauges},
};
use crate::{api::SyncType, domain::Reason};

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
    objects: ObjectGauges,
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
            objects: ObjectGauges::default(),
            leader: Gauge::default(),
        };
        metrics.register();
        others(&mut metrics.registry);
        metrics
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
        let sync_type = match sync_type {
            SyncType::OneTime => "OneTime",
            SyncType::Dynamic => "Dynamic",
        };
        let outcome = outcome.as_str();
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

    /// The gauges of single objects.
    #[must_use]
    pub fn objects(&self) -> &ObjectGauges {
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
mod tests {
    use super::*;

    fn metrics() -> Metrics {
        Metrics::new(|_| {})
    }

    #[test]
    fn names_are_those_of_the_documentation() {
        let m = metrics();
        m.reconciled(Kind::CohortExport, ReconcileOutcome::Success, 0.1);
        m.exported(SyncType::OneTime, Reason::Completed, 3.0);
        m.members_read(5);
        m.members_skipped(SkipReason::NoIdentity, 2);
        m.profiles_uploaded(ProfileOutcome::Rejected, 1);
        m.list_uploaded(ListOutcome::Accepted);
        m.leader(true);
        let page = m.encode();
        for line in [
            "mixtap_reconciles_total{kind=\"CohortExport\",outcome=\"success\"} 1",
            "mixtap_reconcile_duration_seconds_count{kind=\"CohortExport\"} 1",
            "mixtap_exports_total{sync_type=\"OneTime\",outcome=\"Completed\"} 1",
            "mixtap_export_duration_seconds_sum{sync_type=\"OneTime\"} 3.0",
            "mixtap_members_read_total 5",
            "mixtap_members_skipped_total{why=\"no_identity\"} 2",
            "mixtap_profiles_uploaded_total{outcome=\"rejected\"} 1",
            "mixtap_lists_uploaded_total{outcome=\"accepted\"} 1",
            "mixtap_leader 1",
            concat!(
                "mixtap_build_info{version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"} 1"
            ),
        ] {
            assert!(page.lines().any(|l| l == line), "{line} not in\n{page}");
        }
        assert!(page.ends_with("# EOF\n"));
    }

    #[test]
    fn other_rooms_add_their_own() {
        let m = Metrics::new(|r| r.register("vendor_requests", "Calls", Counter::<u64>::default()));
        assert!(m.encode().contains("mixtap_vendor_requests_total 0"));
    }
}
