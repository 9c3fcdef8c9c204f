//! Runs that are claimed more than once.

use std::sync::Arc;

use jiff::SignedDuration;
use mixtap::api::{CohortExport, CohortExportStatus, conditions};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault, Moment};
use serde_json::json;

use super::{ALONE, FIRST_CALLS, assert_first, calls, two_pages};
use crate::lane::{FIRST, has, list_of};
use crate::world::World;

/// Attempts are counted, and after two of them each further one waits for 15 minutes.
#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_dies_in_every_run_is_slowed_down() {
    let Some(world) = World::new("crash-loop").await else {
        return;
    };
    let world = Arc::new(world);
    let mut controller = world.controller_with(ALONE);
    let lane = two_pages(&world, 1, "loop").await;
    lane.forget_requests();
    let at = Moment::BeforeWork;
    let hold = lane.fault(Fault::new(Action::Hold { at }).call(Call::ListPut));
    lane.export("OneTime", json!({})).await;
    let (until_the_kill, _) = FIRST_CALLS.split_at(6);
    let mut id = None;
    for attempt in 1..=3 {
        world.hit(hold, attempt as u64).await;
        controller.kill();
        let run = lane.status().await.current_run.expect("the claim stays");
        assert_eq!(run.attempt, attempt);
        assert_eq!(*id.get_or_insert_with(|| run.id.clone()), run.id);
        controller = world.controller_with(ALONE);
        if attempt == 1 {
            // The second attempt comes at once.
            continue;
        }
        let waits = |e: &CohortExport| {
            let status = e.status.clone().unwrap_or_default();
            has(&status, conditions::SYNCED, "False", "RunInterrupted")
                && status.next_sync_time.is_some()
        };
        let waiting = world
            .until(&lane.name, "waiting for its next attempt", waits)
            .await;
        let status = waiting.status.unwrap_or_default();
        let wait = SignedDuration::from_mins(15);
        assert_eq!(
            status.next_sync_time.expect("a time").0,
            run.started_time.0 + wait
        );
        assert_eq!(status.current_run, Some(run));
        assert_eq!(calls(&lane), until_the_kill.repeat(attempt as usize));
        // A quarter of an hour goes by.
        controller.kill();
        let passed = |status: &mut CohortExportStatus| {
            let run = status.current_run.as_mut().expect("the claim");
            run.started_time.0 -= wait;
        };
        world.rewrite_status(&lane.name, passed).await;
        if attempt == 3 {
            world.sandbox.faults().remove(hold);
        }
        controller = world.controller_with(ALONE);
    }
    let run = lane.until_completed().await.last_run.expect("a run");
    assert_eq!(Some(&run.id), id.as_ref());
    assert_first(&run, &lane.name);
    assert_eq!(lane.list(), Some(list_of(FIRST)));
    assert_eq!(
        calls(&lane),
        [&until_the_kill.repeat(3), &FIRST_CALLS[..]].concat()
    );
}

/// Someone took the status away in the middle of a run, as a restore would: the run's result has
/// nowhere to go, but the export isn't forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_taken_away_is_made_again() {
    let Some(world) = World::new("crash-wiped").await else {
        return;
    };
    let world = Arc::new(world);
    let _controller = world.controller_with(ALONE);
    let lane = two_pages(&world, 1, "wiped").await;
    let at = Moment::BeforeWork;
    let hold = lane.fault(Fault::new(Action::Hold { at }).call(Call::Engage));
    lane.export("Dynamic", json!({})).await;
    world.hit(hold, 1).await;
    let wiped = |status: &mut CohortExportStatus| *status = CohortExportStatus::default();
    world.rewrite_status(&lane.name, wiped).await;
    world.sandbox.faults().release(hold);
    let synced = |s: &CohortExportStatus| has(s, conditions::SYNCED, "True", "Synced");
    lane.until("Synced", synced).await;
    assert_eq!(lane.list(), Some(list_of(FIRST)));
    assert!((1..=2).contains(&lane.calls(Call::ListComplete)));
}
