//! What all runs of a project share: its hour, its places, and how it is kept.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::budget::lock;
use super::hour::Hour;
use super::places::Places;

/// Calls of a project at once; Mixpanel permits 5 [doc].
const CONCURRENT: usize = 4;
/// How long a query waits until it is kept: what keeps it may be away.
const KEPT: Duration = Duration::from_secs(5);

/// Rung where something changed that others wait for.
#[derive(Debug, Default)]
pub(super) struct Bells {
    /// Somebody's turn may have come.
    pub turns: Notify,
    /// A window is to be kept.
    pub windows: Notify,
    /// Somebody keeps them.
    pub kept: AtomicBool,
}

/// One Mixpanel project, or the trial of one connector.
#[derive(Debug)]
pub(super) struct Project {
    hour: Mutex<Hour>,
    pub places: Places,
    bells: Arc<Bells>,
    /// How often what must be kept has changed; and the change that is kept.
    changes: watch::Sender<u64>,
    kept: watch::Sender<u64>,
    /// Its window is being written.
    taken: AtomicBool,
}

impl Project {
    pub fn new(bells: &Arc<Bells>) -> Self {
        Self {
            hour: Mutex::default(),
            places: Places::new(CONCURRENT),
            bells: Arc::clone(bells),
            changes: watch::Sender::new(0),
            kept: watch::Sender::new(0),
            taken: AtomicBool::new(false),
        }
    }

    /// Held for moments only, never over an await.
    pub fn hour(&self) -> MutexGuard<'_, Hour> {
        lock(&self.hour)
    }

    pub fn remaining(&self) -> u32 {
        let mut hour = self.hour();
        hour.spare(u64::MAX, Instant::now())
    }

    /// Something changed that turns depend on.
    pub fn ring(&self) {
        self.bells.turns.notify_one();
    }

    /// Something changed that turns depend on, and that a restart must know.
    pub fn changed(&self) {
        self.ring();
        self.touch();
    }

    /// Something changed that a restart must know; returns which change it was.
    pub fn touch(&self) -> u64 {
        self.changes.send_modify(|change| *change += 1);
        self.bells.windows.notify_one();
        *self.changes.borrow()
    }

    /// Waits until what is booked by now is kept, but not for long.
    pub async fn save(&self) {
        let change = self.touch();
        if !self.bells.kept.load(Ordering::Relaxed) {
            return;
        }
        let mut kept = self.kept.subscribe();
        let waiting = kept.wait_for(|kept| *kept >= change);
        // An error says that the sender is gone, and `self` has it.
        let _ = tokio::time::timeout(KEPT, waiting).await;
    }

    /// The latest change, if it isn't kept yet and nobody keeps it: whoever takes it gives it back.
    pub fn take_unkept(&self) -> Option<u64> {
        let change = *self.changes.borrow();
        let unkept = change > *self.kept.borrow() && !self.taken.swap(true, Ordering::Relaxed);
        unkept.then_some(change)
    }

    /// Another write may begin.
    pub fn give_back(&self) {
        self.taken.store(false, Ordering::Relaxed);
        self.bells.windows.notify_one();
    }

    /// Everything up to this change is kept, or nobody can.
    pub fn keep(&self, change: u64) {
        self.kept.send_modify(|kept| *kept = (*kept).max(change));
    }
}
