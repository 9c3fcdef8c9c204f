//! The list itself, and the requests that it holds.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::{Fault, FaultId, FaultView};
use crate::sandbox::calls::Seen;

/// So many faults at most; the oldest goes when one more is added.
const MAX_FAULTS: usize = 1000;
/// Nothing is held for longer; the connection is reset then.
const MAX_HOLD: Duration = Duration::from_secs(15 * 60);

#[derive(Clone, Copy, PartialEq)]
enum Gate {
    Closed,
    Open,
    Removed,
}

/// A fault at work: shared by the list and by the requests that it holds.
pub(in crate::sandbox) struct Live {
    id: FaultId,
    pub fault: Fault,
    matched: AtomicU64,
    held: AtomicU64,
    hits: watch::Sender<u64>,
    gate: watch::Sender<Gate>,
}

impl Live {
    pub fn hit(&self) {
        self.hits.send_modify(|hits| *hits += 1);
    }

    /// Waits for the release; false if the fault was removed or the wait got too long.
    pub async fn released(&self) -> bool {
        self.held.fetch_add(1, Ordering::AcqRel);
        let mut gate = self.gate.subscribe();
        let opened = tokio::time::timeout(MAX_HOLD, gate.wait_for(|gate| *gate != Gate::Closed));
        let released = matches!(opened.await, Ok(Ok(gate)) if *gate == Gate::Open);
        self.held.fetch_sub(1, Ordering::AcqRel);
        released
    }

    /// Whether it acts on this request; counts the match.
    fn strikes(&self, seen: &Seen) -> bool {
        let on = &self.fault.on;
        if !on.matches(seen) {
            return false;
        }
        let earlier = self.matched.fetch_add(1, Ordering::AcqRel);
        earlier >= on.skip && on.times.is_none_or(|times| earlier - on.skip < times)
    }

    fn view(&self) -> FaultView {
        FaultView {
            id: self.id,
            fault: self.fault.clone(),
            hits: *self.hits.borrow(),
            held: self.held.load(Ordering::Acquire),
        }
    }
}

/// The list. Cheap to clone; all clones are one list.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<List>>);

#[derive(Default)]
struct List {
    last_id: FaultId,
    live: BTreeMap<FaultId, Arc<Live>>,
}

impl Faults {
    /// Adds a fault at the end of the list.
    pub fn add(&self, fault: Fault) -> FaultId {
        let mut list = self.list();
        list.last_id += 1;
        let id = list.last_id;
        let live = Live {
            id,
            fault,
            matched: AtomicU64::new(0),
            held: AtomicU64::new(0),
            hits: watch::Sender::new(0),
            gate: watch::Sender::new(Gate::Closed),
        };
        list.live.insert(id, Arc::new(live));
        if list.live.len() > MAX_FAULTS
            && let Some((_, oldest)) = list.live.pop_first()
        {
            oldest.gate.send_replace(Gate::Removed);
        }
        id
    }

    /// Takes a fault off the list. Requests that it holds are reset, their work undone.
    pub fn remove(&self, id: FaultId) -> bool {
        let removed = self.list().live.remove(&id);
        removed
            .map(|live| live.gate.send_replace(Gate::Removed))
            .is_some()
    }

    /// Removes the faults of one project or account, or all.
    pub fn clear(&self, scope: Option<&str>) {
        let mine = |view: &FaultView| scope.is_none() || view.fault.on.scope.as_deref() == scope;
        for view in self.all().into_iter().filter(mine) {
            self.remove(view.id);
        }
    }

    /// Lets the requests that it holds go on, and holds no further ones.
    pub fn release(&self, id: FaultId) -> bool {
        self.find(id)
            .map(|live| live.gate.send_replace(Gate::Open))
            .is_some()
    }

    /// How often it has acted; 0 for one that is gone.
    pub fn hits(&self, id: FaultId) -> u64 {
        self.get(id).map_or(0, |view| view.hits)
    }

    pub fn get(&self, id: FaultId) -> Option<FaultView> {
        self.find(id).map(|live| live.view())
    }

    pub fn all(&self) -> Vec<FaultView> {
        self.list().live.values().map(|live| live.view()).collect()
    }

    /// Waits until it has acted; for a held request that is when the hold begins.
    /// False if it is gone.
    pub async fn wait_hit(&self, id: FaultId) -> bool {
        self.wait_hits(id, 1).await
    }

    /// Waits until it has acted so often in all.
    pub async fn wait_hits(&self, id: FaultId, hits: u64) -> bool {
        let Some(live) = self.find(id) else {
            return false;
        };
        let (mut count, mut gate) = (live.hits.subscribe(), live.gate.subscribe());
        tokio::select! {
            biased;
            reached = count.wait_for(|count| *count >= hits) => reached.is_ok(),
            _ = gate.wait_for(|gate| *gate == Gate::Removed) => false,
        }
    }

    /// The faults that act on this request, in order.
    pub(in crate::sandbox) fn strike(&self, seen: &Seen) -> Vec<Arc<Live>> {
        let list = self.list();
        list.live
            .values()
            .filter(|live| live.strikes(seen))
            .cloned()
            .collect()
    }

    fn find(&self, id: FaultId) -> Option<Arc<Live>> {
        self.list().live.get(&id).cloned()
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
