//! What a new list changes, as far as the last snapshot tells.

use std::io;

use super::fingerprint::Fingerprint;
use super::snapshot::{Entry, Header, ProfileState};
use crate::domain::Shape;
use crate::domain::guard::Previous;
use crate::state::MarkedList;

/// What is being exported, and what is remembered of the list where it has no snapshot.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub cohort_id: i64,
    /// Fingerprint of what the identities are made of.
    pub identity: u32,
    pub shape: Shape,
    /// Identities in the last list of the same cohort and basis.
    pub remembered: Option<u64>,
    /// What a run that kept no snapshot may have put in force.
    pub marked: Option<MarkedList>,
}

/// How a new list differs from the previous one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Diff {
    pub added: u64,
    pub removed: u64,
    pub unchanged: u64,
}

/// The previous list, along which a new one is walked: both in ascending order.
pub(super) struct Walk<I> {
    previous: I,
    next: Option<Entry>,
    diff: Diff,
}

impl<I: Iterator<Item = io::Result<Entry>>> Walk<I> {
    pub(super) fn new(mut previous: I) -> io::Result<Self> {
        Ok(Self {
            next: previous.next().transpose()?,
            previous,
            diff: Diff::default(),
        })
    }

    /// Takes the new list's next identity; what was known of its profile.
    pub(super) fn step(&mut self, identity: &Fingerprint) -> io::Result<Option<ProfileState>> {
        while let Some(entry) = self.next
            && entry.fingerprint < *identity
        {
            self.diff.removed += 1;
            self.next = self.previous.next().transpose()?;
        }
        match self.next {
            Some(entry) if entry.fingerprint == *identity => {
                self.diff.unchanged += 1;
                self.next = self.previous.next().transpose()?;
                Ok(Some(entry.profile))
            }
            _ => {
                self.diff.added += 1;
                Ok(None)
            }
        }
    }

    /// The new list has ended.
    pub(super) fn end(mut self) -> io::Result<Diff> {
        while self.next.is_some() {
            self.diff.removed += 1;
            self.next = self.previous.next().transpose()?;
        }
        Ok(self.diff)
    }
}

impl Now {
    /// What the loss of a list of `read` identities is judged by: a list of the same cohort and
    /// identity fields. `diff` is absent where the fingerprints of the last list say nothing.
    pub(super) fn previous(
        &self,
        read: u64,
        snapshot: Option<(&Header, u64)>,
        diff: Option<Diff>,
    ) -> Option<Previous> {
        let longer = |count| Previous::longer(count, read);
        let kept = match (snapshot, diff) {
            (Some((header, _)), _) if !self.judged_by(header.cohort_id, header.identity) => None,
            (Some((_, count)), Some(Diff { removed, .. })) => Some(Previous { count, removed }),
            (Some((_, count)), None) => Some(longer(count)),
            (None, _) => self.remembered.map(longer),
        };
        let marked = self.marked;
        let marked = marked.filter(|m| self.judged_by(m.cohort_id, m.identity));
        let marked = marked.map(|marked| longer(marked.count));
        kept.into_iter().chain(marked).reduce(Previous::worse)
    }

    /// Whether the last list is of the same shape and holds the same identities.
    pub(super) fn is_same(&self, header: &Header, diff: Diff) -> bool {
        header.shape == self.shape.to_string() && diff.added == 0 && diff.removed == 0
    }

    /// Whether a list is of the same cohort and identity fields.
    fn judged_by(&self, cohort_id: i64, identity: u32) -> bool {
        (cohort_id, identity) == (self.cohort_id, self.identity)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fingerprint::FingerprintKey;
    use super::super::snapshot::tests::header_of;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const SHAPE: Shape = Shape { basis: 1, whole: 2 };
    const NOW: Now = Now {
        cohort_id: 4311,
        identity: 7,
        shape: SHAPE,
        remembered: Some(100),
        marked: None,
    };

    fn header() -> Header {
        header_of(SHAPE, &FingerprintKey::new([7; 32]))
    }

    fn previous(count: u64, removed: u64) -> Option<Previous> {
        Some(Previous { count, removed })
    }

    fn diff(removed: u64) -> Option<Diff> {
        Some(Diff {
            removed,
            ..Diff::default()
        })
    }

    #[test]
    fn another_key_still_guards_by_the_count() {
        assert_eq!(NOW.previous(1, Some((&header(), 3)), None), previous(3, 2));
    }

    #[test]
    fn a_loss_is_judged_only_against_the_same_cohort_and_identity() {
        let judged = |now: Now| now.previous(1, Some((&header(), 2)), diff(1));
        assert_eq!(judged(NOW), previous(2, 1));
        let shape = Shape { basis: 3, whole: 4 };
        assert_eq!(
            judged(Now { shape, ..NOW }),
            previous(2, 1),
            "of the same list"
        );
        assert_eq!(judged(Now { identity: 8, ..NOW }), None);
        let cohort_id = 1;
        assert_eq!(judged(Now { cohort_id, ..NOW }), None);
    }

    #[test]
    fn what_a_crashed_run_may_have_put_in_force_guards_too() {
        let header = header();
        let judged = |snapshot, cohort_id, count| {
            let marked = Some(MarkedList {
                count,
                cohort_id,
                identity: 7,
            });
            Now { marked, ..NOW }.previous(1, snapshot, diff(1))
        };
        assert_eq!(judged(Some((&header, 2)), 4311, 8), previous(8, 7));
        assert_eq!(judged(Some((&header, 2)), 4311, 1), previous(2, 1));
        assert_eq!(judged(Some((&header, 2)), 1, 8), previous(2, 1));
        assert_eq!(judged(None, 4311, 1000), previous(1000, 999));
        assert_eq!(judged(None, 4311, 8), previous(100, 99));
    }

    #[test]
    fn without_a_snapshot_the_remembered_count_guards() {
        assert_eq!(NOW.previous(1, None, None), previous(100, 99));
        let remembered = None;
        assert_eq!(Now { remembered, ..NOW }.previous(1, None, None), None);
    }

    #[test]
    fn another_shape_is_never_the_same_list() {
        let shape = Shape { whole: 3, ..SHAPE };
        assert!(NOW.is_same(&header(), Diff::default()));
        assert!(!Now { shape, ..NOW }.is_same(&header(), Diff::default()));
    }

    fn list() -> impl Strategy<Value = BTreeMap<Fingerprint, ProfileState>> {
        let state = prop_oneof![Just(ProfileState::Accepted), Just(ProfileState::Rejected)];
        prop::collection::btree_map((0_u8..30).prop_map(|first| [first; 16]), state, 0..25)
    }

    proptest! {
        /// Walked as two streams, they differ as the two sets do.
        #[test]
        fn the_numbers_are_those_of_the_sets(before in list(), after in list()) {
            let entry = |(key, state): (&Fingerprint, &ProfileState)| Ok(Entry { fingerprint: *key, profile: *state });
            let mut walk = Walk::new(before.iter().map(entry)).unwrap();
            for key in after.keys() {
                prop_assert_eq!(walk.step(key).unwrap(), before.get(key).copied());
            }
            let both = after.keys().filter(|key| before.contains_key(*key)).count();
            let expected = Diff {
                added: (after.len() - both) as u64,
                removed: (before.len() - both) as u64,
                unchanged: both as u64,
            };
            prop_assert_eq!(walk.end().unwrap(), expected);
        }
    }
}
