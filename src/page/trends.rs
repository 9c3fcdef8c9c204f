//! How an export's list grew and shrank: from its history, read once for each run that ended, and
//! only while somebody looks.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::time::Instant;

use super::board::Snapshot;
use super::model::Export;
use super::part::Part;
use crate::state::{ExportKey, PastRun, State, StateError};

/// Runs of a trend.
const RUNS: usize = 20;
/// Histories that are read at once.
const AT_ONCE: usize = 4;
/// Histories that are read between two looks.
const A_TURN: usize = 64;
/// A history that couldn't be read is left alone for so long.
const PAUSE: Duration = Duration::from_secs(60);

/// By uid of the export.
#[derive(Default)]
pub struct Trends(Mutex<HashMap<String, Trend>>);

#[derive(Default)]
struct Trend {
    members: Vec<u64>,
    /// The run that ended last when it was read.
    run: String,
    /// It couldn't be read.
    failed: Option<Instant>,
}

impl Trend {
    fn serves(&self, run: &str) -> bool {
        match self.failed {
            Some(failed) => failed.elapsed() < PAUSE,
            None => self.run == run,
        }
    }
}

impl Trends {
    /// Gives exports what is known of them.
    pub fn fill(&self, exports: &mut [Export]) {
        let known = self.lock();
        for export in exports {
            if let Some(trend) = known.get(&export.uid) {
                export.trend.clone_from(&trend.members);
            }
        }
    }

    /// Reads some that aren't known, and forgets those of exports that are gone.
    pub async fn refresh(&self, state: &State, snapshot: &Snapshot) {
        let exports = || {
            let parts = snapshot.parts.iter();
            parts.filter_map(|(_, part)| match part {
                Part::Export(export) => Some((export, export.last_ended.as_ref()?)),
                _ => None,
            })
        };
        let wanted: Vec<_> = {
            let mut known = self.lock();
            if known.len() > exports().count() {
                let uids: std::collections::HashSet<_> =
                    exports().map(|(export, _)| &export.uid).collect();
                known.retain(|uid, _| uids.contains(uid));
            }
            let stale = exports().filter(|(export, run)| {
                let trend = known.get(&export.uid);
                trend.is_none_or(|trend| !trend.serves(run))
            });
            let stale = stale.take(A_TURN);
            let keys = stale.map(|(export, run)| (ExportKey::from(export), run.clone()));
            keys.collect()
        };
        let reads = wanted
            .into_iter()
            .map(|(key, run)| read(state.clone(), key, run));
        let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
        while let Some((uid, run, read)) = reads.next().await {
            let mut known = self.lock();
            let trend = known.entry(uid).or_default();
            match read {
                Ok(runs) => {
                    *trend = Trend {
                        members: sizes(&runs).into_iter().map(|(_, size)| size).collect(),
                        run,
                        failed: None,
                    }
                }
                Err(_) => trend.failed = Some(Instant::now()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Trend>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose it is, the run that ended last, and the history.
async fn read(
    state: State,
    key: ExportKey,
    run: String,
) -> (String, String, Result<Vec<PastRun>, StateError>) {
    let runs = state.history(&key).await;
    (key.uid, run, runs)
}

/// When the latest runs that ended well ended, and the sizes of their lists, the oldest first. `runs`
/// has the latest first, as [`State::history`] gives them.
pub fn sizes(runs: &[PastRun]) -> Vec<(Timestamp, u64)> {
    let sizes = runs.iter().filter_map(|run| {
        let counts = run.counts.as_ref()?;
        Some((run.finished_time, counts.exported))
    });
    let mut sizes: Vec<_> = sizes.take(RUNS).collect();
    sizes.reverse();
    sizes
}
