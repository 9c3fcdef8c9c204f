//! The queries of runs: booked, reserved and given back.

use std::time::{Duration, Instant};

use super::{Hour, PATIENCE, WINDOW, has_waited};

/// Why a read whose pages count can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPages {
    /// An hour never has so many.
    Never {
        limit: u32,
        learned: bool,
    },
    Later(Duration),
}

impl Hour {
    /// Books a run's query: one of its own, or a free one. A `patient` one leaves those who wait
    /// theirs, unless it was refused for hours.
    pub fn book(&mut self, run: u64, patient: bool, now: Instant) -> Result<(), Duration> {
        let set = self.set();
        if let Some(mine) = self.reserved.get_mut(&run).filter(|mine| **mine > 0) {
            self.ledger.book_reserved(set, now)?;
            *mine -= 1;
            self.failing.booked(run, now);
            return Ok(());
        }
        match self.wait(run, patient, now) {
            Duration::ZERO if patient => self.refused = None,
            Duration::ZERO => {}
            wait => return Err(wait),
        }
        self.ledger.book(set, now)?;
        self.failing.booked(run, now);
        Ok(())
    }

    /// How long a run would wait for a query; zero if it needn't.
    pub fn wait(&mut self, run: u64, patient: bool, now: Instant) -> Duration {
        let (set, mine) = (self.set(), self.reserved.get(&run).is_some_and(|n| *n > 0));
        match (mine, patient) {
            // What is reserved for it is free to it.
            (true, _) => self.ledger.when(0, set, now),
            (false, true) => {
                let waiting = match has_waited(self.refused, now) {
                    true => 0,
                    false => self.waiting(now),
                };
                // It comes back soon enough to be remembered.
                let wait = self.ledger.when(waiting + 1, set, now).min(WINDOW);
                if !wait.is_zero() {
                    let recent = self.refused.filter(|(_, last)| now < *last + PATIENCE);
                    self.refused = Some((recent.map_or(now, |(since, _)| since), now));
                }
                wait
            }
            (false, false) => self.ledger.when(1, set, now),
        }
    }

    /// Queries that those who are due wait for.
    fn waiting(&mut self, now: Instant) -> u32 {
        let due = self.queue.line(|_, entry| entry.since);
        let due = due.iter().filter(|(from, ..)| *from <= now);
        due.map(|(_, _, entry)| entry.need).sum()
    }

    /// Keeps queries for a run's pages, beyond those that are kept for it anyway.
    pub fn reserve_pages(
        &mut self,
        run: u64,
        key: Option<&str>,
        pages: u32,
        now: Instant,
    ) -> Result<(), NoPages> {
        let limit = self.limit();
        // Page 0 is one of the same hour's.
        let never = pages >= limit;
        if let Some(key) = key {
            // Who never gets them all keeps no hour free.
            self.learn_need(key, if never { 1 } else { pages + 1 });
        }
        if never {
            let learned = self.ledger.learned_share().is_some_and(|own| own <= limit);
            return Err(NoPages::Never { limit, learned });
        }
        if pages == 0 {
            return Ok(());
        }
        let have = self.reserved.get(&run).copied().unwrap_or(0);
        let more = pages.saturating_sub(have);
        match self.ledger.when(more, self.set(), now) {
            Duration::ZERO => {
                self.reserve(run, more);
                Ok(())
            }
            wait => Err(NoPages::Later(wait)),
        }
    }

    pub(super) fn reserve(&mut self, run: u64, queries: u32) {
        self.ledger.reserve(queries);
        *self.reserved.entry(run).or_default() += queries;
    }

    /// Gives back what a run has reserved and doesn't need: so many queries.
    pub fn release(&mut self, run: u64) -> u32 {
        let queries = self.reserved.remove(&run).unwrap_or(0);
        self.ledger.release(queries);
        queries
    }

    /// Queries free now, of those that nobody has reserved, and those of this run.
    pub fn spare(&mut self, run: u64, now: Instant) -> u32 {
        let mine = self.reserved.get(&run).copied().unwrap_or(0);
        self.ledger.free(self.set(), now).saturating_add(mine)
    }
}
