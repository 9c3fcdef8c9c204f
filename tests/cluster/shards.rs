//! Several controllers, each for the objects with its own label.

use mixtap::api::{CleverTapConnector, CohortExport};
use serde_json::{Value, json};

use crate::process::Controller;
use crate::world::World;

const COHORT: u64 = 4312;
const LABEL: &str = "mixtap.dev/shard";

fn labelled(shard: &str) -> Value {
    json!({ "metadata": { "labels": { LABEL: shard } } })
}

/// The controller of a shard, with a Lease and a state of its own.
fn shard(world: &World, name: &str) -> Controller {
    world.controller_with(&[
        &format!("--watch-label-selector={LABEL}={name}"),
        &format!("--lease-name=mixtap-{name}"),
        &format!("--state-prefix={name}"),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn each_shard_works_for_its_own_objects() {
    let Some(world) = World::new("shards").await else {
        return;
    };
    world.cohort(COHORT, "Cart drop off", 25);
    world
        .patch::<CleverTapConnector>("main", labelled("one"))
        .await;
    world.dynamic("nobodys", COHORT, json!({})).await;
    for (export, name) in [("ours", "one"), ("theirs", "two")] {
        let segment = json!({ "segmentName": export });
        world.dynamic(export, COHORT, segment).await;
        world.patch::<CohortExport>(export, labelled(name)).await;
    }
    // Both lead, each with its own Lease.
    let (one, two) = (shard(&world, "one"), shard(&world, "two"));
    one.ready().await;
    two.ready().await;
    world.until_synced("ours", "True", "Synced").await;
    let apart = world
        .until_synced("theirs", "Unknown", "ConnectorNotReady")
        .await;
    let message = &apart.status.expect("a status").conditions[0].message;
    assert!(message.contains("the labels of this shard"), "{message}");

    // An object that moves to another shard is that one's from then on.
    world.patch::<CohortExport>("theirs", labelled("one")).await;
    world.until_synced("theirs", "True", "Synced").await;
    two.until_gone("mixtap_export_synced", "theirs").await;
    // Nobody's has the status that the CRD gives it.
    assert!(world.status("nobodys").await.conditions.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selector_that_the_api_server_cannot_read_ends_the_controller() {
    let Some(world) = World::new("shards-bad").await else {
        return;
    };
    let flags = ["--watch-label-selector=a=b=c", "--lease-name=mixtap-bad"];
    let mut controller = world.controller_with(&flags);
    assert_eq!(controller.ended().await.code(), Some(1));
    let logs = world.logs();
    assert!(logs.contains("--watch-label-selector"), "{logs}");
}
