//! A one-time export runs once, and again only when asked.

use mixtap::api::{CleverTapConnector, CohortExport, LastRun, REQUESTED_AT, conditions};
use mixtap::sandbox::calls::Call;
use serde_json::json;

use crate::looks::{message_of, says};
use crate::world::World;

/// Mixpanel: 1 check, whose list of cohorts serves the run, and 1 read. CleverTap: 1 check, 1 upload of profiles, 3 calls
/// for the list.
#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_export_runs_once() {
    let Some(world) = World::new("one-time").await else {
        return;
    };
    world.cohort(4312, "Power users", 25);
    let controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    world.one_time("power-users", 4312, json!({})).await;
    let done = world.until_synced("power-users", "True", "Completed").await;
    let status = done.status.unwrap_or_default();
    let run = status.last_run.clone().expect("a run");
    assert_eq!(
        (
            run.members,
            run.exported,
            run.added,
            run.removed,
            run.unchanged
        ),
        (25, 25, 25, 0, 0)
    );
    assert_eq!(
        (run.profiles_created, run.profiles_rejected, run.uploaded),
        (25, 0, true)
    );
    assert_eq!(
        (run.reason.as_str(), status.cohort.map(|c| c.id)),
        ("First", Some(4312))
    );
    let id = status.segment.and_then(|s| s.id).expect("an id");
    let message = message_of(&status.conditions, conditions::SYNCED);
    assert_eq!(
        message,
        format!("25 members accepted by CleverTap as segment {id}")
    );
    assert_eq!(world.size("Mixpanel - Power users"), 25);
    let calls = [
        Call::CohortsList,
        Call::Engage,
        Call::Upload,
        Call::ListUrl,
        Call::ListPut,
        Call::ListComplete,
    ]
    .map(|c| world.calls(c));
    assert_eq!(calls, [1, 1, 1, 2, 1, 1]);
    assert_eq!(world.all_calls(), (2, 5));

    // Nothing of this is a reason to run again.
    world.cohort(4312, "Power users", 40);
    world
        .patch::<CohortExport>(
            "power-users",
            json!({ "metadata": { "labels": { "team": "growth" } } }),
        )
        .await;
    let status = json!({ "status": { "lastSyncTime": "2020-01-01T00:00:00Z" } });
    let patched = world.kubectl(&[
        "patch",
        "cohortexport",
        "power-users",
        "--subresource=status",
        "--type=merge",
        "--patch",
        &status.to_string(),
    ]);
    assert!(patched.ok, "{}", patched.err);
    world.calm().await;
    for suspend in [true, false] {
        world
            .patch::<CohortExport>("power-users", json!({ "spec": { "suspend": suspend } }))
            .await;
        let reason = if suspend { "Suspended" } else { "Completed" };
        world.until_ready("power-users", "True", reason).await;
        // What was said of the list stays.
        world.until_synced("power-users", "True", "Completed").await;
    }
    controller.kill();
    let _restarted = world.controller();
    world.calm().await;
    world
        .patch::<CleverTapConnector>("main", json!({ "spec": { "displayName": "Renamed" } }))
        .await;
    world.until_connected("main", "True", "Connected").await;
    world.calm().await;
    // The change of the connector made a check due, and nothing else did anything.
    assert_eq!(world.all_calls(), (2 + 1, 5 + 1));
    assert_eq!(
        world.status("power-users").await.last_run.map(|r| r.id),
        Some(run.id)
    );
}

/// A token: 1 read, 1 upload of the 15 new profiles, 3 calls for the list. A changed cohort: 1 list
/// of cohorts at most, 1 read, and an upload to the same segment.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_and_a_changed_cohort_each_run_it_once_more() {
    let Some(world) = World::new("once-more").await else {
        return;
    };
    world.cohort(1, "First", 10);
    world.cohort(2, "Second", 4);
    let _controller = world.controller();
    world
        .one_time("again", 1, json!({ "segmentName": "Again" }))
        .await;
    world.until_synced("again", "True", "Completed").await;
    world.cohort(1, "First", 25);
    world.annotate("again", REQUESTED_AT, "2026-01-01").await;
    let run = world
        .until_handled("again", "2026-01-01")
        .await
        .last_run
        .expect("a run");
    assert_eq!(
        (
            run.reason.as_str(),
            run.exported,
            run.added,
            run.unchanged,
            run.profiles_created
        ),
        ("Requested", 25, 15, 10, 15)
    );
    assert_eq!(world.size("Again"), 25);
    world.calm().await;
    assert_eq!(
        (
            world.calls(Call::Engage),
            world.calls(Call::ListComplete),
            world.calls(Call::Upload)
        ),
        (2, 2, 2)
    );

    world
        .patch::<CohortExport>("again", json!({ "spec": { "cohort": { "id": 2 } } }))
        .await;
    let changed = world.until("again", "run for the other cohort", |export| {
        export.status.as_ref().is_some_and(|s| {
            s.current_run.is_none() && s.cohort.as_ref().is_some_and(|c| c.id == 2)
        })
    });
    let status = changed.await.status.unwrap_or_default();
    assert!(says(
        &status.conditions,
        conditions::SYNCED,
        "True",
        "Completed"
    ));
    let run = status.last_run.expect("a run");
    assert_eq!(
        (run.reason.as_str(), run.members, run.exported),
        ("NewShape", 4, 4)
    );
    // Its members are the first four of the old ones: their profiles are there.
    assert_eq!(
        (run.added, run.removed, run.unchanged, run.profiles_created),
        (0, 21, 4, 0)
    );
    assert_eq!(world.size("Again"), 4);
    world.calm().await;
    assert_eq!(
        (
            world.calls(Call::Engage),
            world.calls(Call::ListComplete),
            world.calls(Call::Upload)
        ),
        (3, 3, 2)
    );
}

/// 0 calls: what the dynamic export put there stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_dynamic_export_that_becomes_one_time_is_completed_without_a_run() {
    let Some(world) = World::new("frozen").await else {
        return;
    };
    world.cohort(1, "Frozen", 10);
    let controller = world.controller();
    world
        .dynamic("frozen", 1, json!({ "interval": "1h" }))
        .await;
    let synced = world
        .until_synced("frozen", "True", "Synced")
        .await
        .status
        .unwrap_or_default();
    let calls = world.all_calls();
    world.cohort(1, "Frozen", 20);
    // `interval` is Dynamic's alone.
    world
        .patch::<CohortExport>(
            "frozen",
            json!({ "spec": { "syncType": "OneTime", "interval": null } }),
        )
        .await;
    let frozen = world
        .until_synced("frozen", "True", "Completed")
        .await
        .status
        .unwrap_or_default();
    // Only its reason says that no confirming upload follows.
    let kept = synced.last_run.map(|run| LastRun {
        reason: "Frozen".to_owned(),
        ..run
    });
    assert_eq!(frozen.last_run, kept);
    controller.kill();
    let _restarted = world.controller();
    world.calm().await;
    assert_eq!(world.all_calls(), calls);
    assert_eq!(world.size("Mixpanel - Frozen"), 10);
}
