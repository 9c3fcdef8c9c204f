use super::*;

#[test]
fn a_first_run_is_due_at_once_and_a_day_holds_96() {
    let mut export = dynamic();
    assert_eq!(export.why(), Some(Why::First));
    export.run(&End::Done(0), 30);
    until_due(&mut export);
    let first = export.now;
    let mut starts = Vec::new();
    while export.now < first + secs(DAY) {
        starts.push(export.now.as_second() % QUARTER);
        assert_eq!(export.why(), Some(Why::Scheduled));
        export.run(&End::Done(0), 7 + starts.len() as i64 * 8);
        until_due(&mut export);
    }
    assert_eq!(starts.len(), 96);
    assert!(starts.iter().all(|phase| *phase == starts[0]), "{starts:?}");
}

#[test]
fn slots_follow_what_is_read_and_no_clock() {
    let interval = secs(QUARTER);
    let now = Timestamp::from_second(1_767_225_600).unwrap();
    let phases: std::collections::BTreeSet<_> = (0..200)
        .map(|n| slot_from(now, interval, &group("shop", "main", &CohortRef::Id(n))).as_second())
        .collect();
    assert!(phases.len() > 150, "{}", phases.len());
    let slot = slot_from(now, interval, GROUP);
    assert_eq!(slot_from(slot, interval, GROUP), slot);
    let half_hour = slot_from(now, interval * 2, GROUP);
    assert_eq!(
        slot_from(half_hour, interval, GROUP),
        half_hour,
        "a cohort read each half hour is due when one each quarter is"
    );
    let just_after = slot + SignedDuration::from_nanos(1);
    assert_eq!(slot_from(just_after, interval, GROUP), slot + interval);
}

#[test]
fn a_slot_soon_after_a_start_or_during_the_run_is_skipped() {
    for early in [
        1,
        QUARTER / 2 - 1,
        QUARTER / 2,
        QUARTER / 2 + 1,
        QUARTER - 1,
    ] {
        let mut export = dynamic();
        export.now = slot_from(export.now, secs(QUARTER), GROUP) - secs(early);
        export.run(&End::Done(0), 1);
        let skipped = early < QUARTER / 2;
        let want = early + if skipped { QUARTER } else { 0 } - 1;
        assert_eq!(export.wait(), Some(want), "{early} s before a slot");
    }
    let mut export = dynamic();
    export.now = slot_from(export.now, secs(QUARTER), GROUP);
    export.run(&End::Done(0), 2 * QUARTER + 1);
    assert_eq!(export.wait(), Some(QUARTER - 1));
}

#[test]
fn times_that_no_right_clock_wrote_count_as_absent() {
    let mut export = dynamic();
    export.run(&failed(Reason::SourceUnavailable), 1);
    export.status.next_sync_time = Some(seconds(export.now + secs(901 + 1)));
    assert_eq!(export.wait(), Some(10));
    export.pass(-DAY);
    assert_eq!(export.why(), Some(Why::Retry));
    export.run(&End::Done(0), 1);
    export.pass(-DAY);
    assert_eq!(export.why(), Some(Why::Scheduled));
    export.run(&End::Crash, 1);
    export.run(&End::Crash, 1);
    export.pass(-DAY);
    assert_eq!(export.why(), Some(Why::Resumed));
}

proptest! {
    #[test]
    fn runs_of_any_length_keep_the_phase_and_lose_no_free_slot(
        uid_second in 0..DAY, lengths in prop::collection::vec(1..3 * QUARTER, 1..40),
    ) {
        let mut export = Export::new(SyncType::Dynamic, QUARTER, uid_second);
        export.run(&End::Done(0), 1);
        until_due(&mut export);
        let phase = export.now.as_second() % QUARTER;
        for length in lengths {
            let start = export.now;
            export.run(&End::Done(0), length);
            until_due(&mut export);
            prop_assert_eq!(export.now.as_second() % QUARTER, phase);
            let slots = (export.now - start).get_seconds() / QUARTER;
            prop_assert_eq!(slots, length / QUARTER + 1);
        }
    }

    #[test]
    fn a_restart_runs_nothing_early_and_missed_slots_collapse(second in 0..DAY, away in 1..3 * DAY) {
        let mut export = Export::new(SyncType::Dynamic, QUARTER, second);
        export.run(&End::Done(0), 20);
        let wait = export.wait().unwrap();
        export.pass(away);
        prop_assert_eq!(export.why().is_some(), away >= wait);
        if away >= wait {
            export.run(&End::Done(0), 1);
            prop_assert!(export.wait().unwrap() >= QUARTER / 2 - 1);
        }
    }

    #[test]
    fn a_clock_that_jumps_costs_one_run_and_delays_none_for_long(
        jumps in prop::collection::vec(-2 * DAY..2 * DAY, 1..20),
    ) {
        let mut export = dynamic();
        for jump in jumps {
            export.run(&End::Done(0), 1);
            prop_assert!(export.wait() > Some(0));
            export.pass(jump);
            prop_assert!(export.wait().unwrap() <= 2 * QUARTER);
            until_due(&mut export);
        }
    }
}
