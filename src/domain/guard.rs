//! Never empty a segment by accident: whether a list may replace the previous one.

use crate::api::OnEmpty;

/// What the previous list held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its identities.
    pub count: u64,
    /// Those of them that the new list lacks; at most `count`.
    pub removed: u64,
}

impl Previous {
    /// A list of which the new one lacks at least as many as it is shorter by.
    pub fn longer(count: u64, read: u64) -> Self {
        Self {
            count,
            removed: count.saturating_sub(read),
        }
    }

    /// Of two lists that may be in force, the one whose loss is the greater share.
    pub fn worse(self, other: Self) -> Self {
        let share = |a: Self, b: Self| (u128::from(a.removed) * u128::from(b.count), a.count);
        if share(self, other) < share(other, self) {
            other
        } else {
            self
        }
    }
}

/// What a verdict depends on.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Identities in the new list.
    pub read: u64,
    /// `None`: nothing that the loss could be judged by.
    pub previous: Option<Previous>,
    pub on_empty: OnEmpty,
    /// 0..=100; 100 is off.
    pub max_shrink_percent: u32,
    /// The hold that a person released: the loss it may have at most, in identities.
    pub released: Option<u64>,
}

/// Whether the list goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    HeldEmpty,
    HeldShrink,
}

/// An empty list is judged by `on_empty` alone, any other by its loss. What was released passes if
/// its loss is no greater than it was.
pub fn judge(input: &Input) -> Verdict {
    let removed = input.previous.map_or(0, |previous| previous.removed);
    let verdict = if input.read == 0 {
        match input.on_empty {
            OnEmpty::Hold => Verdict::HeldEmpty,
            OnEmpty::Export => Verdict::Pass,
        }
    } else if shrinks(input) {
        Verdict::HeldShrink
    } else {
        Verdict::Pass
    };
    match input.released {
        Some(allowed) if removed <= allowed => Verdict::Pass,
        _ => verdict,
    }
}

/// Whether more than the permitted share of the previous list goes. An empty list aside, this is
/// when the cohort's existence must be proven first.
pub fn shrinks(input: &Input) -> bool {
    let Some(previous) = input.previous else {
        return false;
    };
    // In integers: a share of exactly the limit passes.
    let share = u128::from(previous.removed) * 100;
    share > u128::from(previous.count) * u128::from(input.max_shrink_percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn input(read: u64, previous: Option<(u64, u64)>, max_shrink_percent: u32) -> Input {
        Input {
            read,
            previous: previous.map(|(count, removed)| Previous { count, removed }),
            on_empty: OnEmpty::Hold,
            max_shrink_percent,
            released: None,
        }
    }

    #[test]
    fn the_limit_itself_passes() {
        assert_eq!(judge(&input(50, Some((100, 50)), 50)), Verdict::Pass);
        assert_eq!(judge(&input(49, Some((100, 51)), 50)), Verdict::HeldShrink);
        assert_eq!(judge(&input(2, Some((3, 1)), 33)), Verdict::HeldShrink);
        assert_eq!(judge(&input(2, Some((3, 1)), 34)), Verdict::Pass);
        assert_eq!(judge(&input(9, Some((1, 1)), 0)), Verdict::HeldShrink);
        assert_eq!(judge(&input(9, Some((0, 0)), 0)), Verdict::Pass);
        let most = Some((u64::MAX, u64::MAX));
        assert_eq!(judge(&input(1, most, 99)), Verdict::HeldShrink);
    }

    #[test]
    fn an_empty_list_is_judged_by_on_empty_alone() {
        for previous in [None, Some((10, 10)), Some((0, 0))] {
            let mut input = input(0, previous, 0);
            assert_eq!(judge(&input), Verdict::HeldEmpty);
            input.on_empty = OnEmpty::Export;
            assert_eq!(judge(&input), Verdict::Pass);
        }
    }

    #[test]
    fn a_release_permits_no_greater_loss() {
        for read in [0, 1] {
            let mut input = input(read, Some((100, 90)), 50);
            input.released = Some(89);
            assert_ne!(judge(&input), Verdict::Pass);
            input.released = Some(90);
            assert_eq!(judge(&input), Verdict::Pass);
        }
    }

    proptest! {
        #[test]
        fn a_greater_loss_never_passes_where_a_smaller_one_is_held(
            count in any::<u64>(), a in any::<u64>(), b in any::<u64>(), limit in 0u32..=100,
        ) {
            let (less, more) = (a.min(b).min(count), a.max(b).min(count));
            if judge(&input(1, Some((count, less)), limit)) == Verdict::HeldShrink {
                prop_assert_eq!(judge(&input(1, Some((count, more)), limit)), Verdict::HeldShrink);
            }
        }

        #[test]
        fn of_two_lists_that_may_be_in_force_neither_can_be_lost(
            a in (any::<u64>(), any::<u64>()), b in (any::<u64>(), any::<u64>()), limit in 0u32..=100,
        ) {
            let of = |(count, lost): (u64, u64)| Previous { count, removed: lost.min(count) };
            let held = |previous: Previous| shrinks(&Input { previous: Some(previous), ..input(1, None, limit) });
            let (a, b) = (of(a), of(b));
            prop_assert_eq!(held(a.worse(b)), held(a) || held(b));
            prop_assert_eq!(a.worse(b), b.worse(a));
        }

        #[test]
        fn a_hundred_percent_is_off_and_nothing_lost_passes(count in any::<u64>(), lost in any::<u64>(), limit in 0u32..=100) {
            prop_assert_eq!(judge(&input(1, Some((count, lost.min(count))), 100)), Verdict::Pass);
            prop_assert_eq!(judge(&input(1, Some((count, 0)), limit)), Verdict::Pass);
            prop_assert_eq!(judge(&input(1, None, limit)), Verdict::Pass);
        }
    }
}
