//! All that decides who may ask a project's next query: a pure state, with time passed in.

mod booking;
mod demands;
mod failing;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use super::ledger::{Ledger, WINDOW};
use super::queue::{Ask, Queue};
pub(super) use booking::NoPages;
use demands::Demand;
use failing::Failing;

/// Runs of a project at once: more than it has places for would only wait for one, claimed.
const RUNS: usize = 4;
/// When to look again while only the end of another run can make room: whoever is next is called
/// as soon as one ends.
const BUSY: Duration = Duration::from_secs(15 * 60);
/// Of the fair cycle, by how much a turn may come early: turns that come in bursts are turns that
/// come late an hour after.
const EARLY: u32 = 20;
/// A check that was refused for so long has one query kept for it.
const PATIENCE: Duration = Duration::from_secs(2 * 3600);
/// What a connector may use before it is found Connected.
const TRIAL: u32 = 6;

/// One project's hour: its queries, whose they are, and who waits.
#[derive(Debug, Default)]
pub(super) struct Hour {
    pub ledger: Ledger,
    queue: Queue,
    /// What each Connected connector permits, by uid.
    members: BTreeMap<String, u32>,
    /// The limit that stood while there were members.
    limit: Option<u32>,
    /// How often each dynamic export wants to run.
    demands: HashMap<String, Demand>,
    /// The fair cycle, where the demands are more than the limit.
    cycle: Option<Duration>,
    failing: Failing,
    /// Queries an hour that exports which fail may use together.
    allowance: u32,
    /// From when on the next turn is on time.
    next: Option<Instant>,
    runs: usize,
    /// Since when patient checks are refused, and when one was last.
    refused: Option<(Instant, Instant)>,
    /// Queries kept for runs, by run.
    reserved: HashMap<u64, u32>,
    /// A `pageSize` that Mixpanel refused.
    pub refused_page_size: Option<u32>,
}

impl Hour {
    /// Queries an hour: the smallest share, and not more than our part of what the server permits.
    pub fn limit(&self) -> u32 {
        self.ledger.limit(self.limit.unwrap_or(TRIAL))
    }

    fn set(&self) -> u32 {
        self.limit.unwrap_or(TRIAL)
    }

    /// A connector shares the project.
    pub fn join(&mut self, connector: &str, share: u32) -> bool {
        let news = self.members.insert(connector.to_owned(), share) != Some(share);
        self.reckon();
        news
    }

    /// A connector shares it no more. The last one's limit stands for what is under way.
    pub fn leave(&mut self, connector: &str) {
        self.members.remove(connector);
        self.reckon();
    }

    pub fn is_member(&self, connector: &str) -> bool {
        self.members.contains_key(connector)
    }

    pub fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    /// The server names its limit; whether that is news.
    pub fn learn(&mut self, limit: u32) -> bool {
        let news = self.ledger.learn(limit);
        if news {
            self.reckon();
        }
        news
    }

    /// The fair cycle of an export with this interval, where it is longer.
    pub fn stretched(&self, interval: Duration) -> Option<Duration> {
        self.cycle.filter(|cycle| interval < *cycle)
    }

    /// Takes a turn, or learns how long to wait before asking again; the place in the queue stays.
    /// A run that begins has its queries reserved.
    pub fn ask(&mut self, ask: &Ask<'_>, run: u64, now: Instant) -> Result<(), Duration> {
        self.queue.join(ask, now);
        if self.failing.note(ask.key, ask.failing) {
            self.reckon();
        }
        let mine = |(key, at): (String, Instant)| (key == ask.key).then_some(at);
        let at = self.line(now).into_iter().find_map(mine).unwrap_or(now);
        if at > now {
            self.queue.keep(ask.key, at);
            return Err(at - now);
        }
        let need = self.queue.take(ask.key).min(self.limit());
        if self.cycle.is_some() {
            let next = self.next.map_or(now, |next| next.max(now));
            let next = next + WINDOW / self.limit() * need;
            self.next = Some(next.min(now + WINDOW));
        }
        self.reserve(run, need);
        if ask.failing {
            self.failing.begin(run, now);
        }
        self.runs += 1;
        Ok(())
    }

    /// A run has ended: the spacing of what it had reserved and didn't use goes back.
    pub fn end_turn(&mut self, run: u64, now: Instant) {
        self.runs = self.runs.saturating_sub(1);
        self.failing.end(run);
        let unused = WINDOW / self.limit() * self.release(run).min(self.limit());
        self.next = self.next.map(|next| {
            let earlier = next.checked_sub(unused).unwrap_or(now);
            earlier.max(now.min(next))
        });
    }

    /// It waits no more; whether it did.
    pub fn leave_queue(&mut self, key: &str) -> bool {
        self.queue.leave(key)
    }

    /// It waits for something else first: its place is kept for another minute from then.
    pub fn keep(&mut self, key: &str, until: Instant) {
        self.queue.keep(key, until);
    }

    /// The export asks for nothing any more; whether it waited.
    pub fn retire(&mut self, key: &str) -> bool {
        self.failing.note(key, false);
        self.demand(key, None);
        self.queue.forget(key)
    }

    /// Who may come now and wasn't told yet, and when to look again.
    pub fn call(&mut self, now: Instant) -> (Vec<String>, Option<Instant>) {
        let line = self.waits(now);
        let (mut called, mut next) = (Vec::new(), None::<Instant>);
        for (key, at) in line {
            let at = if at <= now {
                if self.queue.call(&key, now) {
                    called.push(key);
                }
                // Who doesn't come is gone by then.
                now + super::queue::COME
            } else {
                at
            };
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        (called, next)
    }

    /// Who waits, and from when on each likely may come.
    pub fn waits(&mut self, now: Instant) -> Vec<(String, Instant)> {
        self.queue.expire(now);
        self.line(now)
    }

    /// Who waits, in order, and from when on each may come as far as is known: queries are free for
    /// it and for all before it, and where the budget is short, turns are evenly spaced.
    fn line(&mut self, now: Instant) -> Vec<(String, Instant)> {
        let (set, limit, cycle) = (self.set(), self.limit(), self.cycle);
        let spacing = WINDOW / limit;
        let even = cycle.and(self.next).map(|next| {
            let early = cycle.unwrap_or_default() / EARLY;
            // The one that is early takes its own spacing too.
            next.checked_sub(early.saturating_sub(spacing))
                .unwrap_or(now)
        });
        let demands = &self.demands;
        let stretched = |key: &str| demands.get(key).is_some_and(|d| cycle > Some(d.interval));
        let line = self.queue.line(|key, entry| match (cycle, entry.last) {
            (Some(cycle), Some(last)) if stretched(key) => entry.since.max(last + cycle),
            _ => entry.since,
        });
        let kept = u32::from(has_waited(self.refused, now));
        let (mut ahead, mut retries, mut turns) = (0, 0, Vec::new());
        let mut groups = HashSet::new();
        let mut before = self.runs;
        for (from, key, entry) in line {
            if entry.failing {
                retries += entry.need.min(limit);
                let allowed = self.failing.from(retries, self.allowance, now);
                // It waits beside the line, and holds nobody up.
                if allowed > now {
                    turns.push((key.to_owned(), from.max(allowed)));
                    continue;
                }
            }
            let even = even.map_or(now, |even| even + spacing * ahead);
            let with = ahead + entry.need.min(limit);
            let room = now + self.ledger.when(with + kept, set, now);
            let place = match before < RUNS {
                true => now,
                false => now + BUSY,
            };
            // Those behind don't wait for who comes along with the read of one ahead of it.
            if demands.get(key).is_none_or(|d| groups.insert(d.group())) {
                (ahead, before) = (with, before + 1);
            }
            let at = from.max(even).max(room).max(place);
            turns.push((key.to_owned(), at));
        }
        turns
    }

    /// Nothing would be lost if it were forgotten.
    pub fn is_blank(&mut self, now: Instant) -> bool {
        self.members.is_empty() && self.ledger.is_blank(now)
    }
}

/// Whether a patient check has waited long enough. One that doesn't come back is forgotten.
fn has_waited(refused: Option<(Instant, Instant)>, now: Instant) -> bool {
    refused.is_some_and(|(since, last)| since + PATIENCE <= now && now < last + PATIENCE)
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
