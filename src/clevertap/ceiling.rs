//! How many calls of one API of an account may be under way: found out, since the account's limit
//! may be lower than what is published, or used by others too.

/// Calls that must go well before the ceiling rises, and the most that this doubles to while
/// rising is punished.
const CALM: u32 = 32;
const CALMEST: u32 = 256;

/// A ceiling between 1 and the API's maximum. It halves when a call is refused as one too many,
/// once for all calls that were under way then, and rises by one after a number of calls that went
/// well while it was reached.
#[derive(Debug)]
pub(super) struct Ceiling {
    max: usize,
    now: usize,
    /// Halvings so far.
    era: u64,
    /// Since the ceiling last moved.
    successes: u32,
    /// The ceiling at the last refusal: below it there is nothing to fear.
    wall: usize,
    /// Successes that a rise to the wall or beyond takes.
    calm: u32,
    /// It rose that far, and hasn't stood the test yet.
    on_trial: bool,
}

/// How a call began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    era: u64,
    /// It took the last place under the ceiling.
    full: bool,
}

impl Ceiling {
    pub fn new(max: usize) -> Self {
        Self {
            max,
            now: max,
            era: 0,
            successes: 0,
            wall: max,
            calm: CALM,
            on_trial: false,
        }
    }

    pub fn now(&self) -> usize {
        self.now
    }

    /// A call begins, which makes `busy` of them.
    pub fn begin(&self, busy: usize) -> Begun {
        Begun {
            era: self.era,
            full: busy >= self.now,
        }
    }

    /// The call went well. One that began before the last halving, or while there was room left,
    /// proves nothing.
    pub fn succeeded(&mut self, begun: Begun) {
        if begun.era != self.era || !begun.full {
            return;
        }
        self.successes = self.successes.saturating_add(1);
        if self.on_trial && self.successes >= self.calm {
            self.on_trial = false;
            self.calm = CALM;
        }
        let risky = self.now + 1 >= self.wall;
        if self.now < self.max && self.successes >= if risky { self.calm } else { CALM } {
            self.now += 1;
            self.successes = 0;
            self.on_trial = risky;
        }
    }

    /// The call was one too many. True if that lowered the ceiling, now or since it began: there
    /// is hope then that the next attempt fits.
    pub fn refused(&mut self, begun: Begun) -> bool {
        if begun.era != self.era {
            return true;
        }
        if self.on_trial {
            self.calm = (self.calm * 2).min(CALMEST);
        }
        let lowered = self.now > 1;
        self.wall = self.now;
        self.now = (self.now / 2).max(1);
        self.era += 1;
        self.successes = 0;
        self.on_trial = false;
        lowered
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn succeed(ceiling: &mut Ceiling, calls: u32) {
        for _ in 0..calls {
            let begun = ceiling.begin(ceiling.now());
            ceiling.succeeded(begun);
        }
    }

    #[test]
    fn a_round_of_refusals_halves_once_and_success_raises_by_one() {
        let mut ceiling = Ceiling::new(15);
        let round: Vec<_> = (1..=15).map(|busy| ceiling.begin(busy)).collect();
        assert!(round.into_iter().all(|begun| ceiling.refused(begun)));
        assert_eq!(ceiling.now(), 7);
        succeed(&mut ceiling, CALM - 1);
        assert_eq!(ceiling.now(), 7);
        succeed(&mut ceiling, 1);
        assert_eq!(ceiling.now(), 8);
        for _ in 0..1000 {
            ceiling.succeeded(ceiling.begin(7));
        }
        assert_eq!(ceiling.now(), 8, "it was never reached");
        succeed(&mut ceiling, 10_000);
        assert_eq!(ceiling.now(), 15);
    }

    #[test]
    fn the_last_place_stays_and_its_refusal_is_no_hope() {
        let mut ceiling = Ceiling::new(1);
        let begun = ceiling.begin(1);
        assert!(!ceiling.refused(begun));
        assert_eq!(ceiling.now(), 1);
    }

    #[test]
    fn what_rose_in_vain_rises_more_slowly_next_time() {
        let mut ceiling = Ceiling::new(3);
        let mut calls = Vec::new();
        for _ in 0..6 {
            let mut calm = 0;
            while ceiling.now() < 3 {
                succeed(&mut ceiling, 1);
                calm += 1;
            }
            calls.push(calm);
            let begun = ceiling.begin(3);
            ceiling.refused(begun);
        }
        // From 1 to 2 it is as quick as ever: that has never been refused.
        assert_eq!(calls, [0, 64, 96, 160, 288, 288]);
    }

    /// An account that permits `limit(calls)` calls at once, and a client with always more to send.
    /// Calls that fit take up to 12 ticks, the others none. Returns calls and refusals.
    fn simulate(calls: u32, seed: u64, limit: impl Fn(u32) -> usize) -> (u32, u32) {
        let (mut random, mut ceiling) = (fastrand::Rng::with_seed(seed), Ceiling::new(15));
        let (mut under_way, mut sent, mut refused) = (Vec::<(u32, Begun)>::new(), 0, 0);
        while sent < calls {
            under_way.iter_mut().for_each(|(left, _)| *left -= 1);
            let (done, left) = under_way.into_iter().partition(|(left, _)| *left == 0);
            under_way = left;
            let done: Vec<_> = done;
            done.iter().for_each(|(_, begun)| ceiling.succeeded(*begun));
            let mut at_once = Vec::new();
            while under_way.len() + at_once.len() < ceiling.now() {
                let begun = ceiling.begin(under_way.len() + at_once.len() + 1);
                sent += 1;
                match under_way.len() < limit(sent) {
                    true => under_way.push((random.u32(1..=12), begun)),
                    false => at_once.push(begun),
                }
            }
            refused += at_once.len() as u32;
            at_once.into_iter().for_each(|begun| {
                ceiling.refused(begun);
            });
            assert!((1..=15).contains(&ceiling.now()));
        }
        (sent, refused)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_limit_that_moves_costs_less_than_two_percent(seed: u64, low in 1_usize..8) {
            let moving = |call| if (1_000..4_000).contains(&call) { low } else { 15 };
            let (sent, refused) = simulate(6_000, seed, moving);
            prop_assert!(f64::from(refused) < 0.02 * f64::from(sent), "{} of {}", refused, sent);
        }

        #[test]
        fn what_the_account_permits_is_used_again(seed: u64) {
            let mut ceiling = Ceiling::new(15);
            let mut random = fastrand::Rng::with_seed(seed);
            for _ in 0..random.u32(0..2_000) {
                let begun = ceiling.begin(ceiling.now());
                match random.u32(0..20) {
                    0 => { ceiling.refused(begun); }
                    _ => ceiling.succeeded(begun),
                }
            }
            succeed(&mut ceiling, CALMEST + 15 * CALMEST);
            prop_assert_eq!(ceiling.now(), 15);
        }
    }
}
