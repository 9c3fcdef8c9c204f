//! Two controllers at once, one of which is killed, paused or asked to stop.

use std::sync::Arc;
use std::time::Duration;

use mixtap::api::CohortExport;
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault, FaultId, Moment};
use serde_json::json;
use tokio::time::timeout;

use crate::lane::{CHANGED, FIRST, Lane, list_of};
use crate::process::Controller;
use crate::world::World;

const STANDBY: &str = "standby: waits for the Lease\n";

/// A world with one controller that leads, and one that waits for it to go.
async fn two(prefix: &str, flags: &[&str]) -> Option<(Arc<World>, Controller, Controller)> {
    let world = World::new(prefix).await?;
    let first = world.controller_with(flags);
    first.ready().await;
    let second = world.controller_with(flags);
    second.says(200, STANDBY).await;
    Some((Arc::new(world), first, second))
}

/// Holds the next of these calls.
fn hold(lane: &Lane, call: Call, at: Moment) -> FaultId {
    lane.fault(Fault::new(Action::Hold { at }).call(call).nth(1))
}

/// A lane whose one-time export is held at step 2.
async fn held(world: &Arc<World>, at: Moment) -> (Lane, FaultId) {
    let lane = Lane::new(world, 1, "lane").await;
    lane.forget_requests();
    let hold = hold(&lane, Call::ListPut, at);
    lane.export("OneTime", json!({})).await;
    world.hit(hold, 1).await;
    assert_eq!((lane.requests(), lane.calls(Call::ListPut)), (7, 1));
    (lane, hold)
}

/// A paused process goes on; it has lost the Lease, and says so by its end.
async fn awaken(mut paused: Controller) {
    paused.signal("CONT");
    assert_eq!(paused.ended().await.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_leader_is_followed_within_40_s() {
    let real = [
        "--lease-duration=30s",
        "--renew-interval=10s",
        "--retry-interval=2s",
    ];
    let Some((world, first, second)) = two("lead-kill", &real).await else {
        return;
    };
    let (lane, hold) = held(&world, Moment::BeforeWork).await;
    first.kill();
    world.sandbox.faults().remove(hold);
    let taken = timeout(Duration::from_secs(40), second.ready()).await;
    assert!(taken.is_ok(), "nobody leads after 40 s");
    let run = lane.until_completed().await.last_run.expect("a run");
    assert_eq!((run.members, run.added, run.profiles_created), (25, 25, 25));
    assert_eq!(lane.list(), Some(list_of(FIRST)));
    // Seven calls of the first one, eight of the second.
    assert_eq!((lane.requests(), lane.calls(Call::ListComplete)), (15, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_leader_starts_no_vendor_write() {
    let Some((world, first, second)) = two("lead-pause", &[]).await else {
        return;
    };
    let (lane, hold) = held(&world, Moment::AfterWork).await;
    first.signal("STOP");
    second.ready().await;
    lane.until_completed().await;
    assert_eq!((lane.requests(), lane.calls(Call::ListComplete)), (15, 1));
    // Its answer has come; step 3 would be next.
    world.sandbox.faults().release(hold);
    awaken(first).await;
    assert_eq!((lane.requests(), lane.calls(Call::ListComplete)), (15, 1));
    assert_eq!(
        (lane.history(), lane.list()),
        (vec![25], Some(list_of(FIRST)))
    );
    // Nor does it cast doubt on what its follower has confirmed.
    let marks = std::fs::read_dir(world.dir.path().join("state/unconfirmed"));
    assert_eq!(marks.expect("a folder").count(), 0);
}

/// A leader that was paused after its step 3 knows a list that its follower has replaced since.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_leader_keeps_no_snapshot() {
    let Some((world, first, second)) = two("lead-keep", &[]).await else {
        return;
    };
    let lane = Lane::new(&world, 1, "lane").await;
    lane.first_run(json!({ "refreshInterval": "0s" })).await;
    lane.set_members(CHANGED);
    let hold = hold(&lane, Call::ListComplete, Moment::AfterWork);
    lane.ask("one").await;
    world.hit(hold, 1).await;
    first.signal("STOP");
    let others = 2..=26;
    lane.set_members(others.clone());
    second.ready().await;
    lane.until_handled("one", "True", "Synced").await;
    // The slot after a run with new profiles would upload in any case.
    lane.ask("confirmed").await;
    lane.until_handled("confirmed", "True", "Synced").await;
    assert_eq!(lane.list(), Some(list_of(others)));

    world.sandbox.faults().release(hold);
    awaken(first).await;
    // Back to the list of the paused one.
    lane.set_members(CHANGED);
    lane.ask("two").await;
    let status = lane.until_handled("two", "True", "Synced").await;
    let run = status.last_run.expect("a run");
    assert_eq!((run.added, run.removed, run.uploaded), (4, 2, true));
    assert_eq!(lane.list(), Some(list_of(CHANGED)));
}

/// Nor does it claim what its follower has claimed: the follower's result would be dropped.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_leader_claims_nothing() {
    let Some((world, first, second)) = two("lead-claim", &[]).await else {
        return;
    };
    let lane = Lane::new(&world, 1, "lane").await;
    lane.first_run(json!({ "interval": "4s" })).await;
    first.signal("STOP");
    let hold = hold(&lane, Call::Engage, Moment::AfterWork);
    second.ready().await;
    world.hit(hold, 1).await;
    let claimed = lane.status().await.current_run.expect("a claim");
    // By now its own timer for this slot has run out.
    awaken(first).await;
    assert_eq!(lane.status().await.current_run.as_ref(), Some(&claimed));
    world.sandbox.faults().release(hold);
    let noted = |e: &CohortExport| {
        let status = e.status.as_ref();
        let last = status.and_then(|s| s.last_run.as_ref());
        last.is_some_and(|run| run.id == claimed.id)
    };
    world.until(&lane.name, "through with its run", noted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_stops_at_a_safe_point_and_hands_over_at_once() {
    let long = [
        "--lease-duration=10m",
        "--renew-interval=10s",
        "--retry-interval=200ms",
    ];
    let Some((world, mut first, mut second)) = two("lead-term", &long).await else {
        return;
    };
    let (lane, hold) = held(&world, Moment::AfterWork).await;
    first.signal("TERM");
    first.says(503, "stopping\n").await;
    world.sandbox.faults().release(hold);
    assert_eq!(first.ended().await.code(), Some(0));
    // Not by the end of its ten minutes.
    second.ready().await;
    // The file was up, but never said to be complete.
    assert_eq!((lane.requests(), lane.list()), (7, None));
    let status = lane.status().await;
    let failure = status.last_failure.expect("how the run ended");
    assert_eq!(failure.reason, "RunInterrupted");
    assert_eq!(
        (status.current_run, status.consecutive_failures),
        (None, None)
    );
    // Tried again after the first back-off, 10 s.
    lane.until_completed().await;
    assert_eq!(lane.list(), Some(list_of(FIRST)));
    assert_eq!((lane.requests(), lane.calls(Call::ListComplete)), (15, 1));

    // One that waits ends at once, and so does a leader without a run.
    let mut third = world.controller_with(&long);
    third.says(200, STANDBY).await;
    for controller in [&mut third, &mut second] {
        controller.signal("TERM");
        assert_eq!(controller.ended().await.code(), Some(0));
    }
    let fourth = world.controller_with(&long);
    fourth.ready().await;
    assert_eq!(lane.requests(), 15);
}
