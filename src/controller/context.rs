//! What every reconcile shares.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use kube::Client;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store};
use tokio_util::sync::CancellationToken;

use super::destinations::Destinations;
use super::events::Events;
use super::filling::Filling;
use super::lease::Leadership;
use super::places::Places;
use super::sharing::Groups;
use super::under_way::UnderWay;
use super::wakeups::Wakeups;
use crate::api::{CleverTapConnector, CohortExport};
use crate::config::RunArgs;
use crate::domain::validate::Rules;
use crate::export::{Clients, CohortLists, FingerprintKey, Scratch, Seen, SharedReads};
use crate::mixpanel::Budgets;
use crate::state::State;
use crate::telemetry::metrics::Metrics;

/// A connector as the watch delivers it: one that doesn't deserialize stops no other.
pub type Connector = DeserializeGuard<CleverTapConnector>;
/// An export as the watch delivers it.
pub type Export = DeserializeGuard<CohortExport>;

/// Shared by all reconciles of one process.
pub struct Context {
    pub client: Client,
    /// Where what is this controller's own is kept: Lease and key.
    pub namespace: String,
    pub args: RunArgs,
    pub rules: Rules,
    pub metrics: Arc<Metrics>,
    pub events: Events,
    pub leadership: Leadership,
    /// Cancelled at shutdown: runs stop at their next safe point.
    pub shutdown: CancellationToken,
    pub clients: Clients,
    pub budgets: Budgets,
    pub lists: CohortLists,
    pub reads: SharedReads,
    pub groups: Groups,
    pub state: State,
    pub scratch: Scratch,
    pub key: FingerprintKey,
    /// One store a watched namespace, or one for all.
    pub connectors: Vec<Store<Connector>>,
    pub exports: Vec<Store<Export>>,
    pub filling: Filling,
    pub wake_connectors: Wakeups<Connector>,
    pub wake_exports: Wakeups<Export>,
    pub checks: Checks,
    pub destinations: Destinations,
    /// `--concurrency`: runs at once, whatever the number of watched namespaces.
    pub places: Places,
    /// Exports that lost a segment to another one; a change elsewhere may give it to them.
    pub losers: Losers,
    pub told: Told,
    pub under_way: UnderWay,
}

impl Context {
    /// The connector of this name, as the watch last saw it.
    pub fn connector(&self, namespace: &str, name: &str) -> Option<Arc<Connector>> {
        let key = ObjectRef::new(name).within(namespace);
        self.connectors.iter().find_map(|store| store.get(&key))
    }

    /// The export of this name, as the watch last saw it.
    pub fn export(&self, namespace: &str, name: &str) -> Option<Arc<Export>> {
        let key = ObjectRef::new(name).within(namespace);
        self.exports.iter().find_map(|store| store.get(&key))
    }

    /// Has the exports that lost a segment looked at again.
    pub fn wake_losers(&self) {
        for loser in self.losers.take() {
            self.wake_exports.wake(&loser);
        }
    }

    /// All exports that could be read.
    pub fn all_exports(&self) -> impl Iterator<Item = Arc<Export>> + '_ {
        self.exports
            .iter()
            .flat_map(Store::state)
            .filter(|e| e.0.is_ok())
    }
}

/// What exports learn about a connector's credentials between its checks, by uid of the connector.
#[derive(Default)]
pub struct Checks(Mutex<HashMap<String, Seen>>);

impl Checks {
    /// Changes what is known of a connector.
    pub fn note(&self, uid: &str, change: impl FnOnce(&mut Seen)) {
        change(self.lock().entry(uid.to_owned()).or_default());
    }

    /// What is known of a connector.
    pub fn seen(&self, uid: &str) -> Seen {
        self.lock().get(uid).copied().unwrap_or_default()
    }

    /// Forgets a deleted connector.
    pub fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the user of each export (by uid) was told of an annotation that can't mean anything.
#[derive(Default)]
pub struct Told(Mutex<HashMap<String, HashMap<&'static str, u64>>>);

impl Told {
    /// Whether this is said of this annotation for the first time.
    pub fn first(&self, uid: &str, annotation: &'static str, what: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let new = hasher.finish();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = told.entry(uid.to_owned()).or_default();
        told.insert(annotation, new) != Some(new)
    }

    /// Forgets a deleted export.
    pub fn forget(&self, uid: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uid);
    }
}

/// Exports in conflict, until something changes.
#[derive(Default)]
pub struct Losers(Mutex<HashSet<ObjectRef<Export>>>);

impl Losers {
    /// Remembers one.
    pub fn insert(&self, loser: ObjectRef<Export>) {
        self.lock().insert(loser);
    }

    /// All of them, to be looked at again.
    pub fn take(&self) -> HashSet<ObjectRef<Export>> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<ObjectRef<Export>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
