//! What one list holds, as it is kept in the state store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use crate::domain::{Counts, Destination};

/// What CleverTap knows of a list's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProfileState {
    /// Never sent as a profile.
    NotSent = 0,
    Accepted = 1,
    Rejected = 2,
}

/// An identity of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub fingerprint: Fingerprint,
    pub profile: ProfileState,
}

/// What a snapshot says beside its entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub destination: Destination,
    pub segment_id: Option<String>,
    pub cohort_id: i64,
    pub cohort_name: String,
    /// Fingerprint of what the identities are made of.
    pub identity: u32,
    /// Of the run, 16 hexadecimal digits.
    pub shape: String,
    /// Of the fingerprints.
    pub key_id: String,
    /// The run that uploaded the list last.
    pub run_id: String,
    pub counts: Counts,
    /// When CleverTap accepted the list.
    pub uploaded: Timestamp,
    /// When the profiles that are still rejected were sent last.
    pub rejected_sent: Timestamp,
    /// That run created profiles, which CleverTap may not have known yet when it processed the
    /// list: it is uploaded once more even if it stays the same.
    pub confirm_due: bool,
}

/// A list as it was accepted by CleverTap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub header: Header,
    /// In ascending order, each fingerprint once.
    pub(super) entries: Vec<Entry>,
}

impl Snapshot {
    /// Sorts the entries; of two with one fingerprint, the first stays.
    pub fn new(header: Header, mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.fingerprint);
        entries.dedup_by_key(|entry| entry.fingerprint);
        Self { header, entries }
    }

    /// How many identities the list holds.
    pub fn count(&self) -> u64 {
        self.entries.len() as u64
    }

    /// What is known of this identity; `None` if the list lacks it.
    pub fn profile(&self, fingerprint: &Fingerprint) -> Option<ProfileState> {
        let at = self
            .entries
            .binary_search_by_key(fingerprint, |entry| entry.fingerprint);
        at.ok().map(|at| self.entries[at].profile)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::fingerprint::FingerprintKey;
    use super::*;
    use crate::domain::Shape;

    pub fn list(segment: &str) -> Destination {
        Destination {
            host: "api.example.com".into(),
            project: "TEST-1".into(),
            segment: segment.into(),
        }
    }

    /// A snapshot of cohort 4311 by the identity rule 7 as the list "one", made at the start of 2026.
    pub fn snapshot_of(shape: Shape, key: &FingerprintKey, entries: Vec<Entry>) -> Snapshot {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let header = Header {
            destination: list("one"),
            segment_id: Some("123".into()),
            cohort_id: 4311,
            cohort_name: "Cart drop off".into(),
            identity: 7,
            shape: shape.to_string(),
            key_id: key.id(),
            run_id: shape.run_id("uid", "due"),
            counts: Counts {
                exported: entries.len() as u64,
                rejected_codes: [("515".into(), 2)].into(),
                ..Counts::default()
            },
            uploaded: now,
            rejected_sent: now,
            confirm_due: false,
        };
        Snapshot::new(header, entries)
    }

    #[test]
    fn of_two_entries_with_one_fingerprint_the_first_stays() {
        let (low, high) = ([1; 16], [2; 16]);
        let entry = |fingerprint, profile| Entry {
            fingerprint,
            profile,
        };
        let entries = vec![
            entry(high, ProfileState::Accepted),
            entry(low, ProfileState::Rejected),
            entry(high, ProfileState::NotSent),
        ];
        let shape = Shape { basis: 1, whole: 2 };
        let snapshot = snapshot_of(shape, &FingerprintKey::new([1; 32]), entries);
        assert_eq!(snapshot.count(), 2);
        assert_eq!(snapshot.profile(&low), Some(ProfileState::Rejected));
        assert_eq!(snapshot.profile(&high), Some(ProfileState::Accepted));
        assert_eq!(snapshot.profile(&[3; 16]), None);
    }
}
