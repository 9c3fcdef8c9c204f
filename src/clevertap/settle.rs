//! The records of one upload until each has its outcome: what is sent next, and what is given up.

use super::reply::Fates;
use super::upload::Outcome;

/// CleverTap's code of a record that met a server error: it may be sent again [doc].
const SERVER_ERROR: u16 = 555;
/// Times that records are split in two to find a bad one: enough for more than a dozen of them
/// among 1,000.
const SPLITS: u32 = 128;

/// Records go by their numbers in the batch, 0 and up.
pub(super) struct Settling {
    outcomes: Vec<Option<Outcome>>,
    /// What is to be sent, each in a call of its own; the last one first.
    work: Vec<Vec<u32>>,
    /// What met a server error.
    later: Vec<u32>,
    splits: u32,
    /// Some call was answered record by record: calls as such are not what is refused.
    answered: bool,
    /// A record was refused alone before any call was answered.
    alone: bool,
}

impl Settling {
    pub fn new(size: usize) -> Self {
        let all: Vec<u32> = (0..).take(size).collect();
        Self {
            outcomes: vec![None; size],
            work: Vec::from_iter((size > 0).then_some(all)),
            later: Vec::new(),
            splits: 0,
            answered: false,
            alone: false,
        }
    }

    /// The records to be sent in the next call, in ascending order.
    pub fn next(&mut self) -> Option<Vec<u32>> {
        self.work.pop()
    }

    /// A call was answered record by record.
    pub fn answered(&mut self, sent: &[u32], fates: Fates) {
        self.answered = true;
        let mut doubtful = Vec::new();
        for (&record, fate) in sent.iter().zip(fates) {
            match fate {
                Some(Outcome::Rejected {
                    code: Some(SERVER_ERROR),
                }) => self.later.push(record),
                Some(outcome) => self.settle(record, outcome),
                None => doubtful.push(record),
            }
        }
        self.split(&doubtful);
    }

    /// A call was refused for its body. False if that can't be the records' fault: two were
    /// refused alone, picked from both ends of the search, and no call was ever answered.
    pub fn refused(&mut self, sent: &[u32]) -> bool {
        if sent.len() > 1 || self.answered {
            self.split(sent);
            return true;
        }
        if self.alone {
            return false;
        }
        self.alone = true;
        self.split(sent);
        // The largest part next, rather than this one's neighbour.
        if !self.work.is_empty() {
            self.work.rotate_left(1);
        }
        true
    }

    /// Those that met a server error, once all the others are settled.
    pub fn met_server_errors(&mut self) -> Vec<u32> {
        let mut later = std::mem::take(&mut self.later);
        later.sort_unstable();
        later
    }

    pub fn again(&mut self, records: Vec<u32>) {
        self.work.push(records);
    }

    pub fn give_up(&mut self, records: &[u32]) {
        for &record in records {
            self.settle(record, Outcome::Pending);
        }
    }

    /// Of every record, in order.
    pub fn outcomes(self) -> Vec<Outcome> {
        let outcomes = self.outcomes.into_iter();
        outcomes
            .map(|outcome| outcome.unwrap_or(Outcome::Pending))
            .collect()
    }

    /// Both halves on their own, for one of these is bad; the one that is left is it.
    fn split(&mut self, records: &[u32]) {
        match records {
            [] => {}
            [one] => self.settle(*one, Outcome::Rejected { code: None }),
            many if self.splits == SPLITS => self.give_up(many),
            many => {
                self.splits += 1;
                let (first, second) = many.split_at(many.len() / 2);
                self.work.extend([second.to_vec(), first.to_vec()]);
            }
        }
    }

    fn settle(&mut self, record: u32, outcome: Outcome) {
        if let Some(place) = self.outcomes.get_mut(record as usize) {
            *place = Some(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Sends to a vendor that refuses any body with a poison record. Returns calls and outcomes;
    /// none where the call was found to be at fault.
    fn search(size: usize, poison: &BTreeSet<u32>) -> (u32, Option<Vec<Outcome>>) {
        let (mut settling, mut calls) = (Settling::new(size), 0);
        while let Some(sent) = settling.next() {
            calls += 1;
            if !sent.iter().any(|record| poison.contains(record)) {
                settling.answered(&sent, vec![Some(Outcome::Accepted); sent.len()]);
            } else if !settling.refused(&sent) {
                return (calls, None);
            }
        }
        (calls, Some(settling.outcomes()))
    }

    #[test]
    fn one_bad_record_in_a_thousand_costs_twice_the_logarithm() {
        let worst = (0..1000).map(|bad| {
            let (calls, outcomes) = search(1000, &[bad].into());
            let outcomes = outcomes.unwrap();
            assert_eq!(outcomes[bad as usize], Outcome::Rejected { code: None });
            let accepted = outcomes
                .iter()
                .filter(|outcome| **outcome == Outcome::Accepted);
            assert_eq!(accepted.count(), 999);
            calls
        });
        assert_eq!(worst.max(), Some(21));
    }

    #[test]
    fn what_is_refused_whatever_it_holds_is_the_call() {
        let (calls, outcomes) = search(1000, &(0..1000).collect());
        assert_eq!(outcomes, None);
        assert!(calls <= 22, "{calls}");
        let neighbours = search(1000, &[0, 1].into()).1.unwrap();
        let bad = neighbours
            .iter()
            .filter(|outcome| **outcome != Outcome::Accepted);
        assert_eq!(bad.count(), 2);
    }

    #[test]
    fn server_errors_wait_for_the_rest_and_are_given_up_as_pending() {
        let mut settling = Settling::new(3);
        let sent = settling.next().unwrap();
        let fate = |code| Some(Outcome::Rejected { code: Some(code) });
        settling.answered(&sent, vec![fate(SERVER_ERROR), None, fate(515)]);
        assert_eq!(settling.next(), None);
        assert_eq!(settling.met_server_errors(), [0]);
        settling.again(vec![0]);
        assert_eq!(settling.next(), Some(vec![0]));
        settling.give_up(&[0]);
        let (none, some) = (Outcome::Rejected { code: None }, fate(515).unwrap());
        assert_eq!(settling.outcomes(), [Outcome::Pending, none, some]);
        assert_eq!(Settling::new(0).next(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_search_is_bounded_and_wrong_about_nobody(
            size in 2_usize..=1000,
            poison in prop::collection::btree_set(0_u32..1000, 0..40),
        ) {
            let (calls, outcomes) = search(size, &poison);
            prop_assert!(calls <= 1 + 2 * SPLITS);
            for (record, outcome) in outcomes.into_iter().flatten().enumerate() {
                let bad = poison.contains(&(record as u32));
                match outcome {
                    Outcome::Accepted => prop_assert!(!bad),
                    Outcome::Rejected { code } => prop_assert!(bad && code.is_none()),
                    Outcome::Pending => prop_assert!(poison.len() > 12),
                }
            }
        }

        /// Any answers whatever: each record ends in one outcome, and the sending ends.
        #[test]
        fn every_record_ends_in_one_outcome(size in 0_usize..200, seed: u64) {
            let (mut settling, mut random) = (Settling::new(size), fastrand::Rng::with_seed(seed));
            let (mut calls, mut retries) = (0, 0);
            loop {
                while let Some(sent) = settling.next() {
                    calls += 1;
                    prop_assert!(!sent.is_empty() && sent.is_sorted());
                    let fates: Vec<_> = sent.iter().map(|_| random.choice([
                        None,
                        Some(Outcome::Accepted),
                        Some(Outcome::Rejected { code: Some(SERVER_ERROR) }),
                        Some(Outcome::Rejected { code: Some(515) }),
                    ]).flatten()).collect();
                    match random.u8(0..4) {
                        0 if !settling.refused(&sent) => return Ok(()),
                        0 => {}
                        _ => settling.answered(&sent, fates),
                    }
                }
                let later = settling.met_server_errors();
                retries += 1;
                match retries < 8 && !later.is_empty() {
                    true => settling.again(later),
                    false => { settling.give_up(&later); break; }
                }
            }
            prop_assert!(calls <= 8 + 2 * SPLITS);
            prop_assert_eq!(settling.outcomes.iter().filter(|outcome| outcome.is_none()).count(), 0);
            prop_assert_eq!(settling.outcomes().len(), size);
        }
    }
}
