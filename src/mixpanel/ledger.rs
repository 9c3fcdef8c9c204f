//! The hourly query budget as arithmetic: what was asked, what still counts, when there is room.
//!
//! 60 queries per rolling hour and project are usual [doc]. A query counts here from its start
//! until an hour after its end, so that however Mixpanel dates it, ours never comes out lower.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub(super) const WINDOW: Duration = Duration::from_secs(3600);
/// Of a limit that the server names, the part that we use.
const SHARE_PERCENT: u32 = 80;
/// A closed window stays closed at least this long.
const SHORTEST: Duration = Duration::from_secs(30);
/// When to look again while running queries alone fill the window.
const RUNNING: Duration = Duration::from_secs(60);

/// The counted queries of one project. Holds at most as many times as the highest limit in use.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// When counted queries ended, oldest first.
    ended: VecDeque<Instant>,
    running: u32,
    learned: Option<u32>,
    closed_until: Option<Instant>,
}

impl Ledger {
    /// Books a query that starts now, within `limit` an hour; otherwise how long to wait.
    pub fn book(&mut self, limit: u32, now: Instant) -> Result<(), Duration> {
        if let Some(wait) = self.wait(limit, now) {
            return Err(wait);
        }
        self.running += 1;
        Ok(())
    }

    /// A booked query has ended; `counted` is false for what Mixpanel doesn't count.
    pub fn settle(&mut self, counted: bool, now: Instant) {
        self.running = self.running.saturating_sub(1);
        if counted {
            self.ended.push_back(now);
        }
    }

    /// How long until a query may start; none if it may now.
    pub fn wait(&mut self, limit: u32, now: Instant) -> Option<Duration> {
        self.expire(now);
        let limit = self.limit(limit);
        let used = self.ended.len() + self.running as usize;
        let full = (used >= limit).then(|| match self.ended.get(used - limit) {
            Some(end) => left(*end + WINDOW, now),
            None => RUNNING,
        });
        let closed = self.closed_until.map(|until| left(until, now));
        full.max(closed)
    }

    /// The server says that the hour is used up. Its word is the worst case of a rolling window:
    /// one of our own queries leaving it makes room earlier.
    pub fn close(&mut self, retry_after: Option<Duration>, now: Instant) -> Duration {
        self.expire(now);
        let word = retry_after.unwrap_or(WINDOW).min(WINDOW);
        let ours = self.ended.front().map(|end| left(*end + WINDOW, now));
        let wait = ours.map_or(word, |ours| ours.min(word)).max(SHORTEST);
        self.closed_until = Some(now + wait);
        wait
    }

    /// The server names its limit for the hour. Ours only ever goes below what the user set.
    pub fn learn(&mut self, limit: u32) {
        self.learned = Some(limit);
    }

    /// Queries that may start now, within `limit` an hour.
    pub fn remaining(&mut self, limit: u32, now: Instant) -> u32 {
        if self.wait(limit, now).is_some() {
            return 0;
        }
        let used = u32::try_from(self.ended.len()).unwrap_or(u32::MAX);
        let limit = u32::try_from(self.limit(limit)).unwrap_or(u32::MAX);
        limit.saturating_sub(used).saturating_sub(self.running)
    }

    /// Nothing in it matters any more.
    pub fn is_blank(&mut self, now: Instant) -> bool {
        self.expire(now);
        self.ended.is_empty() && self.running == 0 && self.closed_until.is_none()
    }

    fn limit(&self, set: u32) -> usize {
        let share = |limit: u32| u64::from(limit) * u64::from(SHARE_PERCENT) / 100;
        let learned = self.learned.map_or(u64::MAX, share);
        usize::try_from(u64::from(set).min(learned).max(1)).unwrap_or(usize::MAX)
    }

    fn expire(&mut self, now: Instant) {
        let gone = |end: &Instant| now.saturating_duration_since(*end) >= WINDOW;
        while self.ended.front().is_some_and(gone) {
            self.ended.pop_front();
        }
        self.closed_until = self.closed_until.filter(|until| *until > now);
    }
}

fn left(until: Instant, now: Instant) -> Duration {
    until.saturating_duration_since(now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn a_full_window_says_when_its_oldest_query_leaves() {
        let (mut ledger, start) = (Ledger::default(), Instant::now());
        for s in [0, 10] {
            ledger.book(2, start + seconds(s)).unwrap();
            ledger.settle(true, start + seconds(s));
        }
        assert_eq!(ledger.book(2, start + seconds(100)), Err(seconds(3500)));
        assert_eq!(ledger.remaining(2, start + seconds(100)), 0);
        assert_eq!(ledger.remaining(3, start + seconds(100)), 1);
        ledger.book(2, start + seconds(3600)).unwrap();
        assert_eq!(
            ledger.book(2, start + seconds(3601)),
            Err(seconds(9)),
            "the second leaves at 3610"
        );
        ledger.settle(false, start + seconds(3602));
        ledger.book(2, start + seconds(3602)).unwrap();
    }

    #[test]
    fn the_servers_limit_lowers_ours_and_never_raises_it() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        ledger.learn(10);
        assert_eq!(ledger.remaining(48, now), 8);
        ledger.learn(600);
        assert_eq!(ledger.remaining(48, now), 48);
        ledger.learn(0);
        assert_eq!(ledger.remaining(48, now), 1);
    }

    #[test]
    fn a_closed_window_opens_by_the_earlier_of_the_servers_word_and_our_ledger() {
        let (mut ledger, start) = (Ledger::default(), Instant::now());
        assert_eq!(ledger.close(Some(seconds(9999)), start), seconds(3600));
        assert_eq!(ledger.book(48, start), Err(seconds(3600)));
        assert!(!ledger.is_blank(start));
        let now = start + seconds(3600);
        assert!(ledger.is_blank(now));
        ledger.book(48, now).unwrap();
        ledger.settle(true, now);
        let later = now + seconds(3000);
        assert_eq!(ledger.close(None, later), seconds(600));
        assert_eq!(ledger.close(Some(seconds(60)), later), seconds(60));
        assert_eq!(ledger.close(Some(seconds(0)), later), SHORTEST);
    }

    proptest! {
        /// Queries of any length, at any time: in no hour do more than the limit start.
        #[test]
        fn no_hour_ever_sees_more_than_the_limit(
            limit in 1_u32..6,
            steps in prop::collection::vec((0_u64..1200, any::<bool>()), 1..200),
        ) {
            let (mut ledger, mut now) = (Ledger::default(), Instant::now());
            let (mut starts, mut running) = (Vec::new(), 0);
            for (pass, end) in steps {
                now += seconds(pass);
                if end && running > 0 {
                    ledger.settle(true, now);
                    running -= 1;
                } else if ledger.book(limit, now).is_ok() {
                    starts.push(now);
                    running += 1;
                } else {
                    prop_assert!(ledger.wait(limit, now).is_some());
                }
                let recent = starts.iter().filter(|s| now.duration_since(**s) < WINDOW).count();
                prop_assert!(recent <= limit as usize);
            }
        }

        #[test]
        fn after_the_named_wait_there_is_room(
            limit in 1_u32..6,
            gaps in prop::collection::vec(0_u64..2000, 1..40),
        ) {
            let (mut ledger, mut now) = (Ledger::default(), Instant::now());
            for gap in gaps {
                now += seconds(gap);
                if let Err(wait) = ledger.book(limit, now) {
                    now += wait;
                    prop_assert_eq!(ledger.book(limit, now), Ok(()));
                }
                ledger.settle(true, now);
            }
        }
    }
}
