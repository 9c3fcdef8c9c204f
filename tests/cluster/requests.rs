//! Sync-now tokens, and suspension in the middle of a run.

use mixtap::api::{CohortExport, REQUESTED_AT, conditions};
use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::faults::{Action, Fault};
use serde_json::json;

use crate::looks::says;
use crate::world::{PROJECT, World};

/// 1 read for each token; the one that was there from the first takes none of its own.
#[tokio::test(flavor = "multi_thread")]
async fn each_token_is_one_run() {
    let Some(world) = World::new("tokens").await else {
        return;
    };
    world.cohort(1, "Asked", 3);
    let object = json!({
        "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
        "metadata": { "name": "asked", "annotations": { REQUESTED_AT: "from the first" } },
        "spec": { "connectorRef": { "name": "main" }, "cohort": { "id": 1 }, "syncType": "Dynamic", "interval": "1h" },
    });
    let applied = world.kubectl_with(&["apply", "--filename", "-"], &object.to_string());
    assert!(applied.ok, "{}", applied.err);
    let controller = world.controller_with(&["--min-interval=4s"]);
    let first = world.until_handled("asked", "from the first").await;
    let first = first.last_run.expect("a run");
    assert_eq!(first.reason, "First");
    world.calm().await;
    assert_eq!(world.calls(Call::Engage), 1);

    // Two at once: the newest counts, and the shortest interval is kept.
    world.annotate("asked", REQUESTED_AT, "hasty").await;
    world.annotate("asked", REQUESTED_AT, "hastier").await;
    let second = world.until_handled("asked", "hastier").await;
    let second = second.last_run.expect("a run");
    assert_eq!(second.reason, "Requested");
    assert!(second.started_time.0 >= first.started_time.0 + jiff::SignedDuration::from_secs(4));
    controller.kill();
    let _restarted = world.controller();
    world.calm().await;
    assert_eq!(world.calls(Call::Engage), 2);

    // One that comes while a run is under way, which carries the one before.
    let hold = world.hold_first(Call::Engage);
    world.annotate("asked", REQUESTED_AT, "third").await;
    assert!(world.sandbox.faults().wait_hit(hold).await);
    let running = world
        .status("asked")
        .await
        .current_run
        .expect("a run under way");
    assert_eq!(running.request.as_deref(), Some("third"));
    world.annotate("asked", REQUESTED_AT, "fourth").await;
    world.sandbox.faults().release(hold);
    world.until_handled("asked", "fourth").await;
    world.calm().await;
    assert_eq!(world.calls(Call::Engage), 4);
    assert_eq!(world.size("Mixpanel - Asked"), 3);
}

/// A failing run has handled its token too: 1 read, and no further one by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_handled_whatever_comes_of_its_run() {
    let Some(world) = World::new("token-fails").await else {
        return;
    };
    world.cohort(1, "Failing", 3);
    let _controller = world.controller();
    world.one_time("failing", 1, json!({})).await;
    world.until_synced("failing", "True", "Completed").await;
    let fault = world.sandbox.faults().add(
        Fault::new(Action::answer(400, r#"{"error":"no"}"#))
            .call(Call::Engage)
            .scope(PROJECT),
    );
    world.annotate("failing", REQUESTED_AT, "in vain").await;
    let failed = world.until_handled("failing", "in vain").await;
    assert!(says(
        &failed.conditions,
        conditions::SYNCED,
        "False",
        "SourceRefused"
    ));
    world.calm().await;
    assert_eq!(world.sandbox.faults().hits(fault), 1);
    assert_eq!(world.size("Mixpanel - Failing"), 3);
}

/// Suspended: 0 reads for any token. Resumed: 1 for the last.
#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_export_ignores_tokens_until_resumed() {
    let Some(world) = World::new("asleep").await else {
        return;
    };
    world.cohort(1, "Asleep", 3);
    let _controller = world.controller();
    world
        .dynamic("asleep", 1, json!({ "interval": "1h", "suspend": true }))
        .await;
    let never = world
        .until_synced("asleep", "Unknown", "Suspended")
        .await
        .status
        .unwrap_or_default();
    assert!(says(
        &never.conditions,
        conditions::READY,
        "True",
        "Suspended"
    ));
    for token in ["one", "two"] {
        world.annotate("asleep", REQUESTED_AT, token).await;
        world.calm().await;
    }
    assert_eq!(world.calls(Call::Engage), 0);
    world
        .patch::<CohortExport>("asleep", json!({ "spec": { "suspend": false } }))
        .await;
    world.until_handled("asleep", "two").await;
    world.until_synced("asleep", "True", "Synced").await;
    world.calm().await;
    assert_eq!(
        (world.calls(Call::Engage), world.calls(Call::ListComplete)),
        (1, 1)
    );
}

/// Suspended at each step of a run, that step is the last: no vendor write starts after it. Resumed,
/// the export gets to its end.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_suspended_ends_before_its_next_write() {
    let Some(world) = World::new("mid-suspend").await else {
        return;
    };
    let _controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    for (number, step) in [Call::Engage, Call::Upload, Call::ListUrl, Call::ListPut]
        .into_iter()
        .enumerate()
    {
        let (id, name) = (number as u64 + 1, format!("halt-{number}"));
        world.cohort(id, &name, 3);
        let hold = world.hold_first(step);
        world.one_time(&name, id, json!({})).await;
        assert!(world.sandbox.faults().wait_hit(hold).await);
        world
            .patch::<CohortExport>(&name, json!({ "spec": { "suspend": true } }))
            .await;
        world.calm().await;
        let written = world.calls_of(Vendor::Clevertap);
        world.sandbox.faults().release(hold);
        let halted = world.until_ready(&name, "True", "Suspended").await;
        assert!(
            says(
                &halted.conditions,
                conditions::SYNCED,
                "Unknown",
                "Suspended"
            ),
            "{name}"
        );
        world.calm().await;
        assert_eq!(world.calls_of(Vendor::Clevertap), written, "{name}");
        assert_eq!(world.segment(&format!("Mixpanel - {name}")), None);
        world
            .patch::<CohortExport>(&name, json!({ "spec": { "suspend": false } }))
            .await;
        world.until_synced(&name, "True", "Completed").await;
        assert_eq!(world.size(&format!("Mixpanel - {name}")), 3);
    }
}
