//! The few calls that a project may have under way at once, shared fairly among its runs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::budget::lock;

/// Places of one project. Whose run has the fewest is served first, so that none has more than its
/// share while another waits; alone it may have all.
#[derive(Clone, Debug)]
pub(super) struct Places(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    free: usize,
    /// By run.
    held: HashMap<u64, usize>,
    waiting: VecDeque<(u64, oneshot::Sender<Place>)>,
}

/// One call's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    run: u64,
}

impl Places {
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            free: most,
            held: HashMap::new(),
            waiting: VecDeque::new(),
        })))
    }

    /// Asks for a place; it comes once it is this run's turn. Dropping what is returned gives up.
    pub fn ask(&self, run: u64) -> oneshot::Receiver<Place> {
        let (give, place) = oneshot::channel();
        lock(&self.0).waiting.push_back((run, give));
        self.serve();
        place
    }

    fn serve(&self) {
        loop {
            // Sent outside of the lock: where nobody waits any more, the place comes back at once.
            let next = lock(&self.0).next();
            let Some((run, give)) = next else {
                return;
            };
            let places = self.clone();
            drop(give.send(Place { places, run }));
        }
    }
}

impl Inner {
    /// Takes a place for whoever is next.
    fn next(&mut self) -> Option<(u64, oneshot::Sender<Place>)> {
        self.waiting.retain(|(_, give)| !give.is_closed());
        if self.free == 0 {
            return None;
        }
        let held = |run: &u64| self.held.get(run).copied().unwrap_or(0);
        let (index, _) = (self.waiting.iter().enumerate())
            .min_by_key(|(index, (run, _))| (held(run), *index))?;
        let next = self.waiting.remove(index)?;
        self.free -= 1;
        *self.held.entry(next.0).or_default() += 1;
        Some(next)
    }

    fn give_back(&mut self, run: u64) {
        self.free += 1;
        if let Some(held) = self.held.get_mut(&run) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&run);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.places.0).give_back(self.run);
        self.places.serve();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(place: &mut oneshot::Receiver<Place>) -> Option<Place> {
        place.try_recv().ok()
    }

    #[test]
    fn alone_a_run_has_all_and_half_once_another_comes() {
        let places = Places::new(4);
        let mut first: Vec<_> = (0..6).map(|_| places.ask(1)).collect();
        let mut held: VecDeque<_> = first.iter_mut().filter_map(taken).collect();
        assert_eq!(held.len(), 4);
        let mut second: Vec<_> = (0..3).map(|_| places.ask(2)).collect();
        held.pop_front();
        held.pop_front();
        let mut others: Vec<_> = second.iter_mut().filter_map(taken).collect();
        assert_eq!(others.len(), 2, "both that were given back");
        assert_eq!(first.iter_mut().filter_map(taken).count(), 0);
        others.pop();
        assert!(second.iter_mut().any(|place| taken(place).is_some()));
    }

    #[test]
    fn who_gives_up_costs_no_place() {
        let places = Places::new(1);
        let held = places.ask(1).try_recv().unwrap();
        drop(places.ask(2));
        let mut third = places.ask(3);
        drop(held);
        drop(taken(&mut third).unwrap());
        assert!(lock(&places.0).held.is_empty());
        // A place that came, and wasn't looked at.
        drop(places.ask(4));
        assert_eq!(lock(&places.0).free, 1);
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_half_while_another_waits(
            steps in prop::collection::vec((0_u64..3, any::<bool>(), any::<prop::sample::Index>()), 1..200),
        ) {
            let places = Places::new(4);
            let mut waiting: Vec<(u64, oneshot::Receiver<Place>)> = Vec::new();
            let mut held: Vec<Place> = Vec::new();
            for (run, ask, which) in steps {
                if ask {
                    waiting.push((run, places.ask(run)));
                } else if !held.is_empty() {
                    held.swap_remove(which.index(held.len()));
                }
                let before = |run| held.iter().filter(|place| place.run == run).count();
                let had = [0, 1, 2].map(before);
                let mut got = Vec::new();
                waiting.retain_mut(|(_, place)| match taken(place) {
                    Some(place) => { got.push(place); false }
                    None => true,
                });
                for place in &got {
                    let others_wait = waiting.iter().any(|(run, _)| *run != place.run);
                    prop_assert!(had[place.run as usize] < 2 || !others_wait);
                }
                held.extend(got);
                prop_assert!(held.len() <= 4);
                prop_assert!(held.len() == 4 || waiting.is_empty());
            }
        }
    }
}
