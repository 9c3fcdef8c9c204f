//! A snapshot as bytes.
//!
//! ```text
//! "mixtap snapshot\n"                     16 bytes
//! format                                   4 bytes, big-endian
//! length of the header                     4 bytes, big-endian
//! header                                   JSON
//! entries, in ascending order             17 bytes each: fingerprint (16), profile state (1)
//! BLAKE3 of all the above                 32 bytes, in every format
//! ```

use bytes::Bytes;

use super::snapshot::{Entry, Header, ProfileState, Snapshot};
use crate::domain::Destination;

pub(super) const MAGIC: &[u8; 16] = b"mixtap snapshot\n";
pub(super) const FORMAT: u32 = 1;
const ENTRY: usize = 17;
const CHECKSUM: usize = 32;

/// Why a snapshot can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not a whole snapshot, or one of another list: counts as none.
    #[error("The snapshot is damaged.")]
    Damaged,
    #[error("The snapshot was written by a newer release: upgrade to that release.")]
    TooNew,
}

impl Snapshot {
    pub fn encode(&self) -> Bytes {
        let header = serde_json::to_vec(&self.header).expect("strings, numbers and times");
        let length = u32::try_from(header.len()).expect("a header of names and numbers is short");
        let mut out = Vec::with_capacity(
            MAGIC.len() + 8 + header.len() + self.entries.len() * ENTRY + CHECKSUM,
        );
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&header);
        for entry in &self.entries {
            out.extend_from_slice(&entry.fingerprint);
            out.push(entry.profile as u8);
        }
        let checksum = blake3::hash(&out);
        out.extend_from_slice(checksum.as_bytes());
        out.into()
    }

    /// The snapshot of this list, of any bytes.
    ///
    /// # Errors
    /// [`SnapshotError::TooNew`] only if the bytes are whole.
    pub fn decode(bytes: &[u8], of: &Destination) -> Result<Self, SnapshotError> {
        let (content, checksum) = bytes
            .split_last_chunk::<CHECKSUM>()
            .ok_or(SnapshotError::Damaged)?;
        let rest = content.strip_prefix(MAGIC).ok_or(SnapshotError::Damaged)?;
        if blake3::hash(content) != *checksum {
            return Err(SnapshotError::Damaged);
        }
        let (format, rest) = number(rest)?;
        if format > FORMAT {
            return Err(SnapshotError::TooNew);
        }
        let (length, rest) = number(rest)?;
        let (header, entries) = rest
            .split_at_checked(length as usize)
            .ok_or(SnapshotError::Damaged)?;
        let header: Header = serde_json::from_slice(header).map_err(|_| SnapshotError::Damaged)?;
        let (entries, rest) = entries.as_chunks::<ENTRY>();
        let entries: Option<Vec<Entry>> = entries.iter().map(entry).collect();
        let entries = entries.ok_or(SnapshotError::Damaged)?;
        let sorted = entries.is_sorted_by(|a, b| a.fingerprint < b.fingerprint);
        if header.destination != *of || !rest.is_empty() || !sorted {
            return Err(SnapshotError::Damaged);
        }
        Ok(Self { header, entries })
    }
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), SnapshotError> {
    let (number, rest) = bytes.split_first_chunk().ok_or(SnapshotError::Damaged)?;
    Ok((u32::from_be_bytes(*number), rest))
}

fn entry(bytes: &[u8; ENTRY]) -> Option<Entry> {
    let (fingerprint, [profile]) = bytes.split_first_chunk::<16>()? else {
        return None;
    };
    let profile = match profile {
        0 => ProfileState::NotSent,
        1 => ProfileState::Accepted,
        2 => ProfileState::Rejected,
        _ => return None,
    };
    Some(Entry {
        fingerprint: *fingerprint,
        profile,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fingerprint::{Fingerprint, FingerprintKey};
    use super::super::snapshot::tests::{list, snapshot_of};
    use super::*;
    use crate::domain::Shape;
    use proptest::prelude::*;

    fn snapshot(entries: Vec<Entry>) -> Snapshot {
        let shape = Shape { basis: 1, whole: 2 };
        snapshot_of(shape, &FingerprintKey::new([1; 32]), entries)
    }

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let state = prop_oneof![
            Just(ProfileState::NotSent),
            Just(ProfileState::Accepted),
            Just(ProfileState::Rejected)
        ];
        // Few values of the first byte and none of the rest: duplicates happen.
        let fingerprint = (0u8..40).prop_map(|first| {
            let mut fingerprint = Fingerprint::default();
            fingerprint[0] = first;
            fingerprint
        });
        let entry = (fingerprint, state).prop_map(|(fingerprint, profile)| Entry {
            fingerprint,
            profile,
        });
        proptest::collection::vec(entry, 0..40)
    }

    #[test]
    fn a_whole_newer_one_is_told_and_never_guessed_at() {
        let mut bytes = snapshot(vec![]).encode().to_vec();
        bytes[19] = 2;
        assert_eq!(
            Snapshot::decode(&bytes, &list("one")),
            Err(SnapshotError::Damaged)
        );
        let content = bytes.len() - CHECKSUM;
        let checksum = blake3::hash(&bytes[..content]);
        bytes[content..].copy_from_slice(checksum.as_bytes());
        assert_eq!(
            Snapshot::decode(&bytes, &list("one")),
            Err(SnapshotError::TooNew)
        );
    }

    #[test]
    fn another_lists_snapshot_counts_as_none() {
        let bytes = snapshot(vec![]).encode();
        assert!(Snapshot::decode(&bytes, &list("one")).is_ok());
        assert!(Snapshot::decode(&bytes, &list("two")).is_err());
    }

    proptest! {
        #[test]
        fn it_comes_back_as_it_was(entries in entries()) {
            let written = snapshot(entries);
            let read = Snapshot::decode(&written.encode(), &list("one"));
            prop_assert_eq!(read, Ok(written));
        }

        #[test]
        fn any_flipped_bit_or_lost_byte_is_damage(entries in entries(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let bytes = snapshot(entries).encode().to_vec();
            let at = at.index(bytes.len());
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            prop_assert_eq!(Snapshot::decode(&flipped, &list("one")), Err(SnapshotError::Damaged));
            prop_assert_eq!(Snapshot::decode(&bytes[..at], &list("one")), Err(SnapshotError::Damaged));
            let mut longer = bytes;
            longer.insert(at, bit);
            prop_assert_eq!(Snapshot::decode(&longer, &list("one")), Err(SnapshotError::Damaged));
        }

        #[test]
        fn whatever_the_bytes_it_never_panics(content in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = [MAGIC.as_slice(), &1u32.to_be_bytes(), &content].concat();
            bytes.extend_from_slice(blake3::hash(&bytes).as_bytes());
            prop_assert_eq!(Snapshot::decode(&bytes, &list("one")), Err(SnapshotError::Damaged));
            prop_assert_eq!(Snapshot::decode(&content, &list("one")), Err(SnapshotError::Damaged));
        }
    }
}
