use super::*;

#[test]
fn a_completed_one_time_export_never_runs_of_itself() {
    let mut export = one_time();
    for _ in 0..3 {
        export.run(&failed(Reason::CohortNotFound), 1);
        assert!(until_due(&mut export) >= QUARTER / 2 - 1);
        assert_eq!(export.why(), Some(Why::Retry));
    }
    export.run(&End::Done(0), 1);
    for change in 0..4 {
        export.pass(DAY);
        assert_eq!(export.due(), Due::Never);
        export.settle();
        match change {
            0 => export.generation += 1,
            1 => export.put(|w| w.suspended()),
            2 => export.put(|w| w.blocked(&Failure::new(Reason::ConnectorNotReady, "Absent."))),
            _ => {}
        }
    }
    export.token = Some("once more".into());
    assert_eq!(export.why(), Some(Why::Requested));
    export.run(&End::Done(0), 1);
    assert_eq!(export.due(), Due::Never);
}

#[test]
fn a_dynamic_export_that_becomes_one_time_is_completed_without_a_run() {
    let mut export = dynamic();
    for created in [5, 0, 5] {
        export.run(&End::Done(created), 1);
        until_due(&mut export);
    }
    export.run(&End::Done(5), 1);
    export.plan.sync_type = SyncType::OneTime;
    export.generation = 2;
    for _ in 0..2 {
        assert_eq!(export.due(), Due::Never);
        export.settle();
        export.pass(DAY);
    }
    assert_eq!(shown(&export.status), Some("Completed"));
}

#[test]
fn a_one_time_list_with_new_profiles_is_confirmed_once_and_never_by_a_run() {
    let mut export = one_time();
    export.run(&End::Done(3), 40);
    assert_eq!(export.wait(), Some(CONFIRM_DELAY));
    export.pass(CONFIRM_DELAY);
    let ends = [
        End::Crash,
        failed(Reason::DestinationUnavailable),
        End::Stopped,
        failed(Reason::DestinationRefused),
        End::Done(0),
    ];
    for end in &ends {
        let run = export.claim();
        assert_eq!(run.reason, "Confirming");
        export.end(&run, end);
        export.generation += 1;
        export.pass(2 * QUARTER);
    }
    assert_eq!(export.due(), Due::Never);
}

#[test]
fn a_token_during_a_failing_confirmation_gets_a_run_of_its_own() {
    let mut export = one_time();
    export.run(&End::Done(3), 1);
    export.pass(CONFIRM_DELAY);
    export.run(&failed(Reason::RateLimited), 1);
    export.token = Some("now".into());
    export.generation += 1;
    export.pass(MIN_INTERVAL);
    assert_eq!(export.why(), Some(Why::Requested));
    export.run(&failed(Reason::SourceUnavailable), 1);
    until_due(&mut export);
    assert_eq!(
        export.why(),
        Some(Why::Retry),
        "that one is made up for by a run"
    );
}
