//! When a status is written, and when it isn't.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::{Api, ListParams, Patch, PatchParams};
use mixtap::api::{CleverTapConnector, CohortExport, REQUESTED_AT};
use mixtap::sandbox::calls::Call;
use serde_json::json;

use crate::world::World;

/// Whatever an object says, saying it again is no write: not by a label, a neighbour's run, a
/// restart.
#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_status_is_not_written() {
    let Some(world) = World::new("idle").await else {
        return;
    };
    world.cohort(1, "Idle", 5);
    world.cohort(2, "Empty", 0);
    let flags = ["--min-interval=5s", "--min-check-interval=5s"];
    let controller = world.controller_with(&flags);
    let mut hasty = world.connector_spec();
    hasty["checkInterval"] = json!("1s");
    world.create::<CleverTapConnector>("hasty", hasty).await;
    world
        .dynamic(
            "synced",
            1,
            json!({ "interval": "1h", "segmentName": "One" }),
        )
        .await;
    world.until_synced("synced", "True", "Synced").await;
    world
        .dynamic(
            "conflict",
            1,
            json!({ "interval": "1h", "segmentName": "One" }),
        )
        .await;
    world
        .one_time("completed", 1, json!({ "segmentName": "Two" }))
        .await;
    world
        .dynamic(
            "hasty",
            1,
            json!({ "interval": "1s", "segmentName": "Three" }),
        )
        .await;
    world
        .dynamic(
            "asleep",
            1,
            json!({ "suspend": true, "segmentName": "Four" }),
        )
        .await;
    world
        .dynamic(
            "nowhere",
            1,
            json!({ "connectorRef": { "name": "nowhere" }, "segmentName": "Five" }),
        )
        .await;
    world
        .dynamic(
            "empty",
            2,
            json!({ "interval": "1h", "segmentName": "Six" }),
        )
        .await;
    world.until_connected("hasty", "False", "InvalidSpec").await;
    let exports = [
        ("synced", "True", "Synced"),
        ("conflict", "False", "SegmentConflict"),
        ("completed", "True", "Completed"),
        ("hasty", "False", "InvalidSpec"),
        ("asleep", "Unknown", "Suspended"),
        ("nowhere", "Unknown", "ConnectorNotReady"),
        ("empty", "False", "HeldEmpty"),
    ];
    for (name, status, reason) in exports {
        world.until_synced(name, status, reason).await;
        world
            .patch::<CohortExport>(name, json!({ "metadata": { "labels": { "seen": "yes" } } }))
            .await;
    }
    let before = written(&world).await;
    let calls = world.all_calls();
    world.calm().await;
    controller.kill();
    let _restarted = world.controller_with(&flags);
    world.calm().await;
    assert_eq!(written(&world).await, before);
    assert_eq!(world.all_calls(), calls);
    assert_eq!(world.calls(Call::ListComplete), 2);
}

/// Somebody changes the object all the time, so that writes of its status meet conflicts. Each token
/// is 1 read all the same, and what is said in the end is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_gives_way_and_loses_nothing() {
    let Some(world) = World::new("conflict").await else {
        return;
    };
    world.cohort(1, "Busy", 5);
    let _controller = world.controller_with(&["--min-interval=1ms"]);
    world
        .dynamic(
            "busy",
            1,
            json!({ "interval": "1h", "segmentName": "Busy" }),
        )
        .await;
    world.until_synced("busy", "True", "Synced").await;
    let api: Api<CohortExport> = world.api();
    let meddler = tokio::spawn(async move {
        for number in 0_u64.. {
            let label = json!({ "metadata": { "labels": { "number": number.to_string() } } });
            let _ = api
                .patch("busy", &PatchParams::default(), &Patch::Merge(label))
                .await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let mut tokens = 0;
    while !world.logs().contains("the object has been modified") {
        tokens += 1;
        assert!(tokens < 40, "no conflict");
        let token = format!("{tokens}");
        world.annotate("busy", REQUESTED_AT, &token).await;
        world
            .until("busy", &token, |export| {
                export
                    .status
                    .as_ref()
                    .is_some_and(|s| s.last_handled_request.as_deref() == Some(&token))
            })
            .await;
    }
    meddler.abort();
    world.calm().await;
    let status = world
        .until_synced("busy", "True", "Synced")
        .await
        .status
        .unwrap_or_default();
    assert_eq!(status.last_handled_request, Some(tokens.to_string()));
    // The first one created profiles, so the second uploaded the list once more.
    assert_eq!(
        (world.calls(Call::Engage), world.calls(Call::ListComplete)),
        (1 + tokens, 2)
    );
}

/// Of each object its name, its version and what it says.
async fn written(world: &World) -> Vec<(String, String, String)> {
    let all = ListParams::default();
    let told = |name: String, version: Option<String>, status: String| {
        (name, version.unwrap_or_default(), status)
    };
    let exports: Api<CohortExport> = world.api();
    let exports = exports.list(&all).await.expect("exports").items;
    let connectors = world
        .api::<CleverTapConnector>()
        .list(&all)
        .await
        .expect("connectors")
        .items;
    let secrets = world
        .api::<Secret>()
        .list(&all)
        .await
        .expect("Secrets")
        .items;
    let exports = exports.iter().map(|o| {
        told(
            o.name_any(),
            o.resource_version(),
            json!(o.status).to_string(),
        )
    });
    let connectors = connectors.iter().map(|o| {
        told(
            o.name_any(),
            o.resource_version(),
            json!(o.status).to_string(),
        )
    });
    let secrets = secrets
        .iter()
        .map(|o| told(o.name_any(), o.resource_version(), String::new()));
    exports
        .chain(connectors)
        .chain(secrets)
        .filter(|(name, ..)| !name.starts_with("bystander"))
        .collect()
}
