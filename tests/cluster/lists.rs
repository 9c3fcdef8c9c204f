//! Which list is whose: renamed segments, moved connectors, exports that are deleted, re-created
//! or swapped.

use kube::api::PostParams;
use mixtap::api::{CleverTapConnector, CohortExport, REQUESTED_AT};
use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::faults::{Action, Fault, Moment};
use serde_json::json;

use crate::steps::{OTHER_ACCOUNT, handled, last_run, list, status, synced};
use crate::world::until::says;
use crate::world::{ACCOUNT, PROJECT, World, uid};

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_segment_is_a_new_list_and_the_old_one_stays() {
    let Some(world) = World::new("renamed").await else {
        return;
    };
    world.cohort(1, "Cart", 30);
    let _controller = world.controller();
    let spec = json!({ "segmentName": "One" });
    world.on_demand("cart", 1, spec).await;
    world.until_synced("cart", "True", "Synced").await;
    world.reset_calls();

    // A tenth of it is left: a new list has nothing to lose.
    world.members(1, 28..=33);
    let spec = json!({ "spec": { "segmentName": "Two" } });
    world.patch::<CohortExport>("cart", spec).await;
    let renamed = world.until_synced("cart", "True", "Synced").await;
    assert_eq!(status(&renamed).segment.unwrap().name, "Two");
    assert_eq!(last_run(&renamed).reason, "NewShape");
    assert_eq!(
        (last_run(&renamed).added, last_run(&renamed).removed),
        (6, 0)
    );
    assert_eq!(world.csv("Two"), Some(list(28..=33)));
    assert_eq!(world.csv("One"), Some(list(1..=30)));
    for (call, times) in [
        (Call::Engage, 1),
        (Call::Upload, 1),
        (Call::ListUrl, 1),
        (Call::ListPut, 1),
        (Call::ListComplete, 1),
    ] {
        assert_eq!(world.calls(call), times, "{call:?}");
    }

    // Back again: judged by what that list holds, not by what "Two" does.
    world.members(1, 16..=33);
    let spec = json!({ "spec": { "segmentName": "One" } });
    world.patch::<CohortExport>("cart", spec).await;
    let back = world.until_synced("cart", "True", "Synced").await;
    assert_eq!(world.csv("One"), Some(list(16..=33)));
    assert_eq!((last_run(&back).added, last_run(&back).removed), (3, 15));
    assert_eq!(world.csv("Two"), Some(list(28..=33)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_moved_to_another_account_makes_new_lists_there() {
    let Some(world) = World::new("moved").await else {
        return;
    };
    world.other_account();
    world.cohort(1, "Cart", 20);
    world.cohort(2, "Power", 5);
    let _controller = world.controller();
    world.on_demand("cart", 1, json!({})).await;
    world.one_time("power", 2, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    world.until_synced("power", "True", "Completed").await;
    world.reset_calls();

    world.members(1, 11..=30);
    let other = json!({ "spec": { "projectId": OTHER_ACCOUNT } });
    world.patch::<CleverTapConnector>("main", other).await;
    for (name, reason) in [("cart", "Synced"), ("power", "Completed")] {
        let moved = world.until(name, "synced there", |o| {
            says(o, "True", reason) && last_run_reason(o) == Some("NewShape")
        });
        moved.await;
    }
    let (cart, power) = ("Mixpanel - Cart", "Mixpanel - Power");
    assert_eq!(world.csv_in(OTHER_ACCOUNT, cart), Some(list(11..=30)));
    assert_eq!(world.csv_in(OTHER_ACCOUNT, power), Some(list(1..=5)));
    assert_eq!(world.csv(cart), Some(list(1..=20)));
    assert_eq!(world.csv(power), Some(list(1..=5)));
    assert_eq!(
        world.calls_of(Vendor::Clevertap),
        0,
        "nothing to the old one"
    );
    let requests = world.sandbox.requests();
    assert_eq!(requests.count(OTHER_ACCOUNT, Call::ListComplete), 2);
    assert_eq!(requests.count(OTHER_ACCOUNT, Call::Upload), 2);
    assert_eq!(world.calls(Call::Engage), 2);
}

fn last_run_reason(object: &CohortExport) -> Option<&str> {
    let run = object.status.as_ref()?.last_run.as_ref()?;
    Some(&run.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recreated_dynamic_export_goes_on_with_its_list() {
    let Some(world) = World::new("recreated").await else {
        return;
    };
    world.cohort(1, "Cart", 20);
    let _controller = world.controller();
    let first = world.on_demand("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    world.delete_export("cart").await;
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(1..=20)));

    world.reset_calls();
    world.members(1, 6..=25);
    let second = world.on_demand("cart", 1, json!({})).await;
    assert_ne!(uid(&first), uid(&second));
    let run = last_run(&world.until_synced("cart", "True", "Synced").await);
    assert_eq!(run.reason, "First");
    assert_eq!((run.added, run.removed, run.unchanged), (5, 5, 15));
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(6..=25)));
    assert_eq!(world.calls(Call::ListComplete), 1);

    // What the list lost while nobody watched is still held.
    world.delete_export("cart").await;
    world.members(1, 6..=6);
    world.on_demand("cart", 1, json!({})).await;
    world.until_synced("cart", "False", "HeldShrink").await;
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(6..=25)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_swapped_exports_swap_whole_lists() {
    let Some(world) = World::new("swapped").await else {
        return;
    };
    world.cohort(1, "Small", 0);
    world.cohort(2, "Large", 0);
    world.members(1, 1..=3);
    world.members(2, 101..=140);
    let _controller = world.controller();
    world
        .on_demand("a", 1, json!({ "segmentName": "One" }))
        .await;
    world
        .on_demand("b", 2, json!({ "segmentName": "Two" }))
        .await;
    world.until_synced("a", "True", "Synced").await;
    world.until_synced("b", "True", "Synced").await;
    world.reset_calls();

    let named = |name| json!({ "spec": { "segmentName": name } });
    world.patch::<CohortExport>("a", named("Two")).await;
    let waits = world.until_synced("a", "False", "SegmentConflict").await;
    assert!(synced(&waits).2.contains("CohortExport b"), "{waits:?}");
    world.patch::<CohortExport>("b", named("One")).await;
    world.until_synced("b", "True", "Synced").await;
    world.until_synced("a", "True", "Synced").await;
    assert_eq!(world.csv("One"), Some(list(101..=140)));
    assert_eq!(world.csv("Two"), Some(list(1..=3)));
    assert_eq!(world.history("One"), [3, 40], "never in between");
    assert_eq!(world.history("Two"), [40, 3], "never in between");
    assert_eq!(world.calls(Call::Engage), 2);
    assert_eq!(world.calls(Call::ListComplete), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recreated_one_time_export_never_inherits_a_result() {
    let Some(world) = World::new("inherit").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    let _controller = world.controller();
    world.one_time("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Completed").await;
    world.delete_export("cart").await;
    world.reset_calls();
    world.members(1, 1..=12);
    world.one_time("cart", 1, json!({})).await;
    let again = world.until_synced("cart", "True", "AlreadyExported").await;
    assert_eq!(status(&again).last_run, None);
    assert_eq!(world.calls_of(Vendor::Mixpanel), 0);
    assert_eq!(world.calls_of(Vendor::Clevertap), 0);

    // It runs when it is asked to, and another one of the name with another cohort does at once.
    let asked = world.ask("cart", "again").await;
    assert!(says(&asked, "True", "Completed"));
    assert_eq!(last_run(&asked).exported, 12);
    world.delete_export("cart").await;
    world.cohort(2, "Other", 3);
    world.one_time("cart", 2, json!({})).await;
    let other = world.until_synced("cart", "True", "Completed").await;
    assert_eq!(last_run(&other).exported, 3);
}

/// Deleted and created again while the first one's run waits at this call, before its work or after.
async fn recreated_in_the_middle(prefix: &str, call: Call, at: Moment) -> Option<World> {
    let world = World::new(prefix).await?;
    world.cohort(1, "Cart", 10);
    let scope = match call.vendor() {
        Vendor::Mixpanel => PROJECT.to_string(),
        Vendor::Clevertap => ACCOUNT.to_owned(),
    };
    let controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    let faults = world.sandbox.faults();
    let hold = faults.add(Fault::new(Action::Hold { at }).call(call).scope(scope));
    world.one_time("cart", 1, json!({})).await;
    assert!(faults.wait_hit(hold).await);
    let old = world.until("cart", "running", |o| status(o).current_run.is_some());
    let old = old.await;
    world.delete_export("cart").await;
    // Another spec, that the old run would not satisfy.
    world.cohort(2, "Other", 7);
    let new = json!({ "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
        "metadata": { "name": "cart", "annotations": { REQUESTED_AT: "mine" } },
        "spec": { "connectorRef": { "name": "main" }, "cohort": { "id": 2 }, "syncType": "OneTime",
            "segmentName": "Mixpanel - Cart" } });
    let new: CohortExport = serde_json::from_value(new).expect("an export");
    let api = world.api::<CohortExport>();
    let new = api.create(&PostParams::default(), &new).await;
    let new = new.expect("created");
    faults.release(hold);
    let done = world.until_synced("cart", "True", "Completed").await;
    assert_eq!(uid(&done), uid(&new));
    assert!(handled(&done, "mine"));
    let run = last_run(&done);
    assert_ne!(run.id, status(&old).current_run.expect("a run").id);
    assert_eq!((run.exported, run.reason.as_str()), (7, "First"));
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(1..=7)));
    drop(controller);
    Some(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_dropped_when_the_object_was_recreated_during_its_read() {
    let read = recreated_in_the_middle("inherit-read", Call::Engage, Moment::BeforeWork);
    let Some(world) = read.await else { return };
    assert_eq!(
        world.calls(Call::ListComplete),
        1,
        "the old run writes nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_dropped_when_the_object_was_recreated_after_its_write() {
    let written = recreated_in_the_middle("inherit-write", Call::ListComplete, Moment::AfterWork);
    let Some(world) = written.await else { return };
    assert_eq!(world.history("Mixpanel - Cart"), [10, 7]);
    assert_eq!(world.calls(Call::ListComplete), 2);
}
