//! Kills once the list may be there: while it is kept, before it is known of, and when it is
//! confirmed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use mixtap::api::{CohortExportStatus, conditions};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault, Moment};
use serde_json::json;

use super::{ALONE, FIRST_CALLS, Held, assert_first, calls, kill_at, two_pages};
use crate::lane::{CHANGED, FIRST, Lane, has, list_of};
use crate::world::{PATIENCE, World};

/// Those of a confirming upload.
const CONFIRMING_CALLS: &[Call] = FIRST_CALLS.split_at(4).1;

/// Whatever the controller was writing to its state or status at that moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_results_are_kept_converges() {
    let Some(world) = World::new("crash-keep").await else {
        return;
    };
    let world = Arc::new(world);
    let controller = world.controller_with(ALONE);
    let numbers = 1..=8;
    let lanes = numbers.map(async |n| two_pages(&world, n, &format!("lane-{n}")).await);
    let lanes = join_all(lanes).await;
    let hold = |lane: &Lane| {
        lane.forget_requests();
        let hold = Fault::new(Action::Hold {
            at: Moment::AfterWork,
        });
        lane.fault(hold.call(Call::ListComplete).nth(1))
    };
    let holds: Vec<_> = lanes.iter().map(hold).collect();
    join_all(lanes.iter().map(|lane| lane.export("OneTime", json!({})))).await;
    for hold in &holds {
        world.hit(*hold, 1).await;
    }
    // All get their answer at once and go on to spool, snapshot, mark, record and status; some get
    // further than others before the kill.
    for hold in holds {
        world.sandbox.faults().release(hold);
    }
    until_a_file_is_in(&world.dir.path().join("state/snapshots")).await;
    controller.kill();

    let _controller = world.controller_with(ALONE);
    for lane in &lanes {
        let run = lane.until_completed().await.last_run.expect("a run");
        assert_first(&run, &lane.name);
        assert_eq!(lane.list(), Some(list_of(FIRST)));
        // Its result was in status; or in the state, and only the list's name was asked for again;
        // or all was done once more.
        let again = calls(lane).split_off(FIRST_CALLS.len());
        let all = [&FIRST_CALLS[..0], &FIRST_CALLS[..1], &FIRST_CALLS];
        assert!(all.contains(&&*again), "{}: {again:?}", lane.name);
    }
}

async fn until_a_file_is_in(folder: &Path) {
    let look = async {
        while std::fs::read_dir(folder).map_or(0, Iterator::count) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look)
        .await
        .expect("a snapshot");
}

/// The list of a run that nobody knows of must not outlast it.
#[tokio::test(flavor = "multi_thread")]
async fn a_cohort_that_returns_after_a_lost_step_3_is_followed() {
    let Some(world) = World::new("crash-return").await else {
        return;
    };
    let world = Arc::new(world);
    let controller = world.controller_with(ALONE);
    let killed = Lane::new(&world, 1, "killed").await;
    let unanswered = Lane::new(&world, 2, "unanswered").await;
    for lane in [&killed, &unanswered] {
        lane.first_run(json!({ "refreshInterval": "0s" })).await;
        // The slot after a run with new profiles would upload in any case.
        lane.ask("confirmed").await;
        lane.until_handled("confirmed", "True", "Synced").await;
        lane.forget_requests();
        lane.set_members(CHANGED);
    }
    let at = Moment::AfterWork;
    let hold = killed.fault(
        Fault::new(Action::Hold { at })
            .call(Call::ListComplete)
            .nth(1),
    );
    unanswered.fault(Fault::new(Action::Reset { at }).call(Call::ListComplete));
    for lane in [&killed, &unanswered] {
        lane.ask("changed").await;
    }
    // Step 3 is tried again as long as the call's retries last; then the condition says so.
    let failed = unanswered.until_failed("DestinationUnavailable").await;
    assert_eq!(failed.consecutive_failures, Some(1));
    let tried = unanswered.calls(Call::ListComplete);
    assert!((2..=10).contains(&tried), "{tried}");
    kill_at(&world, controller, vec![hold]).await;
    unanswered.clear_faults();
    for lane in [&killed, &unanswered] {
        assert_eq!(lane.list(), Some(list_of(CHANGED)));
        lane.set_members(FIRST);
    }

    let _controller = world.controller_with(ALONE);
    unanswered.ask("returned").await;
    for (lane, token) in [(&killed, "changed"), (&unanswered, "returned")] {
        let status = lane.until_handled(token, "True", "Synced").await;
        let run = status.last_run.expect("a run");
        let counts = (run.added, run.removed, run.unchanged, run.uploaded);
        assert_eq!(counts, (0, 0, 25, true), "{}", lane.name);
        assert_eq!(lane.list(), Some(list_of(FIRST)), "{}", lane.name);
        // Known at last: the next run has nothing to upload.
        let uploads = lane.calls(Call::ListComplete);
        lane.ask("again").await;
        let again = lane.until_handled("again", "True", "Synced").await;
        assert!(!again.last_run.expect("a run").uploaded);
        assert_eq!(lane.calls(Call::ListComplete), uploads);
    }
}

/// The upload that confirms a one-time list is made once more, from the same file.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirming_upload_killed_at_any_call_is_made() {
    let Some(world) = World::new("crash-confirm").await else {
        return;
    };
    let world = Arc::new(world);
    let flags = [ALONE, &["--confirm-delay=1s"]].concat();
    let controller = world.controller_with(&flags);
    let lanes = Held::all(&world, CONFIRMING_CALLS).await;
    // The second of each call, for the first is the export's own.
    let holds = lanes.iter().map(
        |Held {
             lane,
             calls,
             call,
             at,
         }| {
            lane.forget_requests();
            let hold = Fault::new(Action::Hold { at: *at }).call(calls[*call]);
            lane.fault(hold.nth(2))
        },
    );
    let holds = holds.collect();
    join_all(
        lanes
            .iter()
            .map(|held| held.lane.export("OneTime", json!({}))),
    )
    .await;
    kill_at(&world, controller, holds).await;
    for Held { lane, .. } in &lanes {
        // Done it is, in any case.
        let status = lane.status().await;
        assert!(
            has(&status, conditions::READY, "True", "Completed"),
            "{}",
            lane.name
        );
        assert_eq!(lane.list(), Some(list_of(FIRST)));
    }

    let _controller = world.controller_with(&flags);
    for Held {
        lane,
        calls: once,
        call,
        ..
    } in &lanes
    {
        let confirmed = |s: &CohortExportStatus| {
            s.last_run
                .as_ref()
                .is_some_and(|run| run.reason == "Confirming")
        };
        let run = lane
            .until("confirmed", confirmed)
            .await
            .last_run
            .expect("a run");
        assert_first(&run, &lane.name);
        assert_eq!(lane.list(), Some(list_of(FIRST)));
        let expected = [&FIRST_CALLS, &once[..=*call], once].concat();
        assert_eq!(calls(lane), expected, "{}", lane.name);
    }
    let spooled = std::fs::read_dir(world.dir.path().join("scratch/confirm"));
    assert_eq!(spooled.expect("a folder").count(), 0);
}
