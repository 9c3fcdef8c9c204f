//! A run's turn at its project's queries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::queue::Ask;

/// Tells runs apart, of any project.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// Whose calls these are.
#[derive(Debug)]
pub(super) struct Run {
    pub id: u64,
    /// The export's name in the queue.
    pub key: Option<String>,
}

impl Run {
    pub fn new(key: Option<String>) -> Arc<Self> {
        let id = RUNS.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { id, key })
    }
}

/// Who asks for a turn.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// The export, as [`super::Budgets::turns`] names it.
    pub key: &'a str,
    /// For how long its run has been due.
    pub due: Duration,
    /// How long ago its last run started, whatever that ended with.
    pub last: Option<Duration>,
    /// The last run failed: it waits behind those who wait when it first asks.
    pub failing: bool,
}

/// A run's turn, until it is dropped: what is reserved for it goes back then.
#[derive(Debug)]
pub struct Turn(Budget);

impl Turn {
    /// The budget as this run has it.
    pub fn budget(&self) -> &Budget {
        &self.0
    }
}

impl Budget {
    /// Takes a turn, the first query of which is reserved; otherwise how long to wait before
    /// asking again, as far as is known. Meanwhile the place in the queue is kept, and
    /// [`super::Budgets::turns`] tells when it is time.
    ///
    /// # Errors
    /// The wait, at least a second.
    pub fn turn(&self, waiting: &Waiting<'_>) -> Result<Turn, Duration> {
        let wait = self.wait_for_project();
        if !wait.is_zero() {
            return Err(wait.max(Duration::from_secs(1)));
        }
        let now = Instant::now();
        let ago = |age: Duration| now.checked_sub(age).unwrap_or(now);
        let ask = Ask {
            key: waiting.key,
            since: ago(waiting.due),
            last: waiting.last.map(ago),
            failing: waiting.failing,
        };
        let run = Run::new(Some(waiting.key.to_owned()));
        let asked = self.hour().ask(&ask, run.id, now);
        // Those behind may have moved, and who waits must be called.
        self.project.changed();
        asked.map_err(|wait| wait.max(Duration::from_secs(1)))?;
        let budget = self.clone();
        Ok(Turn(Budget { run, ..budget }))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.hour().end_turn(self.0.run.id, Instant::now());
        self.0.project.changed();
    }
}
