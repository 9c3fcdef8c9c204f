use super::*;
use crate::api::{CohortStatus, SegmentStatus};

#[test]
fn a_first_run_and_a_new_shape_say_that_they_are_under_way() {
    for (reason, queued) in [("Exporting", false), ("Queued", true)] {
        for mut export in [new(SyncType::OneTime), synced()] {
            export.shape = shape(2);
            export.generation = 2;
            if queued {
                let next = export.now + secs(60);
                export.put(|w| w.queued("Waits for the query budget.", Some(next)));
                assert_eq!(export.status.next_sync_time, Some(seconds(next)));
            } else {
                export.claim();
            }
            let row = ["Reconciling=True", "Ready=Unknown", "Synced=Unknown"];
            let row = row.map(|c| format!("{c} {reason}"));
            assert_eq!(told(&export.status.conditions), row);
            assert_eq!(export.status.observed_generation, Some(2));
        }
    }
}

#[test]
fn a_scheduled_run_changes_only_current_run_until_it_ends() {
    let mut export = synced();
    export.pass(900);
    export.generation = 2;
    let before = export.status.clone();
    let run = export.claim();
    let mut during = export.status.clone();
    assert_eq!(during.current_run.take(), Some(run));
    during.last_attempt_time = before.last_attempt_time.clone();
    during.next_sync_time = before.next_sync_time.clone();
    assert_eq!(
        during, before,
        "nobody trusts an old Ready: observedGeneration follows"
    );
    let run = export.status.current_run.clone().unwrap();
    export.end(&run, &End::Done(0));
    assert_eq!(export.status.observed_generation, Some(2));
}

#[test]
fn done_says_what_clevertap_accepted() {
    for (sync_type, ready) in [
        (SyncType::Dynamic, "Synced"),
        (SyncType::OneTime, "Completed"),
    ] {
        let mut export = new(sync_type);
        export.run(&End::Failed(Reason::SourceUnavailable, None), 1);
        export.pass(10);
        export.token = Some("t".into());
        export.run(&End::Done(0), 1);
        let status = &export.status;
        let row = ["Ready=True", "Synced=True"].map(|c| format!("{c} {ready}"));
        assert_eq!(told(&status.conditions), row);
        let message = "1,204 members accepted by CleverTap as segment 1234567890";
        assert!(status.conditions.iter().all(|c| c.message == message));
        let sync = status.last_run.as_ref().map(|r| r.finished_time.clone());
        assert_eq!(
            (
                status.last_sync_time.clone(),
                status.last_handled_request.as_deref()
            ),
            (sync, Some("t"))
        );
        assert_eq!(
            (
                &status.last_failure,
                status.consecutive_failures,
                &status.current_run
            ),
            (&None, None, &None)
        );
        assert_eq!(
            status.next_sync_time.is_some(),
            sync_type == SyncType::Dynamic
        );
        let before = export.status.clone();
        export.settle();
        assert_eq!(
            export.status, before,
            "a look that finds nothing writes nothing"
        );
    }
}

#[test]
fn an_export_that_the_state_holds_as_done_is_at_rest() {
    let mut export = new(SyncType::OneTime);
    export.run(&End::Failed(Reason::SourceUnavailable, None), 1);
    export.put(|w| {
        let cohort = CohortStatus {
            id: 4312,
            name: "Power users".into(),
        };
        let segment = SegmentStatus {
            name: "Mixpanel - Power users".into(),
            id: None,
        };
        w.already_exported(cohort, segment, "0-1".into(), Some("old".into()))
    });
    says(
        &export.status.conditions,
        ["Ready=True AlreadyExported", "Synced=True AlreadyExported"],
    );
    assert_eq!(export.status.last_handled_request.as_deref(), Some("old"));
    assert_eq!(
        (
            &export.status.last_failure,
            export.status.consecutive_failures
        ),
        (&None, None)
    );
}

#[test]
fn every_failure_of_a_run_has_its_row() {
    use Reason::*;
    for reason in [
        SourceUnavailable,
        DestinationUnavailable,
        RateLimited,
        IncompleteRead,
        RunInterrupted,
        StateUnavailable,
    ] {
        let mut export = synced();
        export.pass(900);
        export.run(&End::Failed(reason, None), 1);
        let row =
            ["Reconciling=True", "Ready=False", "Synced=False"].map(|c| format!("{c} {reason:?}"));
        assert_eq!(told(&export.status.conditions), row);
        assert_eq!(export.status.consecutive_failures, Some(1));
    }
    let stalled = [
        CohortNotFound,
        CohortAmbiguous,
        GroupCohort,
        SourceRefused,
        DestinationRefused,
        SegmentExists,
        StateTooNew,
        InvalidSpec,
        SegmentConflict,
    ];
    for reason in stalled {
        let mut export = synced();
        export.pass(900);
        let row =
            ["Stalled=True", "Ready=False", "Synced=False"].map(|c| format!("{c} {reason:?}"));
        export.run(&End::Failed(reason, None), 1);
        assert_eq!(told(&export.status.conditions), row);
        export.put(|w| w.blocked(&failure(reason)));
        assert_eq!(told(&export.status.conditions), row);
        assert_eq!(export.status.next_sync_time, None);
    }
}

#[test]
fn a_list_that_was_accepted_stays_so_while_the_connector_is_away() {
    let mut export = synced();
    export.put(|w| w.blocked(&failure(Reason::ConnectorNotReady)));
    let away = [
        "Reconciling=True ConnectorNotReady",
        "Ready=False ConnectorNotReady",
        "Synced=True Synced",
    ];
    says(&export.status.conditions, away);
    export.settle();
    says(
        &export.status.conditions,
        ["Ready=True Synced", "Synced=True Synced"],
    );
    export.pass(900);
    export.run(&End::Failed(Reason::ConnectorNotReady, None), 1);
    says(&export.status.conditions, away);
    export.settle();
    says(&export.status.conditions, away);
    export.pass(10);
    export.run(&End::Failed(Reason::IncompleteRead, None), 1);
    export.put(|w| w.blocked(&failure(Reason::ConnectorNotReady)));
    let row = ["Reconciling=True", "Ready=False", "Synced=Unknown"];
    assert_eq!(
        told(&export.status.conditions),
        row.map(|c| format!("{c} ConnectorNotReady"))
    );
}
