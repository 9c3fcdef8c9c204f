use proptest::prelude::*;

use super::*;

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

#[test]
fn a_full_window_says_when_its_oldest_query_leaves() {
    let (mut ledger, start) = (Ledger::default(), Instant::now());
    for s in [0, 10] {
        ledger.book(2, start + seconds(s)).unwrap();
        ledger.settle(true, start + seconds(s));
    }
    assert_eq!(ledger.book(2, start + seconds(100)), Err(seconds(3500)));
    assert_eq!(ledger.free(2, start + seconds(100)), 0);
    assert_eq!(ledger.free(3, start + seconds(100)), 1);
    ledger.book(2, start + seconds(3600)).unwrap();
    assert_eq!(
        ledger.book(2, start + seconds(3601)),
        Err(seconds(9)),
        "the second leaves at 3610"
    );
    ledger.settle(false, start + seconds(3602));
    ledger.book(2, start + seconds(3602)).unwrap();
}

#[test]
fn the_servers_limit_lowers_ours_and_never_raises_it() {
    let (mut ledger, now) = (Ledger::default(), Instant::now());
    ledger.learn(10);
    assert_eq!(ledger.free(48, now), 8);
    ledger.learn(600);
    assert_eq!(ledger.free(48, now), 48);
    ledger.learn(0);
    assert_eq!(ledger.free(48, now), 1);
}

#[test]
fn a_closed_window_opens_by_the_earlier_of_the_servers_word_and_our_ledger() {
    let (mut ledger, start) = (Ledger::default(), Instant::now());
    assert_eq!(ledger.close(Some(seconds(9999)), start), seconds(3600));
    assert_eq!(ledger.book(48, start), Err(seconds(3600)));
    assert!(!ledger.is_blank(start));
    let now = start + seconds(3600);
    assert!(ledger.is_blank(now));
    ledger.book(48, now).unwrap();
    ledger.settle(true, now);
    let later = now + seconds(3000);
    assert_eq!(ledger.close(None, later), seconds(600));
    assert_eq!(ledger.close(Some(seconds(60)), later), seconds(60));
    assert_eq!(ledger.close(Some(seconds(0)), later), SHORTEST);
}

proptest! {
    /// Queries of any length, at any time: in no hour do more than the limit start.
    #[test]
    fn no_hour_ever_sees_more_than_the_limit(
        limit in 1_u32..6,
        steps in prop::collection::vec((0_u64..1200, any::<bool>()), 1..200),
    ) {
        let (mut ledger, mut now) = (Ledger::default(), Instant::now());
        let (mut starts, mut running) = (Vec::new(), 0);
        for (pass, end) in steps {
            now += seconds(pass);
            if end && running > 0 {
                ledger.settle(true, now);
                running -= 1;
            } else if ledger.book(limit, now).is_ok() {
                starts.push(now);
                running += 1;
            } else {
                prop_assert!(ledger.when(1, limit, now) > Duration::ZERO);
            }
            let recent = starts.iter().filter(|s| now.duration_since(**s) < WINDOW).count();
            prop_assert!(recent <= limit as usize);
        }
    }

    #[test]
    fn what_is_reserved_nobody_else_gets_and_its_owner_does(
        limit in 1_u32..6,
        reserved in 1_u32..6,
        others in 0_u32..10,
    ) {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        let reserved = reserved.min(limit);
        ledger.reserve(reserved);
        let got = (0..others).filter(|_| ledger.book(limit, now).is_ok()).count();
        prop_assert_eq!(got, others.min(limit - reserved) as usize);
        for _ in 0..reserved {
            prop_assert_eq!(ledger.book_reserved(limit, now), Ok(()));
        }
        prop_assert_eq!(ledger.free(limit, now), limit - reserved - got as u32);
    }

    /// Another process knows no less, and what was under way counts as of its start.
    #[test]
    fn a_record_brings_all_back(
        ages in prop::collection::vec(0_u64..4000, 0..20),
        running in 0_u32..4,
        down in 0_u64..4000,
    ) {
        let now = Instant::now() + WINDOW * 3;
        let mut ages = ages;
        ages.sort_by(|a, b| b.cmp(a));
        let mut ledger = Ledger::default();
        for age in &ages {
            ledger.book_anyway();
            ledger.settle(true, now - seconds(*age));
        }
        (0..running).for_each(|_| ledger.book_anyway());
        let record = ledger.record(now);
        let mut again = Ledger::default();
        again.restore(record.clone(), now);
        let left = ages.iter().filter(|age| **age < 3600).count() as u32;
        prop_assert_eq!(again.free(100, now), 100 - left - running);
        let later = now + seconds(down);
        let left = ages.iter().filter(|age| **age + down < 3600).count() as u32;
        let running = if down < 3600 { running } else { 0 };
        prop_assert_eq!(again.free(100, later), 100 - left - running);
    }

    /// They take room, and are kept by those whose they are.
    #[test]
    fn what_others_asked_counts_once_and_is_not_ours_to_keep(
        mine in 0_u32..5,
        before in prop::collection::vec(0_u64..3600, 0..5),
        after in prop::collection::vec(0_u64..3600, 0..5),
    ) {
        let now = Instant::now() + WINDOW * 3;
        let mut ledger = Ledger::default();
        for _ in 0..mine {
            ledger.book_anyway();
            ledger.settle(true, now);
        }
        let said = |ages: &[u64]| Record {
            ended: ages.iter().map(|age| seconds(*age)).collect(),
            running: 1,
            ..Record::default()
        };
        for others in [&before, &after, &after] {
            ledger.count_others(vec![said(others), said(&[])], now);
            let others = others.len() as u32 + 2;
            prop_assert_eq!(ledger.free(100, now), 100 - mine - others);
            prop_assert_eq!(ledger.record(now).ended.len(), mine as usize);
        }
    }

    #[test]
    fn after_the_named_wait_there_is_room(
        limit in 1_u32..6,
        gaps in prop::collection::vec(0_u64..2000, 1..40),
    ) {
        let (mut ledger, mut now) = (Ledger::default(), Instant::now());
        for gap in gaps {
            now += seconds(gap);
            if let Err(wait) = ledger.book(limit, now) {
                now += wait;
                prop_assert_eq!(ledger.book(limit, now), Ok(()));
            }
            ledger.settle(true, now);
        }
    }
}
