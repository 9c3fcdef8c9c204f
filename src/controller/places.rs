//! `--concurrency`: places for runs, first come, first served.
//!
//! Who waits holds nothing but its number in the line: a place that comes free is kept for the
//! first of it, which is woken and has a minute to come.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::runtime::reflector::ObjectRef;

use super::context::Export;
use super::wakeups::Wakeups;

/// How long a place is kept for who was woken, and how often who waits looks again.
pub const COME: Duration = Duration::from_secs(60);

/// Exports for which room is kept while none wait.
const ROOM: usize = 64;

/// The places of the process.
#[derive(Clone)]
pub struct Places {
    line: Arc<Mutex<Line<ObjectRef<Export>>>>,
    wake: Wakeups<Export>,
}

/// One run's place, until it is dropped.
pub struct Place(Places);

impl Places {
    /// So many; `wake` reaches those who wait.
    pub fn new(places: u16, wake: Wakeups<Export>) -> Self {
        Self {
            line: Arc::new(Mutex::new(Line::new(places.into()))),
            wake,
        }
    }

    /// A place, or one in the line: then it is woken once there is one for it.
    ///
    /// # Errors
    /// How long it has been in the line.
    pub fn take(&self, export: &ObjectRef<Export>) -> Result<Place, Duration> {
        let taken = self.change(|line, now| line.take(export, now));
        taken.map(|()| Place(self.clone()))
    }

    /// It wants none any more.
    pub fn leave(&self, export: &ObjectRef<Export>) {
        self.change(|line, _| line.leave(export));
    }

    /// Changes the line, and wakes those whose turn that makes it.
    fn change<T>(&self, change: impl FnOnce(&mut Line<ObjectRef<Export>>, Instant) -> T) -> T {
        let now = Instant::now();
        let (result, called) = {
            let mut line = self.lock();
            let result = change(&mut line, now);
            (result, line.call(now))
        };
        called.iter().for_each(|export| self.wake.wake(export));
        result
    }

    fn lock(&self) -> MutexGuard<'_, Line<ObjectRef<Export>>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.change(|line, _| line.free += 1);
    }
}

/// Who waits, and for whom a place is kept: a pure state, with time passed in.
struct Line<K> {
    /// Places that nobody has, and that are kept for nobody.
    free: usize,
    /// By number, which grows.
    waiting: BTreeMap<u64, K>,
    /// Their numbers, and since when they wait.
    numbers: HashMap<K, (u64, Instant)>,
    next: u64,
    /// For whom a place is kept, and since when.
    called: HashMap<K, Instant>,
}

impl<K: Clone + Eq + Hash> Line<K> {
    fn new(free: usize) -> Self {
        Self {
            free,
            waiting: BTreeMap::new(),
            numbers: HashMap::new(),
            next: 0,
            called: HashMap::new(),
        }
    }

    /// Takes a place, or says how long it has been in the line.
    fn take(&mut self, who: &K, now: Instant) -> Result<(), Duration> {
        self.expire(now);
        if self.called.remove(who).is_some() {
            return Ok(());
        }
        if self.waiting.is_empty() && self.free > 0 {
            self.free -= 1;
            return Ok(());
        }
        if let Some((_, since)) = self.numbers.get(who) {
            return Err(now.saturating_duration_since(*since));
        }
        self.numbers.insert(who.clone(), (self.next, now));
        self.waiting.insert(self.next, who.clone());
        self.next += 1;
        Err(Duration::ZERO)
    }

    fn leave(&mut self, who: &K) {
        if let Some((number, _)) = self.numbers.remove(who) {
            self.waiting.remove(&number);
        }
        if self.called.remove(who).is_some() {
            self.free += 1;
        }
    }

    /// Keeps what is free for the first of the line: who that is.
    fn call(&mut self, now: Instant) -> Vec<K> {
        let mut called = Vec::new();
        if self.waiting.is_empty() {
            self.numbers.shrink_to(ROOM);
        }
        while self.free > 0
            && let Some((_, who)) = self.waiting.pop_first()
        {
            self.free -= 1;
            self.numbers.remove(&who);
            self.called.insert(who.clone(), now);
            called.push(who);
        }
        called
    }

    /// Who didn't come has left.
    fn expire(&mut self, now: Instant) {
        let before = self.called.len();
        self.called
            .retain(|_, since| now.saturating_duration_since(*since) < COME);
        self.free += before - self.called.len();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_of_the_line_comes_first() {
        let (mut line, now) = (Line::new(1), Instant::now());
        assert!(line.take(&"a", now).is_ok() && line.call(now).is_empty());
        let later = now + Duration::from_secs(7);
        for (waits, at, waited) in [("b", now, 0), ("c", later, 0), ("b", later, 7)] {
            assert_eq!(line.take(&waits, at), Err(Duration::from_secs(waited)));
        }
        line.free += 1;
        assert_eq!(line.call(now), ["b"]);
        // The place is kept for it, whoever asks meanwhile.
        assert!(line.take(&"d", now).is_err() && line.take(&"b", now).is_ok());
        line.free += 1;
        assert_eq!(line.call(now), ["c"]);
        // It doesn't come.
        assert!(line.take(&"d", now + COME).is_err());
        assert_eq!(line.call(now + COME), ["d"]);
        line.leave(&"d");
        assert!(line.take(&"c", now + COME).is_ok());
    }

    proptest! {
        /// No place is lost or taken twice, and nobody is passed over.
        #[test]
        fn places_are_what_they_were(
            places in 1_usize..4,
            steps in prop::collection::vec((0_u8..4, 0_u8..8, 0_u64..40), 1..200),
        ) {
            let (mut line, mut now) = (Line::new(places), Instant::now());
            let mut running = HashSet::new();
            for (what, who, pass) in steps {
                now += Duration::from_secs(pass);
                let first = line.waiting.first_key_value().map(|(_, who)| *who);
                match what {
                    0 | 1 if !running.contains(&who) => {
                        let kept = line.called.contains_key(&who);
                        if line.take(&who, now).is_ok() {
                            prop_assert!(kept || first.is_none());
                            running.insert(who);
                        }
                    }
                    2 if running.remove(&who) => line.free += 1,
                    3 => line.leave(&who),
                    _ => {}
                }
                line.call(now);
                prop_assert_eq!(line.free + line.called.len() + running.len(), places);
                prop_assert_eq!(line.waiting.len(), line.numbers.len());
                prop_assert!(line.free == 0 || line.waiting.is_empty());
            }
        }
    }
}
