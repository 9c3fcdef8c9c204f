//! Faults in the middle of an export: the segment ends as it was or as it should be.

use mixtap::domain::Reason;
use mixtap::export::{Done, Request, RunError, Vendor};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault, Moment};

use crate::world::{World, sandbox};

pub fn reason(ended: Result<Done, RunError>) -> Reason {
    match ended {
        Err(RunError::Failed(failure)) => failure.reason,
        other => panic!("{other:?}"),
    }
}

/// A cohort of five in pages of two, whose list ["1", "2"] is to become those five.
pub async fn growing() -> World {
    let world = World::new(&["1", "2"]);
    let settings = |project: &mut mixtap::sandbox::mixpanel::ProjectSettings| project.page_size = 2;
    sandbox()
        .mixpanel()
        .update_project(world.project, settings)
        .unwrap();
    world.run(&world.request()).await.unwrap();
    world.members(&["1", "2", "3", "4", "5"]);
    world
}

#[tokio::test]
async fn a_fault_that_passes_is_outlived_within_the_run() {
    let reset = |at| Action::Reset { at };
    let faults = [
        (Call::Engage, Action::answer(503, "")),
        (Call::Engage, Action::CutBody { after: 30 }),
        (Call::EngagePage, reset(Moment::BeforeWork)),
        (Call::EngagePage, Action::LoseSession),
        (Call::EngagePage, Action::HidePage),
        (Call::EngagePage, Action::DuplicatePage),
        (Call::EngagePage, Action::ShiftRows { by: 1 }),
        (Call::EngagePage, Action::garbage()),
        (Call::Upload, reset(Moment::BeforeWork)),
        (Call::Upload, reset(Moment::AfterWork)),
        (Call::Upload, Action::answer(429, "")),
        (
            Call::Upload,
            Action::FailRecord {
                record: 2,
                code: 555,
            },
        ),
        (Call::ListUrl, Action::come_back_later()),
        (Call::ListUrl, Action::garbage()),
        (
            Call::ListPut,
            Action::answer(403, "<Error><Code>ExpiredToken</Code></Error>"),
        ),
        (Call::ListPut, reset(Moment::AfterWork)),
        (Call::ListComplete, reset(Moment::BeforeWork)),
        (Call::ListComplete, reset(Moment::AfterWork)),
        (Call::ListComplete, Action::answer_after_work(504, "")),
    ];
    for (call, action) in faults {
        let world = growing().await;
        let fault = world.fault(call, 1, action.clone());
        let before = world.clevertap_calls();
        let done = world.run(&world.later()).await;
        assert!(done.is_ok(), "{call:?} {action:?}: {done:?}");
        assert_eq!(sandbox().faults().hits(fault), 1, "{call:?} {action:?}");
        assert_eq!(
            world.segment(),
            ["1", "2", "3", "4", "5"],
            "{call:?} {action:?}"
        );
        // Four calls without a fault.
        assert!(world.clevertap_calls() - before <= 6, "{call:?} {action:?}");
    }
}

#[tokio::test]
async fn a_fault_that_stays_fails_the_run_and_leaves_the_segment() {
    let storage = "<Error><Code>SlowDown</Code></Error>";
    for (call, action, expected) in [
        (
            Call::Engage,
            Action::answer(500, ""),
            Reason::SourceUnavailable,
        ),
        (
            Call::Engage,
            Action::error_in_200("broken"),
            Reason::IncompleteRead,
        ),
        (Call::EngagePage, Action::HidePage, Reason::IncompleteRead),
        (
            Call::EngagePage,
            Action::LoseSession,
            Reason::IncompleteRead,
        ),
        (
            Call::EngagePage,
            Action::ShiftRows { by: 1 },
            Reason::IncompleteRead,
        ),
        (
            Call::Upload,
            Action::answer(500, ""),
            Reason::DestinationUnavailable,
        ),
        (Call::Upload, Action::answer(429, ""), Reason::RateLimited),
        (
            Call::ListUrl,
            Action::come_back_later(),
            Reason::DestinationUnavailable,
        ),
        (
            Call::ListPut,
            Action::answer(503, storage),
            Reason::DestinationUnavailable,
        ),
        (
            Call::ListComplete,
            Action::answer(500, ""),
            Reason::DestinationUnavailable,
        ),
        (
            Call::ListComplete,
            Action::answer(
                200,
                "{\"status\":\"fail\",\"error\":\"campaign is running\"}",
            ),
            Reason::DestinationRefused,
        ),
    ] {
        let world = growing().await;
        let scope = world.scope(call);
        let fault = sandbox()
            .faults()
            .add(Fault::new(action.clone()).call(call).scope(scope));
        let before = (world.calls(call), world.clevertap_calls());
        assert_eq!(
            reason(world.run(&world.later()).await),
            expected,
            "{call:?} {action:?}"
        );
        assert_eq!(world.segment(), ["1", "2"], "{call:?} {action:?}");
        // Eight attempts a call; the storage's addresses and a broken session's pages more.
        assert!(world.calls(call) - before.0 <= 24, "{call:?} {action:?}");
        sandbox().faults().remove(fault);
        world.run(&world.later()).await.unwrap();
        assert_eq!(
            world.segment(),
            ["1", "2", "3", "4", "5"],
            "{call:?} {action:?}"
        );
    }
}

#[tokio::test]
async fn refused_credentials_are_the_connectors() {
    let world = growing().await;
    let clevertap = sandbox().clevertap();
    let passcode = |passcode: &str| {
        let passcode = passcode.to_owned();
        clevertap
            .update_account(&world.account, |account| account.passcode = passcode)
            .unwrap();
    };
    passcode("another");
    let refused = |ended: Result<Done, RunError>| match ended {
        Err(RunError::CredentialsRefused { vendor, failure }) => (vendor, failure.reason),
        other => panic!("{other:?}"),
    };
    let ended = world.run(&world.later()).await;
    assert_eq!(
        refused(ended),
        (Vendor::CleverTap, Reason::InvalidCredentials)
    );
    passcode("pass");
    for (status, expected) in [
        (401, Reason::InvalidCredentials),
        (402, Reason::PlanWithoutApi),
        (403, Reason::Forbidden),
    ] {
        let (later, first) = (world.later(), world.request());
        for (call, request) in [(Call::Engage, later), (Call::CohortsList, first)] {
            world.fault(call, 1, Action::answer(status, "{\"error\":\"no\"}"));
            assert_eq!(
                refused(world.run(&request).await),
                (Vendor::Mixpanel, expected)
            );
        }
    }
    world.fault(Call::CohortsList, 1, Action::answer(404, ""));
    let ended = world.run(&world.request()).await;
    assert_eq!(refused(ended), (Vendor::Mixpanel, Reason::InvalidSpec));
    assert_eq!(world.segment(), ["1", "2"]);
}

#[tokio::test]
async fn a_full_budget_of_ours_is_no_failure() {
    let mut world = growing().await;
    world.connector.queries_per_hour = 1;
    let queries = world.calls(Call::Engage);
    // The list of cohorts was the one query of this hour.
    let ended = world.run(&world.request()).await;
    assert!(matches!(ended, Err(RunError::Queued { .. })), "{ended:?}");
    assert_eq!(world.calls(Call::Engage), queries);
    world.run(&world.later()).await.unwrap();
}

#[tokio::test]
async fn exports_that_start_together_share_one_list_of_cohorts() {
    let world = World::new(&["a"]);
    let requests: [Request; 3] = std::array::from_fn(|nth| {
        let mut request = world.request();
        request.export.segment_name = Some(nth.to_string());
        request
    });
    let fault = Fault::new(Action::answer(500, "")).call(Call::CohortsList);
    let fault = sandbox().faults().add(fault.scope(world.project));
    for ended in world.run_together(&requests).await {
        assert_eq!(reason(ended), Reason::SourceUnavailable);
    }
    // They wait for one answer, and share its failure: three queries.
    assert_eq!(world.calls(Call::CohortsList), 3);
    sandbox().faults().remove(fault);
    sandbox().requests().reset(world.project);
    let ended = world.run_together(&requests).await;
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    assert_eq!(world.calls(Call::CohortsList), 1);
    assert_eq!(world.calls(Call::Engage), 3);
}
