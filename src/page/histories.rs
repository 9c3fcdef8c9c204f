//! Histories for people's pages. All who look at an export ask again whenever it changes, as often as
//! twice a second while it runs; its history is read once for all of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::model::Export;
use crate::state::PastRun;

/// A history is read again after so long, if no run ended before.
const FRESH: Duration = Duration::from_secs(5);
/// Exports whose histories are kept, the latest read ones.
const KEPT: usize = 16;

#[derive(Default)]
pub struct Histories(Mutex<VecDeque<Kept>>);

struct Kept {
    uid: String,
    /// The run that ended last when it was read.
    run: Option<String>,
    read: Instant,
    /// `None` where it couldn't be read.
    runs: Option<Arc<[PastRun]>>,
}

impl Histories {
    /// One that was read a moment ago, or couldn't be.
    pub fn get(&self, export: &Export) -> Option<Option<Arc<[PastRun]>>> {
        let kept = self.lock();
        let kept = kept.iter().find(|kept| kept.uid == export.uid)?;
        let fresh = kept.run == export.last_ended && kept.read.elapsed() < FRESH;
        fresh.then(|| kept.runs.clone())
    }

    /// Keeps one for those who ask next.
    pub fn keep(&self, export: &Export, runs: Option<Vec<PastRun>>) -> Option<Arc<[PastRun]>> {
        let runs = runs.map(Arc::from);
        let mut kept = self.lock();
        kept.retain(|kept| kept.uid != export.uid);
        kept.truncate(KEPT - 1);
        kept.push_front(Kept {
            uid: export.uid.clone(),
            run: export.last_ended.clone(),
            read: Instant::now(),
            runs: runs.clone(),
        });
        runs
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
