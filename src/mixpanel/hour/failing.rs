//! What exports that fail may use: retries come often, and must leave the others theirs.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

use super::{BUSY, WINDOW};

/// The exports of a project whose last run failed, and the queries of their retries.
#[derive(Debug, Default)]
pub(super) struct Failing {
    exports: HashSet<String>,
    /// Their runs under way, and how many queries each has booked.
    runs: HashMap<u64, u32>,
    /// When retries began or asked once more, within the hour.
    queries: VecDeque<Instant>,
}

impl Failing {
    /// Whether this export fails; true if that is news.
    pub fn note(&mut self, key: &str, fails: bool) -> bool {
        match fails {
            true => self.exports.insert(key.to_owned()),
            false => self.exports.remove(key),
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.exports.contains(key)
    }

    /// A retry begins: its first query counts from here.
    pub fn begin(&mut self, run: u64, now: Instant) {
        self.runs.insert(run, 0);
        self.queries.push_back(now);
    }

    /// A run has booked a query; those of other runs don't count.
    pub fn booked(&mut self, run: u64, now: Instant) {
        if let Some(booked) = self.runs.get_mut(&run) {
            *booked += 1;
            if *booked > 1 {
                self.queries.push_back(now);
            }
        }
    }

    /// A run has ended. One that asked nothing has used nothing.
    pub fn end(&mut self, run: u64) {
        if self.runs.remove(&run) == Some(0) {
            self.queries.pop_back();
        }
    }

    /// From when on retries may have so many more queries, within what they are allowed an hour.
    /// More than that wait until an hour has none.
    pub fn from(&mut self, more: u32, allowance: u32, now: Instant) -> Instant {
        let more = more.min(allowance);
        let gone = |at: &Instant| now.saturating_duration_since(*at) >= WINDOW;
        while self.queries.front().is_some_and(gone) {
            self.queries.pop_front();
        }
        let above = (self.queries.len() + more as usize).saturating_sub(allowance as usize);
        match above.checked_sub(1).map(|last| self.queries.get(last)) {
            None => now,
            Some(Some(at)) => *at + WINDOW,
            // Only where nothing is allowed at all.
            Some(None) => now + BUSY,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Ask, Hour, tests};
    use super::*;

    const QUARTER: Duration = Duration::from_secs(15 * 60);

    fn ask(key: &str, since: Instant, failing: bool) -> Ask<'_> {
        Ask {
            failing,
            ..tests::ask(key, since)
        }
    }

    /// A turn with so many queries, if it comes at once.
    fn run(hour: &mut Hour, ask: &Ask<'_>, queries: u32, number: u64, now: Instant) -> bool {
        let granted = hour.ask(ask, number, now).is_ok();
        if granted {
            for _ in 0..queries {
                if hour.book(number, false, now).is_ok() {
                    hour.ledger.settle(true, now);
                }
            }
            hour.end_turn(number, now);
        }
        granted
    }

    #[test]
    fn retries_leave_healthy_exports_theirs() {
        let start = Instant::now() + WINDOW * 24;
        let mut hour = Hour::default();
        hour.join("connector", 48);
        let failing: Vec<_> = (0..4).map(|n| format!("failing-{n}")).collect();
        for key in failing.iter().map(String::as_str).chain(["healthy"]) {
            hour.demand(key, Some((key, QUARTER)));
        }
        let (mut number, mut retries) = (0, 0);
        for second in (0..6 * 3600).step_by(10) {
            let now = start + Duration::from_secs(second);
            for key in &failing {
                number += 1;
                // Each reads twice, and comes again in ten seconds.
                retries += u32::from(run(&mut hour, &ask(key, start, true), 2, number, now));
            }
            // Its slots, and somebody's request now and then.
            if second % 900 == 0 {
                number += 1;
                let slot = ask("healthy", now, false);
                assert!(run(&mut hour, &slot, 1, number, now), "at {second} s");
            }
        }
        // 43 an hour are theirs, and two go with each.
        assert!((6 * 20..=6 * 22 + 1).contains(&retries), "{retries}");
    }

    #[test]
    fn who_fails_in_a_saturated_project_has_its_share_and_no_more() {
        let start = Instant::now() + WINDOW * 24;
        let mut hour = Hour::default();
        hour.join("connector", 4);
        let keys: Vec<_> = (0..8).map(|n| n.to_string()).collect();
        for key in &keys {
            hour.demand(key, Some((key, QUARTER)));
        }
        let mut turns = vec![0; keys.len()];
        for minute in 0..24 * 60 {
            let now = start + Duration::from_secs(minute * 60);
            for (n, key) in keys.iter().enumerate() {
                let number = minute * 10 + n as u64;
                turns[n] += u32::from(run(&mut hour, &ask(key, now, n == 0), 1, number, now));
            }
        }
        let healthy = turns[1..].iter().min().unwrap();
        assert!(turns[0] >= 6 && turns[0] <= 24, "{turns:?}");
        assert!(*healthy >= 9, "{turns:?}");
    }

    #[test]
    fn a_retry_that_asks_nothing_uses_nothing() {
        let (mut failing, now) = (Failing::default(), Instant::now());
        for run in 0..100 {
            failing.begin(run, now);
            failing.end(run);
        }
        assert_eq!(failing.from(1, 1, now), now);
        failing.begin(1, now);
        failing.booked(1, now);
        assert_eq!(failing.from(1, 1, now), now + WINDOW);
        assert_eq!(failing.from(1, 1, now + WINDOW), now + WINDOW);
        assert!(failing.note("a", true) && !failing.note("a", true) && failing.note("a", false));
    }
}
