use super::*;

#[test]
fn failures_back_off_from_10_s_to_15_min() {
    let mut export = dynamic();
    for want in [10, 20, 40, 80, 160, 320, 640, 900, 900] {
        export.run(&failed(Reason::SourceUnavailable), 1);
        assert_eq!(export.wait(), Some(want));
        until_due(&mut export);
        assert_eq!(export.why(), Some(Why::Retry));
    }
    export.run(&End::Done(0), 1);
    until_due(&mut export);
    export.run(&failed(Reason::SourceUnavailable), 1);
    assert_eq!(export.wait(), Some(10));
    assert_eq!(
        (backoff(i32::MIN), backoff(i32::MAX)),
        (secs(10), secs(900))
    );
}

#[test]
fn a_server_s_word_counts_up_to_its_limit() {
    for (reason, asked, want) in [
        (Reason::DestinationUnavailable, 3, 10),
        (Reason::DestinationUnavailable, 300, 300),
        (Reason::DestinationUnavailable, 3600, 900),
        (Reason::RateLimited, 3599, 3599),
        (Reason::RateLimited, u64::MAX, 3600),
    ] {
        let mut export = Export::new(SyncType::Dynamic, 60, 0);
        export.run(&End::Failed(reason, Some(asked)), 1);
        assert_eq!(export.wait(), Some(want), "{reason:?} {asked}");
    }
    let now = Timestamp::from_second(5).unwrap() + SignedDuration::from_millis(1);
    let next = retry_at(Reason::IncompleteRead, 1, None, now, now);
    assert_eq!(next.as_second(), 16, "never earlier than asked");
}

#[test]
fn a_stalled_run_is_looked_at_again_in_its_slot_even_if_that_is_far() {
    for interval in [60, QUARTER, 3600, DAY] {
        let mut export = Export::new(SyncType::Dynamic, interval, 0);
        let slot = slot_from(export.now, secs(interval), GROUP);
        export.now = slot - secs(interval / 2 - 10);
        export.run(&failed(Reason::CohortNotFound), 1);
        assert_eq!(export.wait(), Some(interval + interval / 2 - 11));
    }
}

#[test]
fn an_interrupted_run_is_resumed_once_at_once_and_then_spaced() {
    let mut export = dynamic();
    let first = export.run(&End::Crash, 60);
    for attempt in 2..6 {
        let wait = if attempt > PROMPT_ATTEMPTS {
            QUARTER - 60
        } else {
            0
        };
        assert_eq!(until_due(&mut export), wait, "attempt {attempt}");
        assert_eq!(export.why(), Some(Why::Resumed));
        let run = export.run(&End::Crash, 60);
        assert_eq!(
            (&run.id, run.attempt, run.reason.as_str()),
            (&first.id, attempt, "First")
        );
    }
    export.shape = shape(2);
    assert_eq!(export.why(), Some(Why::NewShape));
}

#[test]
fn what_stood_in_the_way_of_a_failed_run_lets_it_go_at_once() {
    for reason in [Reason::ConnectorNotReady, Reason::SegmentConflict] {
        let mut export = dynamic();
        export.run(&failed(Reason::CohortNotFound), 1);
        assert!(export.wait() > Some(0));
        export.put(|w| w.blocked(&Failure::new(reason, "In the way.")));
        assert_eq!(export.why(), Some(Why::Retry));
    }
    let mut export = dynamic();
    export.run(&failed(Reason::SegmentConflict), 1);
    assert_eq!(
        export.why(),
        Some(Why::Retry),
        "who asks has seen that the conflict is over"
    );
    export.run(&End::Done(0), 1);
    export.put(|w| w.blocked(&Failure::new(Reason::SegmentConflict, "In the way.")));
    assert_eq!(
        export.why(),
        Some(Why::Retry),
        "its winner may have written the list"
    );
    export.run(&End::Done(0), 1);
    export.put(|w| w.blocked(&Failure::new(Reason::ConnectorNotReady, "In the way.")));
    assert!(export.wait() > Some(0));
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let ends = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    prop_oneof![
        (ends.0..=ends.1).prop_map(|s| Timestamp::from_second(s).unwrap()),
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
    ]
}

proptest! {
    #[test]
    fn no_stored_time_brings_a_panic_or_a_long_wait(
        times in prop::array::uniform5(any_time()), now in any_time(), failed: bool, crashed: bool,
    ) {
        let mut export = dynamic();
        let run = export.run(&End::Done(1), 1);
        let time = |i: usize| seconds(times[i]);
        if failed {
            export.status.last_failure = Some(LastFailure {
                run_id: run.id.clone(),
                reason: "RateLimited".into(),
                time: time(0),
            });
        }
        export.status.current_run = crashed.then(|| crate::api::CurrentRun {
            attempt: 9,
            started_time: time(1),
            ..run
        });
        export.status.next_sync_time = Some(time(2));
        export.status.last_attempt_time = Some(time(3));
        export.status.last_run.as_mut().unwrap().finished_time = time(4);
        export.now = now;
        for sync_type in [SyncType::Dynamic, SyncType::OneTime] {
            export.plan.sync_type = sync_type;
            export.token = Some("t".into());
            prop_assert!(export.wait().unwrap() <= 3601);
        }
    }
}
