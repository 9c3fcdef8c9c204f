//! What the runs of single exports brought, counted. Gone with the export.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family};
use prometheus_client::registry::Registry;

use super::labels::ProfileOutcome;
use super::objects::Object;
use crate::domain::Counts;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Profiles {
    namespace: String,
    name: String,
    outcome: ProfileOutcome,
}

impl Profiles {
    fn new(object: &Object, outcome: ProfileOutcome) -> Self {
        Self {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            outcome,
        }
    }
}

/// The counters of all exports.
#[derive(Debug, Default)]
pub(super) struct Progress {
    added: Family<Object, Counter>,
    removed: Family<Object, Counter>,
    profiles: Family<Profiles, Counter>,
}

impl Progress {
    pub fn register(&self, r: &mut Registry) {
        let help = "Ids that joined the export's list";
        r.register("export_members_added", help, self.added.clone());
        let help = "Ids that left the export's list";
        r.register("export_members_removed", help, self.removed.clone());
        let help = "Profiles that the export sent";
        r.register("export_profiles_uploaded", help, self.profiles.clone());
    }

    /// Counts from zero, so that a rate sees the first run too.
    pub fn begin(&self, object: &Object) {
        drop(self.added.get_or_create(object));
        drop(self.removed.get_or_create(object));
        for outcome in ProfileOutcome::ALL {
            let profiles = Profiles::new(object, *outcome);
            drop(self.profiles.get_or_create(&profiles));
        }
    }

    /// A run ended well. One of an export that is gone counts nowhere.
    pub fn ran(&self, object: &Object, counts: &Counts) {
        for (family, count) in [(&self.added, counts.added), (&self.removed, counts.removed)] {
            if let Some(counter) = family.get(object) {
                counter.inc_by(count);
            }
        }
        for (outcome, count) in [
            (ProfileOutcome::Accepted, counts.profiles_created),
            (ProfileOutcome::Rejected, counts.profiles_rejected),
        ] {
            if let Some(counter) = self.profiles.get(&Profiles::new(object, outcome)) {
                counter.inc_by(count);
            }
        }
    }

    pub fn forget(&self, object: &Object) {
        self.added.remove(object);
        self.removed.remove(object);
        for outcome in ProfileOutcome::ALL {
            self.profiles.remove(&Profiles::new(object, *outcome));
        }
    }
}
