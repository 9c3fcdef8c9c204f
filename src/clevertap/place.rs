//! The places of one API of one account: calls that are under way, and those that wait.

use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::ceiling::{Begun, Ceiling};
use super::limits::{SLICE, lock};
use crate::http::{Gate, Stopped};

/// One API of one account: how many calls are under way, and may be. Who waits is served in order
/// of arrival, but for those whose connector has all that it may: they hold up no other.
#[derive(Debug)]
pub(super) struct Place(Mutex<Occupancy>);

#[derive(Debug)]
struct Occupancy {
    ceiling: Ceiling,
    /// Calls under way.
    busy: usize,
    /// Of them, by connector; none is no entry.
    held: HashMap<Arc<str>, usize>,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    connector: Arc<str>,
    limit: usize,
    give: oneshot::Sender<Taken>,
}

/// A call under way.
#[derive(Debug)]
pub(super) struct Taken {
    place: Arc<Place>,
    connector: Arc<str>,
    begun: Begun,
}

impl Place {
    pub fn new(max: usize) -> Self {
        Self(Mutex::new(Occupancy {
            ceiling: Ceiling::new(max),
            busy: 0,
            held: HashMap::new(),
            waiting: VecDeque::new(),
        }))
    }

    pub fn ceiling(&self) -> usize {
        lock(&self.0).ceiling.now()
    }

    /// Waits until fewer than `limit` calls of this connector are under way, and fewer of all than
    /// the account seems to permit; asks the gate each second.
    pub async fn take(
        self: &Arc<Self>,
        connector: &Arc<str>,
        limit: usize,
        gate: &Gate<'_>,
    ) -> Result<Taken, Stopped> {
        let (give, taken) = oneshot::channel();
        let connector = connector.clone();
        lock(&self.0).waiting.push_back(Waiting {
            connector,
            limit,
            give,
        });
        self.serve();
        let mut taken = pin!(taken);
        loop {
            match tokio::time::timeout(SLICE, &mut taken).await {
                // It is kept until it is served or given up.
                Ok(taken) => return taken.map_err(|_| Stopped),
                Err(_) => gate()?,
            }
        }
    }

    fn serve(self: &Arc<Self>) {
        loop {
            // Given outside of the lock: where nobody waits any more, the place comes back at once.
            let next = lock(&self.0).next();
            let Some((next, begun)) = next else {
                return;
            };
            let Waiting {
                connector, give, ..
            } = next;
            let place = self.clone();
            drop(give.send(Taken {
                place,
                connector,
                begun,
            }));
        }
    }
}

impl Occupancy {
    /// Takes a place for whoever is next.
    fn next(&mut self) -> Option<(Waiting, Begun)> {
        self.waiting.retain(|waiting| !waiting.give.is_closed());
        if self.busy >= self.ceiling.now() {
            return None;
        }
        let held = |connector| self.held.get(connector).copied().unwrap_or(0);
        let mut waiting = self.waiting.iter();
        let next = waiting.position(|w| held(&w.connector) < w.limit)?;
        let next = self.waiting.remove(next)?;
        self.busy += 1;
        *self.held.entry(next.connector.clone()).or_default() += 1;
        Some((next, self.ceiling.begin(self.busy)))
    }

    fn give_back(&mut self, connector: &Arc<str>) {
        self.busy -= 1;
        if let Some(held) = self.held.get_mut(connector) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(connector);
            }
        }
    }
}

impl Taken {
    /// The call went well.
    pub fn succeeded(&self) {
        lock(&self.place.0).ceiling.succeeded(self.begun);
    }

    /// CleverTap refused the call as one too many. True if fewer are permitted from now on.
    pub fn refused(&self) -> bool {
        lock(&self.place.0).ceiling.refused(self.begun)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        lock(&self.place.0).give_back(&self.connector);
        self.place.serve();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    const OPEN: fn() -> Result<(), Stopped> = || Ok(());

    #[tokio::test]
    async fn a_waiting_call_can_be_stopped_and_costs_no_place() {
        let (place, one) = (Arc::new(Place::new(3)), "one".into());
        let taken = place.take(&one, 1, &OPEN).await.unwrap();
        let stopped = place.take(&one, 1, &|| Err(Stopped)).await;
        assert_eq!(stopped.err(), Some(Stopped));
        // One that was served, and is dropped before it looked.
        let mut gone = Box::pin(place.take(&one, 1, &OPEN));
        assert!((&mut gone).now_or_never().is_none());
        drop(taken);
        drop(gone);
        drop(place.take(&one, 1, &OPEN).await.unwrap());
        let state = lock(&place.0);
        assert!(state.busy == 0 && state.held.is_empty() && state.waiting.is_empty());
    }

    #[tokio::test]
    async fn who_came_first_is_served_first_unless_its_connector_has_all_it_may() {
        let place = Arc::new(Place::new(2));
        let (narrow, wide) = ("narrow".into(), "wide".into());
        let first = place.take(&narrow, 1, &OPEN).await.unwrap();
        let second = place.take(&wide, 2, &OPEN).await.unwrap();
        let mut third = Box::pin(place.take(&narrow, 1, &OPEN));
        let mut fourth = Box::pin(place.take(&wide, 2, &OPEN));
        let mut fifth = Box::pin(place.take(&wide, 2, &OPEN));
        for waiting in [&mut third, &mut fourth] {
            assert!(waiting.now_or_never().is_none());
        }
        assert!((&mut fifth).now_or_never().is_none());
        drop(second);
        let fourth = fourth.now_or_never().expect("narrow has its one").unwrap();
        drop(first);
        let _third = third.now_or_never().expect("it came before").unwrap();
        assert!((&mut fifth).now_or_never().is_none());
        drop(fourth);
        assert!(fifth.now_or_never().is_some());
    }

    proptest! {
        #[test]
        fn no_place_stays_free_that_somebody_waits_for(
            steps in prop::collection::vec((0_usize..3, any::<bool>(), any::<prop::sample::Index>()), 1..100),
        ) {
            const LIMITS: [usize; 3] = [1, 2, 4];
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let _entered = runtime.enter();
            let place = Arc::new(Place::new(4));
            let names: [Arc<str>; 3] = ["a".into(), "b".into(), "c".into()];
            let mut waiting: Vec<(usize, _)> = Vec::new();
            let mut held: Vec<(usize, Taken)> = Vec::new();
            for (who, ask, which) in steps {
                if ask {
                    waiting.push((who, Box::pin(place.take(&names[who], LIMITS[who], &OPEN))));
                } else if !held.is_empty() {
                    held.swap_remove(which.index(held.len()));
                }
                waiting.retain_mut(|(who, taking)| match taking.now_or_never() {
                    Some(taken) => { held.push((*who, taken.unwrap())); false }
                    None => true,
                });
                let has = |who| held.iter().filter(|(of, _)| *of == who).count();
                prop_assert!(held.len() <= 4 && (0..3).all(|who| has(who) <= LIMITS[who]));
                let free = held.len() < 4;
                prop_assert!(!waiting.iter().any(|(who, _)| free && has(*who) < LIMITS[*who]));
            }
        }
    }
}
