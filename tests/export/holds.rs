//! Never empty a segment by accident.

use mixtap::api::OnEmpty;
use mixtap::domain::{CohortRef, Reason};
use mixtap::export::{FingerprintKey, Release, Request, RunError};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Moment};
use mixtap::sandbox::mixpanel::UnknownCohort;

use crate::world::{COHORT, SEGMENT, World, sandbox};

fn held(error: RunError) -> (Reason, u64, u64, u64) {
    match error {
        RunError::Held {
            reason,
            previous,
            members,
            removed,
            ..
        } => (reason, previous, members, removed),
        other => panic!("{other:?}"),
    }
}

fn reason(error: RunError) -> Reason {
    match error {
        RunError::Failed(failure) => failure.reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_shrunk_cohort_is_held_and_released_for_no_greater_loss() {
    let world = World::new(&["a", "b", "c", "d"]);
    world.run(&world.request()).await.unwrap();
    let calls = world.clevertap_calls();
    world.members(&["a"]);
    let error = world.run(&world.later()).await.unwrap_err();
    assert_eq!(held(error), (Reason::HeldShrink, 4, 1, 3));
    let released = |removed| Request {
        release: Some(Release { removed }),
        ..world.later()
    };
    world.run(&released(2)).await.unwrap_err();
    assert_eq!(world.clevertap_calls(), calls, "a held run writes nothing");
    assert_eq!(world.segment(), ["a", "b", "c", "d"]);
    let done = world.run(&released(3)).await.unwrap();
    assert_eq!(done.counts.removed, 3);
    assert_eq!(world.segment(), ["a"]);
}

#[tokio::test]
async fn an_empty_cohort_is_held_from_the_first_run_on_unless_the_spec_lets_it_pass() {
    let mut world = World::new(&[]);
    let error = world.run(&world.request()).await.unwrap_err();
    assert_eq!(held(error), (Reason::HeldEmpty, 0, 0, 0));
    assert_eq!(world.clevertap_calls(), 0);
    world.members(&["a"]);
    world.run(&world.request()).await.unwrap();
    world.members(&[]);
    let error = world.run(&world.later()).await.unwrap_err();
    assert_eq!(held(error), (Reason::HeldEmpty, 1, 0, 1));
    world.plan.on_empty = OnEmpty::Export;
    let done = world.run(&world.later()).await.unwrap();
    assert!(done.counts.uploaded);
    assert!(world.segment().is_empty());
}

#[tokio::test]
async fn a_lost_state_or_another_key_never_opens_the_guard() {
    let mut world = World::new(&["a", "b", "c", "d"]);
    world.run(&world.request()).await.unwrap();
    world.members(&["a"]);
    world.key = FingerprintKey::new([8; 32]);
    let error = world.run(&world.later()).await.unwrap_err();
    assert_eq!(held(error), (Reason::HeldShrink, 4, 1, 3));
    std::fs::remove_dir_all(world.disk.path().join("state")).unwrap();
    let remembers = Request {
        previous_exported: Some(4),
        ..world.later()
    };
    let error = world.run(&remembers).await.unwrap_err();
    assert_eq!(held(error), (Reason::HeldShrink, 4, 1, 3));
    assert_eq!(world.segment(), ["a", "b", "c", "d"]);
    world.members(&["a", "b", "c"]);
    let done = world.run(&remembers).await.unwrap();
    assert!(done.counts.uploaded);
    assert_eq!(world.segment(), ["a", "b", "c"]);
}

#[tokio::test]
async fn an_edit_that_changes_neither_cohort_nor_identity_opens_no_guard() {
    let mut world = World::new(&["a", "b", "c", "d"]);
    world.run(&world.request()).await.unwrap();
    world.members(&["a"]);
    // The same cohort by its name, and the default segment by its own.
    world.plan.cohort = CohortRef::Name("Cart drop off".to_owned());
    world.plan.segment_name = Some(SEGMENT.to_owned());
    world.plan.create_profiles = false;
    let error = world.run(&world.request()).await.unwrap_err();
    assert_eq!(held(error), (Reason::HeldShrink, 4, 1, 3));
    assert_eq!(world.segment(), ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_crash_before_the_snapshot_opens_no_guard() {
    let world = World::new(&["a", "b", "c", "d"]);
    // Of the very first list, then of one that grew.
    for (first, members) in [(true, 4), (false, 8)] {
        let ids: Vec<String> = (0..members).map(|n| format!("m-{n}")).collect();
        world.members(&ids.iter().map(String::as_str).collect::<Vec<_>>());
        let after = Moment::AfterWork;
        let fault = world.fault(Call::ListComplete, 1, Action::Hold { at: after });
        let request = if first {
            world.request()
        } else {
            world.later()
        };
        tokio::select! {
            ended = world.run(&request) => panic!("{ended:?}"),
            hit = sandbox().faults().wait_hit(fault) => assert!(hit),
        }
        sandbox().faults().release(fault);
        let requests = sandbox().requests();
        requests
            .wait_answered(&world.account, Call::ListComplete, 200, 1)
            .await;
        assert_eq!(world.segment(), ids);
        world.members(&["m-0"]);
        // The next run may be another one.
        let error = world.run(&world.later()).await.unwrap_err();
        let expected = (Reason::HeldShrink, members, 1, members - 1);
        assert_eq!(held(error), expected);
        assert_eq!(world.segment(), ids);
        // A smaller loss passes, and is what counts from then on.
        world.members(&["m-0", "m-1", "m-2"]);
        if first {
            world.run(&world.later()).await.unwrap();
            world.members(&["m-0"]);
            let error = world.run(&world.later()).await.unwrap_err();
            assert_eq!(held(error), (Reason::HeldShrink, 3, 1, 2));
            requests.reset(&world.account);
        }
    }
}

#[tokio::test]
async fn rows_that_were_read_speak_against_a_404_of_the_app_api() {
    let world = World::new(&["a", "b", "c", "d"]);
    world.run(&world.request()).await.unwrap();
    world.members(&["a"]);
    let absent = Action::answer(404, "{\"status\":\"error\",\"error\":\"no route\"}");
    world.fault(Call::AppCohort, 1, absent);
    let lists = world.calls(Call::CohortsList);
    let error = world.run(&world.later()).await.unwrap_err();
    assert_eq!(held(error), (Reason::HeldShrink, 4, 1, 3));
    assert_eq!(world.calls(Call::CohortsList), lists + 1);
}

#[tokio::test]
async fn a_proof_that_our_budget_does_not_permit_waits() {
    let mut world = World::new(&["a"]);
    world.run(&world.request()).await.unwrap();
    world.members(&[]);
    // The read is the one query of this hour.
    world.connector.queries_per_hour = 1;
    world.fault(Call::AppCohort, 1, Action::answer(500, ""));
    let ended = world.run(&world.later()).await;
    assert!(matches!(ended, Err(RunError::Queued { .. })), "{ended:?}");
}

#[tokio::test]
async fn another_identity_is_not_judged_by_its_loss() {
    let mut world = World::new(&["a", "b", "c", "d"]);
    world.run(&world.request()).await.unwrap();
    world.members(&["x"]);
    world.plan.identity.property = "id".to_owned();
    world.run(&world.later()).await.unwrap();
    assert_eq!(world.segment(), ["x"]);
}

#[tokio::test]
async fn a_deleted_cohort_is_told_however_mixpanel_answers_for_it() {
    for answer in [
        UnknownCohort::BadRequest,
        UnknownCohort::NotFound,
        UnknownCohort::Empty,
    ] {
        let mut world = World::new(&["a"]);
        world.plan.on_empty = OnEmpty::Export;
        world.plan.max_shrink_percent = 100;
        world.run(&world.request()).await.unwrap();
        let mixpanel = sandbox().mixpanel();
        mixpanel
            .update_project(world.project, |project| project.unknown_cohort = answer)
            .unwrap();
        mixpanel.delete_cohort(world.project, COHORT).unwrap();
        let error = world.run(&world.later()).await.unwrap_err();
        assert_eq!(reason(error), Reason::CohortNotFound);
        assert_eq!(world.segment(), ["a"]);
    }
}

#[tokio::test]
async fn what_cannot_be_proven_is_not_gone() {
    let mut world = World::new(&["a"]);
    world.plan.on_empty = OnEmpty::Export;
    world.plan.max_shrink_percent = 100;
    world.run(&world.request()).await.unwrap();
    world.members(&[]);
    world.fault(Call::AppCohort, 1, Action::answer(500, ""));
    world.fault(
        Call::CohortsList,
        1,
        Action::answer(400, "{\"error\":\"no\"}"),
    );
    let error = world.run(&world.later()).await.unwrap_err();
    assert_eq!(reason(error), Reason::SourceUnavailable);
    assert_eq!(world.segment(), ["a"]);
    // A query that is refused though the cohort exists.
    world.fault(Call::Engage, 1, Action::answer(400, "{\"error\":\"no\"}"));
    let error = world.run(&world.later()).await.unwrap_err();
    assert_eq!(reason(error), Reason::SourceRefused);
}
