use std::io::Read as _;

use super::super::fingerprint::FingerprintKey;
use super::super::scratch::Scratch;
use super::super::snapshot::tests::header_of;
use super::*;

const SHAPE: Shape = Shape { basis: 1, whole: 2 };

#[test]
fn rejected_profiles_wait_a_day_or_for_a_new_shape() {
    let header = header_of(SHAPE, &FingerprintKey::new([1; 32]));
    let sent = header.rejected_sent;
    let at = |shape, now| Rejected::of(Some(&header), shape, now);
    let early = sent + Duration::from_secs(3600);
    assert_eq!(at(SHAPE, early), Rejected { due: false, sent });
    let late = sent + REJECTED_FOR;
    let now = Rejected {
        due: true,
        sent: late,
    };
    assert_eq!(at(SHAPE, late), now);
    let whole = Shape { whole: 3, ..SHAPE };
    assert!(at(whole, early).due);
    assert!(Rejected::of(None, SHAPE, early).due);
}

/// Notes these outcomes of a list's members, in their order; the states that come of it.
fn noted(outcomes: &[Outcome], counts: &mut Counts) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let mut entries = Scratch::new(dir.path(), u64::MAX).temp().unwrap();
    for _ in outcomes {
        io::Write::write_all(&mut entries, &[1; codec::ENTRY]).unwrap();
    }
    for (place, outcome) in (0..).zip(outcomes) {
        note(*outcome, place, &entries, counts).unwrap();
    }
    let mut bytes = Vec::new();
    entries.reader().read_to_end(&mut bytes).unwrap();
    let states = bytes
        .chunks(codec::ENTRY)
        .map(|entry| entry[codec::ENTRY - 1]);
    states.collect()
}

const fn rejected(code: Option<u16>) -> Outcome {
    Outcome::Rejected { code }
}

#[test]
fn outcomes_are_counted_by_code_and_kept_by_place() {
    let mut counts = Counts::default();
    let outcomes = [
        Outcome::Accepted,
        rejected(Some(515)),
        Outcome::Pending,
        rejected(Some(515)),
        rejected(None),
    ];
    assert_eq!(noted(&outcomes, &mut counts), [1, 2, 0, 2, 2]);
    assert_eq!((counts.profiles_created, counts.profiles_rejected), (1, 3));
    assert_eq!(counts.profiles_pending, 1);
    let warning = rejections(&counts).unwrap();
    assert!(warning.message.contains("515 (2), none (1)"), "{warning:?}");
    assert_eq!(rejections(&Counts::default()), None);
}

#[test]
fn what_is_pending_twice_in_a_row_is_set_aside() {
    let (dir, mut counts) = (tempfile::tempdir().unwrap(), Counts::default());
    let mut entries = Scratch::new(dir.path(), u64::MAX).temp().unwrap();
    io::Write::write_all(&mut entries, &[1; codec::ENTRY]).unwrap();
    note(Outcome::Pending, PENDING, &entries, &mut counts).unwrap();
    assert_eq!((counts.profiles_pending, counts.profiles_rejected), (0, 1));
    assert_eq!(counts.rejected_codes["555"], 1);
}

#[test]
fn codes_beyond_the_bound_are_counted_together() {
    let mut counts = Counts::default();
    let outcomes: Vec<_> = (0..1000)
        .chain(0..10)
        .map(|code| rejected(Some(code)))
        .collect();
    noted(&outcomes, &mut counts);
    assert_eq!(counts.rejected_codes.len(), CODES);
    assert_eq!(counts.rejected_codes["other"], 1000 - (CODES as i64 - 1));
    assert_eq!(counts.rejected_codes["9"], 2);
    assert_eq!(counts.rejected_codes.values().sum::<i64>(), 1010);
}
