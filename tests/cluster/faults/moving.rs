//! Cohorts that move while they are read.

use mixtap::sandbox::calls::Call::{Engage, EngagePage};
use mixtap::sandbox::faults::{Action, Fault, FaultId, Moment};
use serde_json::json;

use crate::lane::{CHANGED, COHORT, Lane, list_of};
use crate::trouble::{PLAIN, in_a_lane};

/// Runs by this token, and holds both pages that follow the first.
async fn held_after_page_0(lane: &Lane, token: &str) -> FaultId {
    let at = Moment::BeforeWork;
    let held = lane.fault(Fault::new(Action::Hold { at }).call(EngagePage));
    lane.ask(token).await;
    assert!(lane.sandbox().faults().wait_hits(held, 2).await);
    held
}

/// The members change between two pages of a read, and what a page shows is of its moment.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_move_within_a_read() {
    in_a_lane("cohort-moves", async |lane, _| {
        let mixpanel = lane.sandbox().mixpanel();
        let live = mixpanel.update_project(lane.project, |s| s.live_sessions = true);
        live.expect("the project");
        lane.first_run(json!({})).await;
        lane.forget_requests();
        let held = held_after_page_0(&lane, "moved").await;
        // Page 0 has shown three who go now; the later pages begin three rows further on.
        lane.set_members(CHANGED);
        lane.sandbox().faults().release(held);
        lane.until_changed("moved").await;
        assert_eq!(lane.list(), Some(list_of(CHANGED)));
        // Two sessions, no more.
        assert_eq!((lane.calls(Engage), lane.requests()), (2, PLAIN + 3));
        assert_eq!(lane.history(), [25, 27]);
    })
    .await;
}

/// The session is lost, and the new one finds other members.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_move_between_sessions() {
    in_a_lane("cohort-sessions", async |lane, _| {
        lane.first_run(json!({})).await;
        lane.forget_requests();
        let held = held_after_page_0(&lane, "moved").await;
        lane.set_members(CHANGED);
        lane.sandbox()
            .mixpanel()
            .lose_sessions(lane.project)
            .expect("the project");
        lane.sandbox().faults().release(held);
        lane.until_changed("moved").await;
        assert_eq!(lane.list(), Some(list_of(CHANGED)));
        assert_eq!((lane.calls(Engage), lane.requests()), (2, PLAIN + 3));
        assert_eq!(lane.history(), [25, 27]);
    })
    .await;
}

/// Deleted while it is read: the session is a cached query, and shows whom it found.
#[tokio::test(flavor = "multi_thread")]
async fn a_cohort_deleted_within_a_read() {
    in_a_lane("cohort-goes", async |lane, _| {
        lane.first_run(json!({})).await;
        lane.set_members(CHANGED);
        lane.forget_requests();
        let held = held_after_page_0(&lane, "gone").await;
        let deleted = lane
            .sandbox()
            .mixpanel()
            .delete_cohort(lane.project, COHORT);
        deleted.expect("the cohort");
        lane.sandbox().faults().release(held);
        lane.until_changed("gone").await;
        assert_eq!(
            (lane.list(), lane.requests()),
            (Some(list_of(CHANGED)), PLAIN)
        );
        // The next run finds nothing, and takes nobody away: the query, and one proof.
        lane.forget_requests();
        lane.ask("and-now").await;
        lane.until_handled("and-now", "False", "CohortNotFound")
            .await;
        assert_eq!((lane.list(), lane.requests()), (Some(list_of(CHANGED)), 2));
    })
    .await;
}
