//! A Mixpanel project's query budget, asked before every call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::Error;
use super::ledger::Ledger;
use crate::http::Gate;

/// Calls of a project at once; Mixpanel permits 5 [doc].
const CONCURRENT: usize = 4;

/// What all connectors of a project share.
#[derive(Debug)]
pub(super) struct Project {
    ledger: Mutex<Ledger>,
    slots: Arc<Semaphore>,
    /// Whole runs: more than there are slots would only wait for one, claimed.
    runs: Arc<Semaphore>,
    /// The page size that Mixpanel refuses for this project.
    refused_page_size: Mutex<Option<u32>>,
}

impl Default for Project {
    fn default() -> Self {
        Self {
            ledger: Mutex::default(),
            slots: Arc::new(Semaphore::new(CONCURRENT)),
            runs: Arc::new(Semaphore::new(CONCURRENT)),
            refused_page_size: Mutex::default(),
        }
    }
}

impl Project {
    pub fn remaining(&self, share: u32) -> u32 {
        lock(&self.ledger).remaining(share, Instant::now())
    }

    /// Nothing would be lost if it were forgotten.
    pub fn is_blank(&self) -> bool {
        lock(&self.ledger).is_blank(Instant::now())
    }
}

/// A connector's share of its project's budget. Connectors of the same project count together,
/// each within its own share.
#[derive(Clone, Debug)]
pub struct Budget {
    pub(super) project: Arc<Project>,
    pub(super) share: u32,
    pub(super) every_page: bool,
}

/// A run's place among those of its project, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _place: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// Waits until another run of this project may begin; first come, first served.
    pub async fn turn(&self) -> Turn {
        Turn {
            _place: self.project.runs.clone().acquire_owned().await.ok(),
        }
    }

    /// A counted query: fails at once where the hour is used up, and waits for one of the
    /// project's few places.
    pub(super) async fn query(&self, gate: &Gate<'_>) -> Result<Permit, Error> {
        // Asked first, so that nobody waits for a place only to hear no.
        if let Some(wait) = self.wait() {
            return Err(used_up(wait));
        }
        let slot = self.slot(gate).await?;
        lock(&self.project.ledger)
            .book(self.share, Instant::now())
            .map_err(used_up)?;
        Ok(Permit {
            project: self.project.clone(),
            booked: true,
            counted: true,
            _slot: slot,
        })
    }

    /// A later page of a session: free [own, seen], but for its place.
    pub(super) async fn page(&self, gate: &Gate<'_>) -> Result<Permit, Error> {
        if self.every_page {
            return self.query(gate).await;
        }
        let slot = self.slot(gate).await?;
        Ok(Permit {
            project: self.project.clone(),
            booked: false,
            counted: false,
            _slot: slot,
        })
    }

    pub(super) fn learn(&self, limit: u32) {
        lock(&self.project.ledger).learn(limit);
    }

    pub(super) fn close(&self, retry_after: Option<Duration>) -> Duration {
        lock(&self.project.ledger).close(retry_after, Instant::now())
    }

    /// How long until a query may start; none if it may now.
    pub fn wait(&self) -> Option<Duration> {
        lock(&self.project.ledger).wait(self.share, Instant::now())
    }

    /// Queries of the rolling hour that may still be sent.
    pub fn remaining(&self) -> u32 {
        self.project.remaining(self.share)
    }

    /// The page size that Mixpanel refuses for this project, if there's one.
    pub fn refused_page_size(&self) -> Option<u32> {
        *lock(&self.project.refused_page_size)
    }

    /// Mixpanel refuses pages of this size, and not those of its own.
    pub fn note_refused_page_size(&self, size: u32) {
        *lock(&self.project.refused_page_size) = Some(size);
    }

    async fn slot(&self, gate: &Gate<'_>) -> Result<OwnedSemaphorePermit, Error> {
        let slot = self.project.slots.clone().acquire_owned();
        tokio::pin!(slot);
        loop {
            tokio::select! {
                slot = &mut slot => {
                    return slot.map_err(|_| Error::Stopped);
                }
                () = tokio::time::sleep(Duration::from_secs(1)) => gate()?,
            }
        }
    }
}

fn used_up(wait: Duration) -> Error {
    Error::RateLimited {
        ours: true,
        hourly: true,
        retry_after: Some(wait),
    }
}

/// One call under way. A query counts unless [`Permit::uncount`] was called.
pub(super) struct Permit {
    project: Arc<Project>,
    booked: bool,
    counted: bool,
    _slot: OwnedSemaphorePermit,
}

impl Permit {
    /// Whether it is one of the hour's queries.
    pub fn counts(&self) -> bool {
        self.booked && self.counted
    }

    /// Mixpanel doesn't count this one: 401, 402, 429, or it never arrived.
    pub fn uncount(&mut self) {
        self.counted = false;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.booked {
            lock(&self.project.ledger).settle(self.counted, Instant::now());
        }
    }
}

/// Each change of what these locks hold is whole at every step, so a panic elsewhere spoils none.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::budgets::Budgets;
    use super::*;
    use crate::http::Stopped;

    fn budgets() -> (Budgets, url::Url) {
        (Budgets::default(), "https://mixpanel.com".parse().unwrap())
    }

    #[tokio::test]
    async fn connectors_of_a_project_share_one_hour() {
        let (budgets, base) = budgets();
        let (two, three) = (
            budgets.get(&base, 1, 2, false),
            budgets.get(&base, 1, 3, false),
        );
        drop(two.query(&|| Ok(())).await.unwrap());
        drop(three.query(&|| Ok(())).await.unwrap());
        let error = two.query(&|| Ok(())).await.err().unwrap();
        assert!(matches!(
            error,
            Error::RateLimited {
                ours: true,
                hourly: true,
                ..
            }
        ));
        assert!(error.retry_after().unwrap() > Duration::from_secs(3500));
        drop(two.page(&|| Ok(())).await.unwrap());
        assert_eq!((two.remaining(), three.remaining()), (0, 1));
        three.query(&|| Ok(())).await.unwrap().uncount();
        assert_eq!(three.remaining(), 1);
        assert_eq!(budgets.get(&base, 2, 9, false).remaining(), 9);
    }

    #[tokio::test]
    async fn at_most_four_at_once_and_a_waiting_call_can_be_stopped() {
        let (budgets, base) = budgets();
        let budget = budgets.get(&base, 1, 48, true);
        let mut permits = Vec::new();
        for _ in 0..CONCURRENT {
            permits.push(budget.page(&|| Ok(())).await.unwrap());
        }
        assert_eq!(budget.remaining(), 44, "every page counts");
        assert_eq!(
            budget.page(&|| Err(Stopped)).await.err(),
            Some(Error::Stopped)
        );
        permits.pop();
        budget.page(&|| Ok(())).await.unwrap();
    }
}
