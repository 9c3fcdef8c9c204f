use super::super::fingerprint::FingerprintKey;
use super::super::snapshot::tests::{header_of, list};
use super::*;
use crate::domain::Shape;
use proptest::prelude::*;

fn encoded(entries: &[Entry]) -> Vec<u8> {
    let header = header_of(Shape { basis: 1, whole: 2 }, &FingerprintKey::new([1; 32]));
    let entries: Vec<u8> = entries.iter().flat_map(|entry| entry.to_bytes()).collect();
    let mut out = Vec::new();
    write(&header, &entries[..], &mut out).unwrap();
    out
}

/// The entries of these bytes, which come in pieces of `size`.
fn decoded(bytes: &[u8], size: usize, of: &str) -> Result<Vec<u8>, SnapshotError> {
    let (mut checker, mut entries) = (Checker::new(&list(of)), Vec::new());
    for piece in bytes.chunks(size) {
        checker.push(piece, &mut entries).unwrap();
    }
    let (_, count) = checker.finish()?;
    assert_eq!(count as usize * ENTRY, entries.len());
    Ok(entries)
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let state = prop_oneof![
        Just(ProfileState::NotSent),
        Just(ProfileState::Accepted),
        Just(ProfileState::Rejected)
    ];
    prop::collection::btree_map(any::<[u8; 16]>(), state, 0..40).prop_map(|map| {
        let entry = |(fingerprint, profile)| Entry {
            fingerprint,
            profile,
        };
        map.into_iter().map(entry).collect()
    })
}

fn resum(bytes: &mut [u8]) {
    let content = bytes.len() - CHECKSUM;
    let checksum = blake3::hash(&bytes[..content]);
    bytes[content..].copy_from_slice(checksum.as_bytes());
}

#[test]
fn a_whole_newer_one_is_told_and_never_guessed_at() {
    let mut bytes = encoded(&[]);
    bytes[19] = 2;
    assert_eq!(decoded(&bytes, 9, "one"), Err(SnapshotError::Damaged));
    resum(&mut bytes);
    assert_eq!(decoded(&bytes, 9, "one"), Err(SnapshotError::TooNew));
}

#[test]
fn another_lists_snapshot_counts_as_none() {
    let bytes = encoded(&[]);
    assert!(decoded(&bytes, 9, "one").is_ok());
    assert!(decoded(&bytes, 9, "two").is_err());
}

#[test]
fn entries_out_of_order_are_damage() {
    let entry = |first| Entry {
        fingerprint: [first; 16],
        profile: ProfileState::Accepted,
    };
    assert!(decoded(&encoded(&[entry(1), entry(2)]), 99, "one").is_ok());
    for pair in [[entry(2), entry(1)], [entry(1), entry(1)]] {
        assert!(decoded(&encoded(&pair), 99, "one").is_err());
    }
}

proptest! {
    #[test]
    fn it_comes_back_as_it_was_in_any_pieces(entries in entries(), size in 1_usize..200) {
        let bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.to_bytes()).collect();
        prop_assert_eq!(decoded(&encoded(&entries), size, "one"), Ok(bytes));
    }

    #[test]
    fn any_flipped_bit_or_lost_byte_is_damage(
        entries in entries(), at in any::<prop::sample::Index>(), bit in 0u8..8, size in 1_usize..200,
    ) {
        let bytes = encoded(&entries);
        let at = at.index(bytes.len());
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << bit;
        prop_assert_eq!(decoded(&flipped, size, "one"), Err(SnapshotError::Damaged));
        prop_assert_eq!(decoded(&bytes[..at], size, "one"), Err(SnapshotError::Damaged));
        let mut longer = bytes;
        longer.insert(at, bit);
        prop_assert_eq!(decoded(&longer, size, "one"), Err(SnapshotError::Damaged));
    }

    #[test]
    fn whatever_the_bytes_it_never_panics(content in prop::collection::vec(any::<u8>(), 0..200), size in 1_usize..99) {
        let mut bytes = [MAGIC.as_slice(), &1u32.to_be_bytes(), &content, &[0; CHECKSUM]].concat();
        resum(&mut bytes);
        prop_assert_eq!(decoded(&bytes, size, "one"), Err(SnapshotError::Damaged));
        prop_assert_eq!(decoded(&content, size, "one"), Err(SnapshotError::Damaged));
    }
}
