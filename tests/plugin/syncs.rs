//! `sync`: asked for, waited for, and how it ended.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use mixtap::api::{CohortExport, REQUESTED_AT};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use serde_json::{Value, json};

use crate::command::{mixtap, world};
use crate::world::PROJECT;

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_waited_for_tells_how_it_ended() {
    let Some(world) = world("sync").await else {
        return;
    };
    world.one_time("crowd", 2, json!({})).await;
    // Nobody is there to handle it.
    let late = mixtap(&world, "sync crowd --wait --timeout 1s").await;
    late.failed("didn't handle the request within --timeout");
    let late = mixtap(&world, "sync crowd --wait --timeout 1s -o json").await;
    let told: Value = serde_json::from_str(&late.out).expect("JSON");
    assert_eq!(
        (&told["reason"], &told["done"]),
        (&json!("Unknown"), &json!(false))
    );
    late.failed("didn't handle the request within --timeout");

    let _controller = world.controller();
    world.until_synced("crowd", "True", "Completed").await;
    let reads = world.calls(Call::Engage);
    let said = mixtap(&world, "sync crowd --wait").await;
    assert_eq!(said.code, 0, "{}", said.err);
    let began = "cohortexport/crowd Completed: 200 members accepted by CleverTap";
    assert!(said.out.starts_with(began), "{}", said.out);
    assert_eq!(world.calls(Call::Engage), reads + 1);

    let said = mixtap(&world, "sync crowd --wait -o json").await;
    assert_eq!(said.code, 0, "{}", said.err);
    let told: Value = serde_json::from_str(&said.out).expect("JSON");
    let status = world.status("crowd").await;
    assert_eq!(
        told["request"].as_str(),
        status.last_handled_request.as_deref()
    );
    assert_eq!(told["lastRun"]["exported"], 200);

    let refuse = Fault::new(Action::answer(403, "{}"));
    let fault = world.sandbox.faults().add(refuse.call(Call::Engage));
    mixtap(&world, "sync crowd --wait")
        .await
        .failed("cohortexport/crowd ConnectorNotReady: ");
    world.sandbox.faults().remove(fault);

    world
        .sandbox
        .mixpanel()
        .delete_cohort(PROJECT, 2)
        .expect("the cohort");
    world.until_connected("main", "True", "Connected").await;
    let gone = mixtap(&world, "sync crowd --wait -o json").await;
    let told: Value = serde_json::from_str(&gone.out).expect("JSON");
    assert_eq!(
        (&told["reason"], &told["done"]),
        (&json!("CohortNotFound"), &json!(false))
    );
    gone.failed("cohortexport/crowd CohortNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_not_waited_for_is_only_asked_for() {
    let Some(world) = world("ask").await else {
        return;
    };
    world.dynamic("cart", 1, json!({})).await;
    let said = mixtap(&world, "sync cart").await.fine();
    assert_eq!(said, "cohortexport/cart asked to run\n");
    let export = world.api::<CohortExport>().get("cart").await.expect("it");
    let fields = export.metadata.managed_fields.expect("managers");
    let ours = |of: &ManagedFieldsEntry| of.manager.as_deref() == Some("kubectl-mixtap");
    assert!(fields.iter().any(ours), "{fields:?}");
    let token = &export.metadata.annotations.expect("annotations")[REQUESTED_AT];
    let _controller = world.controller();
    let handled = |export: &CohortExport| {
        let status = export.status.as_ref();
        status.and_then(|s| s.last_handled_request.as_ref()) == Some(token)
    };
    world.until("cart", "handled", handled).await;

    for bad in [
        "sync ../x",
        "sync ",
        "suspend cart/status",
        "resume connector/",
    ] {
        assert_eq!(mixtap(&world, bad).await.code, 64, "{bad}");
    }
    let absent = mixtap(&world, "sync other").await;
    absent.failed("can't read cohortexport/other");
    world
        .patch::<CohortExport>("cart", json!({ "spec": { "suspend": true } }))
        .await;
    mixtap(&world, "sync cart")
        .await
        .failed("kubectl mixtap resume cart");
}
