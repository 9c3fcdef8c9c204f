//! A Mixpanel project's query budget, asked before every call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::Error;
use super::hour::{Hour, NoPages};
use super::places::Place;
use super::project::Project;
use super::turn::Run;
use crate::http::Gate;

/// One run's way to the budget of its project. Clones are the same run's.
#[derive(Clone, Debug)]
pub struct Budget {
    pub(super) project: Arc<Project>,
    /// The project whose hour Mixpanel counts this in, where `project` is only a connector's trial.
    pub(super) counted_in: Option<Arc<Project>>,
    /// A check of credentials that aren't known to be good: it is sent though the project's hour is
    /// used up.
    pub(super) check: bool,
    pub(super) every_page: bool,
    /// Takes only what nobody waits for.
    pub(super) patient: bool,
    pub(super) run: Arc<Run>,
}

impl Budget {
    /// A counted query: fails at once where the hour is used up, and waits for one of the
    /// project's few places. It is kept beside the snapshots before it may be sent.
    pub(crate) async fn query(&self, gate: &Gate<'_>) -> Result<Permit, Error> {
        // Asked first, so that nobody waits for a place only to hear no.
        let wait = self.hour().wait(self.run.id, self.patient, Instant::now());
        let wait = wait.max(self.wait_for_project());
        if !wait.is_zero() {
            return Err(used_up(wait));
        }
        let place = self.place(gate).await?;
        self.book().map_err(used_up)?;
        let permit = Permit {
            budget: Some(self.clone()),
            counted: true,
            refused: false,
            _place: place,
        };
        self.counted_in
            .as_ref()
            .unwrap_or(&self.project)
            .save()
            .await;
        Ok(permit)
    }

    fn book(&self) -> Result<(), Duration> {
        let now = Instant::now();
        self.hour().book(self.run.id, self.patient, now)?;
        let Some(project) = &self.counted_in else {
            return Ok(());
        };
        let mut hour = project.hour();
        if self.check {
            hour.ledger.book_anyway();
            return Ok(());
        }
        let booked = hour.book(self.run.id, true, now);
        drop(hour);
        if booked.is_err() {
            self.hour().ledger.settle(false, now);
        }
        booked
    }

    /// How long exports of a connector that isn't known to be good wait for a query of the project
    /// that nobody else waits for; zero for everyone else.
    pub(super) fn wait_for_project(&self) -> Duration {
        let project = self.counted_in.as_ref().filter(|_| !self.check);
        project.map_or(Duration::ZERO, |project| {
            project.hour().wait(self.run.id, true, Instant::now())
        })
    }

    /// Counted attempts that a call may make: a check shows all with one.
    pub(super) fn attempts(&self, most: u32) -> u32 {
        if self.check { 1 } else { most }
    }

    /// A later page of a session: free [own, seen], but for its place.
    pub(super) async fn page(&self, gate: &Gate<'_>) -> Result<Permit, Error> {
        if self.every_page {
            return self.query(gate).await;
        }
        Ok(Permit {
            budget: None,
            counted: false,
            refused: false,
            _place: self.place(gate).await?,
        })
    }

    /// Keeps queries for the pages after page 0, where every page counts (otherwise nothing is
    /// kept). To be asked once page 0 has told how many there are.
    ///
    /// # Errors
    /// `RateLimited` where they aren't free now: the next turn of the same export waits until they
    /// are. `TooManyPages` where an hour never has so many.
    pub fn reserve_pages(&self, pages: u64) -> Result<PageReservation, Error> {
        let key = self.run.key.as_deref();
        if self.every_page {
            let number = u32::try_from(pages).unwrap_or(u32::MAX);
            self.hour()
                .reserve_pages(self.run.id, key, number, Instant::now())
                .map_err(|no| match no {
                    NoPages::Later(wait) => used_up(wait),
                    NoPages::Never { limit, learned } => Error::TooManyPages {
                        pages: pages.saturating_add(1),
                        limit,
                        raise: match learned {
                            true => "spec.mixpanel.pageSize",
                            false => "spec.mixpanel.pageSize or queriesPerHour",
                        },
                    },
                })?;
        } else if let Some(key) = key {
            self.hour().learn_need(key, 1);
        }
        Ok(PageReservation(self.clone()))
    }

    /// The `pageSize` that Mixpanel is known to refuse for this project.
    pub fn refused_page_size(&self) -> Option<u32> {
        self.hour().refused_page_size
    }

    /// Mixpanel refuses pages of this size.
    pub fn note_refused_page_size(&self, size: u32) {
        let before = self.hour().refused_page_size.replace(size);
        if before != Some(size) {
            self.project.touch();
        }
    }

    /// The server names its limit. Nothing is believed of who isn't known to be Connected.
    pub(super) fn learn(&self, limit: u32) {
        if self.counted_in.is_none() && self.hour().learn(limit) {
            self.project.changed();
        }
    }

    pub(super) fn close(&self, retry_after: Option<Duration>) -> Duration {
        let wait = self.hour().ledger.close(retry_after, Instant::now());
        self.project.changed();
        wait
    }

    /// Queries of the rolling hour that may still be sent.
    pub fn remaining(&self) -> u32 {
        self.project.remaining()
    }

    /// Whether so many queries are free to this run now.
    pub fn has(&self, queries: u32) -> bool {
        self.hour().spare(self.run.id, Instant::now()) >= queries
    }

    /// How often an export that asks for this interval can run: the fair cycle of the project,
    /// where that is longer. What a connector has until it is Connected says nothing of that.
    pub fn stretched(&self, interval: Duration) -> Option<Duration> {
        match self.counted_in {
            None => self.hour().stretched(interval),
            Some(_) => None,
        }
    }

    pub(super) fn hour(&self) -> MutexGuard<'_, Hour> {
        self.project.hour()
    }

    async fn place(&self, gate: &Gate<'_>) -> Result<Place, Error> {
        let mut place = self.project.places.ask(self.run.id);
        loop {
            tokio::select! {
                place = &mut place => return place.map_err(|_| Error::Stopped),
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

/// Queries kept for the pages of one read; what it doesn't need goes back when this is dropped.
#[derive(Debug)]
pub struct PageReservation(Budget);

impl Drop for PageReservation {
    fn drop(&mut self) {
        self.0.hour().release(self.0.run.id);
        self.0.project.ring();
    }
}

/// One call under way. A query counts unless [`Permit::uncount`] was called.
pub(crate) struct Permit {
    /// Of a query.
    budget: Option<Budget>,
    counted: bool,
    /// Answered 4xx: nothing shows that these credentials may query this project, so a trial's is
    /// none of its hour.
    refused: bool,
    _place: Place,
}

impl Permit {
    /// Whether it is one of the hour's queries.
    pub fn counts(&self) -> bool {
        self.budget.is_some() && self.counted
    }

    /// Mixpanel doesn't count this one: 401, 402, 429, or it never arrived.
    pub fn uncount(&mut self) {
        self.counted = false;
    }

    /// Mixpanel answers 4xx.
    pub fn refuse(&mut self) {
        self.refused = true;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(budget) = &self.budget else {
            return;
        };
        let settle = |project: &Project, counted| {
            project.hour().ledger.settle(counted, Instant::now());
            project.changed();
        };
        settle(&budget.project, self.counted);
        if let Some(project) = &budget.counted_in {
            settle(project, self.counted && !self.refused);
        }
    }
}

/// Each change of what these locks hold is whole at every step, so a panic elsewhere spoils none.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
