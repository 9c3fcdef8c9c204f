//! Whose turn it is: the exports that wait for a project's queries, the longest-waiting first.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Who is told that it's its turn, and doesn't come within this time, has left.
pub(super) const COME: Duration = Duration::from_secs(60);

/// What an export asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub key: &'a str,
    /// When its run became due.
    pub since: Instant,
    /// When its last run started.
    pub last: Option<Instant>,
    /// Its last run failed: it waits behind those who wait when it comes, however long it is due.
    pub failing: bool,
}

/// One that waits.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub since: Instant,
    pub last: Option<Instant>,
    /// Queries that its run can't do without.
    pub need: u32,
    /// Its last run failed.
    pub failing: bool,
    /// It was told that it may come.
    pub called: bool,
    /// Until when its place is kept.
    pub until: Instant,
}

/// The exports that wait. Each keeps its place from when it first asks until its turn, or until it
/// leaves.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: BTreeMap<String, Entry>,
    /// What runs were seen to need, where that is more than one query.
    needs: HashMap<String, u32>,
}

impl Queue {
    /// Joins, or asks again.
    pub fn join(&mut self, ask: &Ask<'_>, now: Instant) {
        let need = self.need(ask.key);
        let since = if ask.failing { now } else { ask.since.min(now) };
        let entry = self.entries.entry(ask.key.to_owned()).or_insert(Entry {
            since,
            last: ask.last,
            need,
            failing: ask.failing,
            called: false,
            until: now,
        });
        entry.since = entry.since.min(since);
        (entry.last, entry.need, entry.called) = (ask.last, need, false);
        entry.failing = ask.failing;
        entry.until = now + COME;
    }

    /// Keeps its place until a time at which it wants to ask again, and a minute more.
    pub fn keep(&mut self, key: &str, until: Instant) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.until = until + COME;
        }
    }

    /// Says that it may come; whether that is news.
    pub fn call(&mut self, key: &str, now: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(key) else {
            return false;
        };
        let news = !std::mem::replace(&mut entry.called, true);
        if news {
            entry.until = now + COME;
        }
        news
    }

    /// Its turn has come: how many queries it needs.
    pub fn take(&mut self, key: &str) -> u32 {
        self.entries.remove(key).map_or(1, |entry| entry.need)
    }

    /// It waits no more, but what it needs is remembered.
    pub fn leave(&mut self, key: &str) -> bool {
        self.entries.remove(key).is_some()
    }

    /// Nothing is remembered of it.
    pub fn forget(&mut self, key: &str) -> bool {
        self.needs.remove(key);
        self.leave(key)
    }

    /// Its next turns wait until so many queries are free; whether that is news.
    pub fn remember(&mut self, key: &str, need: u32) -> bool {
        let before = match need {
            0 | 1 => self.needs.remove(key),
            _ => self.needs.insert(key.to_owned(), need),
        };
        before.unwrap_or(1) != need.max(1)
    }

    /// Queries that a run of it is known to need.
    pub fn need(&self, key: &str) -> u32 {
        self.needs.get(key).copied().unwrap_or(1)
    }

    /// Those that didn't come leave.
    pub fn expire(&mut self, now: Instant) {
        self.entries.retain(|_, entry| entry.until > now);
    }

    /// All that wait, by the time from which each does: that of `from`, and by name where it is the
    /// same.
    pub fn line(&self, from: impl Fn(&str, &Entry) -> Instant) -> Vec<(Instant, &str, &Entry)> {
        let all = self.entries.iter();
        let mut line: Vec<_> = all
            .map(|(key, e)| (from(key, e), key.as_str(), e))
            .collect();
        line.sort_by_key(|(from, key, _)| (*from, *key));
        line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(key: &str, since: Instant, failing: bool) -> Ask<'_> {
        Ask {
            key,
            since,
            last: None,
            failing,
        }
    }

    fn line(queue: &Queue) -> Vec<String> {
        let line = queue.line(|_, entry| entry.since);
        line.into_iter().map(|(_, key, _)| key.to_owned()).collect()
    }

    #[test]
    fn a_failing_one_waits_behind_those_who_wait_and_never_for_ever() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        queue.join(&ask("late", at(50), false), at(60));
        queue.join(&ask("failing", at(0), true), at(60));
        queue.join(&ask("early", at(10), false), at(61));
        assert_eq!(line(&queue), ["early", "late", "failing"]);
        // Its place stays when it asks again; who becomes due later is behind it.
        queue.join(&ask("failing", at(0), true), at(90));
        queue.join(&ask("later", at(80), false), at(91));
        assert_eq!(line(&queue), ["early", "late", "failing", "later"]);
    }

    #[test]
    fn who_is_called_and_does_not_come_leaves_but_its_need_is_remembered() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        assert!(queue.remember("a", 7) && !queue.remember("a", 7));
        queue.join(&ask("a", start, false), start);
        queue.keep("a", start + COME);
        queue.expire(start + COME);
        assert!(queue.call("a", start + COME) && !queue.call("a", start + COME));
        queue.expire(start + COME * 2);
        assert!(line(&queue).is_empty());
        queue.join(&ask("a", start, false), start + COME * 3);
        assert_eq!((queue.take("a"), queue.need("a")), (7, 7));
        assert!(queue.remember("a", 1) && !queue.remember("a", 0));
        queue.join(&ask("a", start, false), start);
        assert_eq!(queue.take("a"), 1);
        queue.remember("a", 7);
        assert!(!queue.forget("a"));
        queue.join(&ask("a", start, false), start);
        assert_eq!(queue.take("a"), 1);
    }

    proptest! {
        #[test]
        fn a_place_is_never_lost_to_who_became_due_later(
            asks in prop::collection::vec((0_u8..6, 0_u64..1000, 0_u64..10), 1..60),
        ) {
            let (mut queue, mut now) = (Queue::default(), Instant::now() + Duration::from_secs(2000));
            for (key, waited, pass) in asks {
                now += Duration::from_secs(pass);
                let before = line(&queue);
                let key = key.to_string();
                queue.join(&ask(&key, now - Duration::from_secs(waited), false), now);
                let after = line(&queue);
                let others = |line: &[String]| -> Vec<_> {
                    line.iter().filter(|other| **other != key).cloned().collect()
                };
                prop_assert_eq!(others(&before), others(&after));
                let place = |line: &[String]| line.iter().position(|other| *other == key);
                if let Some(before) = place(&before) {
                    prop_assert!(place(&after) <= Some(before));
                }
            }
        }
    }
}
