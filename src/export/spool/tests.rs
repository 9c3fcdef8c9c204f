use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::api::{IdentityFallback, TotalCheck};

/// A row's distinct id and identity property.
pub(in crate::export) type Row = (String, Option<String>);

pub(in crate::export) fn layout(profile: &[usize]) -> Layout {
    Layout {
        rule: IdentityRule {
            property: "id".into(),
            fallback: IdentityFallback::DistinctId,
            exclude_device_ids: true,
        },
        own: 0,
        profile: profile.into(),
    }
}

/// Few ids and many equal ones.
pub(in crate::export) fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = ("(\\$device:)?[a-d ]{1,2}", prop::option::of("[a-d ]{0,2}"));
    prop::collection::vec(row, 0..60)
}

/// A read of these rows, `size` a page, of which the last comes first.
pub(in crate::export) fn spooled(
    rows: &[Row],
    size: u64,
    scratch: &Scratch,
) -> Result<Spooled, Unusable> {
    let mut spool = Spool::new(scratch, &FingerprintKey::new([7; 32]), layout(&[1])).unwrap();
    for (number, (id, own)) in rows.iter().enumerate().rev() {
        let own = own.as_ref().map(|own| serde_json::json!(own).to_string());
        let email = format!("\"{number}@example.com\"");
        let mut batch = Batch::new(2);
        batch.push(number as u64, id, &[own.as_deref(), Some(&email)]);
        spool.take(&batch).unwrap();
    }
    spool.close(&Tally::of(rows.len() as u64, size, TotalCheck::PageCount))
}

/// The rows that count, by identity, and how many are left out: anonymous, without identity,
/// duplicates.
pub(in crate::export) fn naive(rows: &[Row]) -> (BTreeMap<String, u64>, [u64; 3]) {
    let (mut ids, mut out, mut left_out) = (HashSet::new(), BTreeMap::new(), [0; 3]);
    for (number, (id, own)) in rows.iter().enumerate() {
        if !ids.insert(id) {
            continue;
        }
        let own = own.as_deref().unwrap_or_default().trim();
        let identity = if own.is_empty() { id.trim() } else { own };
        if id.trim_start().starts_with("$device:") {
            left_out[0] += 1;
        } else if identity.is_empty() {
            left_out[1] += 1;
        } else if out.contains_key(identity) {
            left_out[2] += 1;
        } else {
            out.insert(identity.to_owned(), number as u64);
        }
    }
    (out, left_out)
}

fn scratch() -> (tempfile::TempDir, Scratch) {
    let dir = tempfile::tempdir().unwrap();
    let scratch = Scratch::new(dir.path(), u64::MAX);
    (dir, scratch)
}

proptest! {
    #[test]
    fn every_distinct_row_is_accounted_for_whatever_the_order(rows in rows()) {
        let (_dir, scratch) = scratch();
        let spooled = spooled(&rows, 100, &scratch).unwrap();
        let (expected, [anonymous, no_identity, duplicates]) = naive(&rows);
        let distinct: HashSet<_> = rows.iter().map(|(id, _)| id).collect();
        prop_assert_eq!(spooled.rows, distinct.len() as u64);
        prop_assert_eq!(spooled.skipped_anonymous, anonymous);
        prop_assert_eq!(spooled.skipped_no_identity, no_identity);
        let (mut found, mut repeats, mut keys) = (BTreeMap::new(), 0, Vec::new());
        spooled.drain(|record, first| {
            let (identity, _) = payload::read(record.payload).unwrap();
            if first {
                keys.push(record.key);
                found.insert(identity.to_owned(), record.number);
            } else {
                repeats += 1;
            }
            Ok(())
        }).unwrap();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(repeats, duplicates);
        prop_assert!(keys.is_sorted());
    }
}

fn row(id: &str) -> Row {
    (id.to_owned(), None)
}

#[test]
fn a_page_that_brings_nothing_of_its_own_is_another_one_sent_twice() {
    let (_dir, scratch) = scratch();
    let repeated = [row("a"), row("b"), row("b"), row("a")];
    let ended = spooled(&repeated, 2, &scratch);
    assert!(matches!(ended, Err(Unusable::Broken(_))));
    let shifted = [row("a"), row("b"), row("b"), row("c")];
    assert_eq!(spooled(&shifted, 2, &scratch).unwrap().rows, 3);
}

#[test]
fn only_values_count_as_properties() {
    let (_dir, scratch) = scratch();
    let mut spool = Spool::new(&scratch, &FingerprintKey::new([7; 32]), layout(&[1])).unwrap();
    let mut take = |raws: [Option<&str>; 2]| {
        let mut batch = Batch::new(2);
        batch.push(0, "a", &raws);
        spool.take(&batch).unwrap();
        spool.any_property
    };
    assert!(!take([None, None]));
    assert!(!take([Some("null"), None]));
    assert!(take([None, Some("false")]));
}

#[test]
fn a_limit_that_is_reached_is_told_and_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let scratch = Scratch::new(dir.path(), 64 << 10);
    let mut spool = Spool::new(&scratch, &FingerprintKey::new([7; 32]), layout(&[])).unwrap();
    let error = (0..100_000).find_map(|number| {
        let mut batch = Batch::new(2);
        batch.push(number, &number.to_string(), &[None, None]);
        spool.take(&batch).err()
    });
    assert_eq!(error.unwrap().kind(), io::ErrorKind::QuotaExceeded);
    drop(spool);
    assert_eq!(scratch.used(), 0);
}
