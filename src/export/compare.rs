//! What a new list changes, as far as the last snapshot tells.

use super::fingerprint::FingerprintKey;
use super::snapshot::{Entry, ProfileState, Snapshot};
use crate::domain::guard::Previous;
use crate::domain::{Counts, Shape};
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

/// A new list beside the previous one.
pub(super) struct Comparison {
    /// In the order of the identities, with what was known of their profiles.
    pub entries: Vec<Entry>,
    pub added: u64,
    pub removed: u64,
    pub unchanged: u64,
    /// What a loss is judged by: a list of the same cohort and identity fields.
    pub previous: Option<Previous>,
    /// The snapshot is of the same shape and the same identities.
    pub same: bool,
}

impl Comparison {
    pub(super) fn of<'a>(
        identities: impl Iterator<Item = &'a String>,
        key: &FingerprintKey,
        snapshot: Option<&Snapshot>,
        now: Now,
    ) -> Self {
        // Under another key the fingerprints say nothing.
        let comparable = snapshot.filter(|snapshot| snapshot.header.key_id == key.id());
        let mut unchanged = 0;
        let entries: Vec<Entry> = identities
            .map(|identity| {
                let fingerprint = key.fingerprint(identity);
                let known = comparable.and_then(|snapshot| snapshot.profile(&fingerprint));
                unchanged += u64::from(known.is_some());
                Entry {
                    fingerprint,
                    profile: known.unwrap_or(ProfileState::NotSent),
                }
            })
            .collect();
        let read = entries.len() as u64;
        let removed = comparable.map_or(0, |snapshot| snapshot.count().saturating_sub(unchanged));
        let longer = |count| Previous::longer(count, read);
        let kept = match snapshot {
            Some(Snapshot { header, .. }) if !now.judged_by(header.cohort_id, header.identity) => {
                None
            }
            Some(snapshot) if comparable.is_some() => Some(Previous {
                count: snapshot.count(),
                removed,
            }),
            Some(snapshot) => Some(longer(snapshot.count())),
            None => now.remembered.map(longer),
        };
        let marked = now
            .marked
            .filter(|m| now.judged_by(m.cohort_id, m.identity));
        let marked = marked.map(|marked| longer(marked.count));
        let previous = kept.into_iter().chain(marked).reduce(Previous::worse);
        let same = comparable.is_some_and(|snapshot| {
            snapshot.header.shape == now.shape.to_string() && removed == 0 && unchanged == read
        });
        Self {
            added: read - unchanged,
            removed,
            unchanged,
            previous,
            same,
            entries,
        }
    }

    /// Adds what was found to a read's counts.
    pub(super) fn count(&self, counts: &mut Counts) {
        counts.added = self.added;
        counts.removed = self.removed;
        counts.unchanged = self.unchanged;
    }
}

impl Now {
    /// Whether a list is of the same cohort and identity fields.
    fn judged_by(&self, cohort_id: i64, identity: u32) -> bool {
        (cohort_id, identity) == (self.cohort_id, self.identity)
    }
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::tests::snapshot_of;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const SHAPE: Shape = Shape { basis: 1, whole: 2 };
    const NOW: Now = Now {
        cohort_id: 4311,
        identity: 7,
        shape: SHAPE,
        remembered: Some(100),
        marked: None,
    };

    fn key() -> FingerprintKey {
        FingerprintKey::new([7; 32])
    }

    fn kept(identities: &BTreeSet<String>) -> Snapshot {
        let entry = |identity: &String| Entry {
            fingerprint: key().fingerprint(identity),
            profile: ProfileState::Accepted,
        };
        snapshot_of(SHAPE, &key(), identities.iter().map(entry).collect())
    }

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| id.to_string()).collect()
    }

    fn previous(count: u64, removed: u64) -> Option<Previous> {
        Some(Previous { count, removed })
    }

    #[test]
    fn another_key_still_guards_by_the_count() {
        let (before, after) = (kept(&set(&["a", "b", "c"])), set(&["a"]));
        let other = FingerprintKey::new([8; 32]);
        let found = Comparison::of(after.iter(), &other, Some(&before), NOW);
        assert_eq!(found.previous, previous(3, 2));
        assert_eq!((found.added, found.removed, found.unchanged), (1, 0, 0));
        assert!(!found.same);
    }

    #[test]
    fn a_loss_is_judged_only_against_the_same_cohort_and_identity() {
        let (before, after) = (kept(&set(&["a", "b"])), set(&["a"]));
        let judged = |now| Comparison::of(after.iter(), &key(), Some(&before), now).previous;
        assert_eq!(judged(NOW), previous(2, 1));
        let another = Shape { basis: 3, whole: 4 };
        let shape = Now {
            shape: another,
            ..NOW
        };
        assert_eq!(judged(shape), previous(2, 1), "of the same list");
        let identity = Now { identity: 8, ..NOW };
        assert_eq!(judged(identity), None);
        let cohort = Now {
            cohort_id: 1,
            ..NOW
        };
        assert_eq!(judged(cohort), None);
    }

    #[test]
    fn what_a_crashed_run_may_have_put_in_force_guards_too() {
        let (before, after) = (kept(&set(&["a", "b"])), set(&["a"]));
        let judged = |snapshot, cohort_id, count| {
            let marked = Some(MarkedList {
                count,
                cohort_id,
                identity: 7,
            });
            let now = Now { marked, ..NOW };
            Comparison::of(after.iter(), &key(), snapshot, now).previous
        };
        assert_eq!(judged(Some(&before), 4311, 8), previous(8, 7));
        assert_eq!(judged(Some(&before), 4311, 1), previous(2, 1));
        assert_eq!(judged(Some(&before), 1, 8), previous(2, 1));
        assert_eq!(judged(None, 4311, 1000), previous(1000, 999));
        assert_eq!(judged(None, 4311, 8), previous(100, 99));
    }

    #[test]
    fn without_a_snapshot_the_remembered_count_guards() {
        let found = Comparison::of(set(&["a"]).iter(), &key(), None, NOW);
        assert_eq!(found.previous, previous(100, 99));
        assert_eq!((found.added, found.removed), (1, 0));
        let nothing = Now {
            remembered: None,
            ..NOW
        };
        let found = Comparison::of(set(&["a"]).iter(), &key(), None, nothing);
        assert_eq!(found.previous, None);
    }

    #[test]
    fn another_shape_is_never_the_same_list() {
        let (list, whole) = (set(&["a"]), Shape { whole: 3, ..SHAPE });
        let same = |now| Comparison::of(list.iter(), &key(), Some(&kept(&list)), now).same;
        assert!(same(NOW));
        assert!(!same(Now {
            shape: whole,
            ..NOW
        }));
    }

    proptest! {
        #[test]
        fn the_numbers_are_those_of_the_sets(before in "[a-h]{0,8}", after in "[a-h]{0,8}") {
            let chars = |text: &str| text.chars().map(String::from).collect::<BTreeSet<_>>();
            let (before, after) = (chars(&before), chars(&after));
            let found = Comparison::of(after.iter(), &key(), Some(&kept(&before)), NOW);
            prop_assert_eq!(found.added, after.difference(&before).count() as u64);
            prop_assert_eq!(found.removed, before.difference(&after).count() as u64);
            prop_assert_eq!(found.unchanged, before.intersection(&after).count() as u64);
            prop_assert_eq!(found.same, before == after);
            prop_assert_eq!(found.previous, previous(before.len() as u64, found.removed));
            for (identity, entry) in after.iter().zip(&found.entries) {
                prop_assert_eq!(entry.fingerprint, key().fingerprint(identity));
                prop_assert_eq!(entry.profile == ProfileState::Accepted, before.contains(identity));
            }
        }
    }
}
