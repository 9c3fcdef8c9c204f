//! The hourly query budget as arithmetic: what was asked, what still counts, when there is room.
//!
//! 60 queries per rolling hour and project are usual [doc]. A query counts here from its start
//! until an hour after its end, so that however Mixpanel dates it, ours never comes out lower.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub(super) const WINDOW: Duration = Duration::from_secs(3600);
/// Of a limit that the server names, the part that we use.
const SHARE_PERCENT: u64 = 80;
/// A closed window stays closed at least this long.
const SHORTEST: Duration = Duration::from_secs(30);
/// When to look again while queries that haven't ended fill the window.
const UNSETTLED: Duration = Duration::from_secs(60);

/// Whose business it is to keep a counted query for the processes to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Keeper {
    Us,
    /// Another process, which works on the same state.
    Another,
}

/// The counted queries of one project. Holds at most as many times as the highest limit in use, and
/// those of checks, which are never refused here.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// When counted queries ended, oldest first, and who keeps them.
    ended: VecDeque<(Instant, Keeper)>,
    running: u32,
    /// Promised to runs, and not asked yet.
    reserved: u32,
    learned: Option<u32>,
    closed_until: Option<Instant>,
}

impl Ledger {
    /// Books a query that starts now, within `limit` an hour; otherwise how long to wait.
    pub fn book(&mut self, limit: u32, now: Instant) -> Result<(), Duration> {
        match self.when(1, limit, now) {
            Duration::ZERO => {
                self.running += 1;
                Ok(())
            }
            wait => Err(wait),
        }
    }

    /// Keeps queries for one run: nobody else gets them.
    pub fn reserve(&mut self, queries: u32) {
        self.reserved += queries;
    }

    /// Gives back what was reserved and isn't needed.
    pub fn release(&mut self, queries: u32) {
        self.reserved = self.reserved.saturating_sub(queries);
    }

    /// Books one of the reserved queries. A limit that was lowered since, and a closed window, are
    /// kept all the same.
    pub fn book_reserved(&mut self, limit: u32, now: Instant) -> Result<(), Duration> {
        let others = std::mem::take(&mut self.reserved);
        let booked = self.book(limit, now);
        self.reserved = others.saturating_sub(u32::from(booked.is_ok()));
        booked
    }

    /// Books a query that is sent whatever the limit: what Mixpanel counts is counted here.
    pub fn book_anyway(&mut self) {
        self.running += 1;
    }

    /// A booked query has ended; `counted` is false for what Mixpanel doesn't count.
    pub fn settle(&mut self, counted: bool, now: Instant) {
        self.running = self.running.saturating_sub(1);
        if counted {
            self.ended.push_back((now, Keeper::Us));
        }
    }

    /// How long until so many queries are free at once; zero if they are now. Of more than an hour
    /// holds, a guess.
    pub fn when(&mut self, queries: u32, limit: u32, now: Instant) -> Duration {
        self.expire(now);
        let closed = self.closed_until.map_or(Duration::ZERO, |t| left(t, now));
        let limit = self.limit(limit);
        let hours = queries.saturating_sub(1) / limit;
        let queries = (queries - hours * limit) as usize;
        let unsettled = self.running as usize + self.reserved as usize;
        let needed = (self.ended.len() + unsettled + queries).saturating_sub(limit as usize);
        let full = match needed.checked_sub(1) {
            None => Duration::ZERO,
            Some(last) => match self.ended.get(last) {
                Some((end, _)) => left(*end + WINDOW, now),
                None => UNSETTLED,
            },
        };
        full.max(closed) + WINDOW * hours
    }

    /// The server says that the hour is used up. Its word is the worst case of a rolling window:
    /// one of our own queries leaving it makes room earlier.
    pub fn close(&mut self, retry_after: Option<Duration>, now: Instant) -> Duration {
        self.expire(now);
        let word = retry_after.unwrap_or(WINDOW).min(WINDOW);
        let ours = self.ended.front();
        let ours = ours.map(|(end, _)| left(*end + WINDOW, now));
        let wait = ours.map_or(word, |ours| ours.min(word)).max(SHORTEST);
        self.closed_until = Some(now + wait);
        wait
    }

    /// The server names its limit for the hour; whether that is news. Ours only ever goes below
    /// what the user set.
    pub fn learn(&mut self, limit: u32) -> bool {
        self.learned.replace(limit) != Some(limit)
    }

    /// Queries that may start now, within `limit` an hour.
    pub fn free(&mut self, limit: u32, now: Instant) -> u32 {
        let taken = self.used(now).saturating_add(self.reserved);
        if self.closed_until.is_some() {
            return 0;
        }
        self.limit(limit).saturating_sub(taken)
    }

    /// Queries of the last hour that count, those under way included.
    pub fn used(&mut self, now: Instant) -> u32 {
        self.expire(now);
        let ended = u32::try_from(self.ended.len()).unwrap_or(u32::MAX);
        ended.saturating_add(self.running)
    }

    /// Nothing in it matters any more.
    pub fn is_blank(&mut self, now: Instant) -> bool {
        self.expire(now);
        let unsettled = self.running + self.reserved;
        self.ended.is_empty() && unsettled == 0 && self.closed_until.is_none()
    }

    /// What may be sent an hour: what the user set, or our part of what the server permits.
    pub fn limit(&self, set: u32) -> u32 {
        let learned = self.learned_share().unwrap_or(u32::MAX);
        set.min(learned).max(1)
    }

    /// Our part of what the server permits an hour.
    pub fn learned_share(&self) -> Option<u32> {
        let share = u64::from(self.learned?) * SHARE_PERCENT / 100;
        u32::try_from(share).ok()
    }

    /// What a restart must know, as ages.
    pub fn record(&mut self, now: Instant) -> Record {
        self.expire(now);
        let ours = self
            .ended
            .iter()
            .filter(|(_, keeper)| *keeper == Keeper::Us);
        Record {
            ended: ours.map(|(end, _)| left(now, *end)).collect(),
            running: self.running,
            learned: self.learned,
            closed: self.closed_until.map(|until| left(until, now)),
        }
    }

    /// Takes over what another process has recorded. Its queries under way may have ended just now.
    pub fn restore(&mut self, record: Record, now: Instant) {
        self.add(record, Keeper::Us, now);
    }

    /// Counts what other processes say now that they have asked, in place of what they said before.
    /// They go on keeping it.
    pub fn count_others(&mut self, records: Vec<Record>, now: Instant) {
        self.ended.retain(|(_, keeper)| *keeper == Keeper::Us);
        for record in records {
            self.add(record, Keeper::Another, now);
        }
    }

    fn add(&mut self, record: Record, keeper: Keeper, now: Instant) {
        let ended = record.ended.into_iter();
        let running = std::iter::repeat_n(Duration::ZERO, record.running as usize);
        // An age that the clock can't go back to counts as none.
        let times = ended.chain(running).filter(|age| *age < WINDOW);
        self.ended
            .extend(times.map(|age| (now.checked_sub(age).unwrap_or(now), keeper)));
        self.ended.make_contiguous().sort();
        self.learned = self.learned.or(record.learned);
        let closed = record.closed.map(|wait| now + wait.min(WINDOW));
        self.closed_until = self.closed_until.max(closed);
    }

    fn expire(&mut self, now: Instant) {
        let gone = |(end, _): &(Instant, Keeper)| now.saturating_duration_since(*end) >= WINDOW;
        while self.ended.front().is_some_and(gone) {
            self.ended.pop_front();
        }
        self.closed_until = self.closed_until.filter(|until| *until > now);
    }
}

/// A ledger between two processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// How long ago counted queries ended.
    pub ended: Vec<Duration>,
    /// Queries under way.
    pub running: u32,
    /// The limit that the server named.
    pub learned: Option<u32>,
    /// For how long the server closed the window.
    pub closed: Option<Duration>,
}

fn left(until: Instant, now: Instant) -> Duration {
    until.saturating_duration_since(now)
}

#[cfg(test)]
mod tests;
