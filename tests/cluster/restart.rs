//! What a new controller does about objects that are well: nothing, before their slots.

use std::collections::BTreeMap;

use kube::ResourceExt;
use kube::api::{Api, ListParams};
use mixtap::api::{CleverTapConnector, CohortExport, conditions};
use mixtap::domain::CohortRef;
use mixtap::domain::schedule::{group, slot_from};
use mixtap::sandbox::calls::{Call, Group, Vendor};
use mixtap::sandbox::faults::{Action, Fault, Moment};
use serde_json::json;

use crate::steps::{condition, status, synced};
use crate::world::until::says;
use crate::world::{PROJECT, World};

/// No slot and no check falls into a test.
const NEVER: &str = "9999h";

/// The connector's share of Mixpanel's budget, and the budget, are no limit.
async fn unlimited(world: &World) {
    let spec = json!({ "checkInterval": NEVER, "mixpanel": { "queriesPerHour": 10_000 } });
    world
        .patch::<CleverTapConnector>("main", json!({ "spec": spec }))
        .await;
    let mixpanel = world.sandbox.mixpanel();
    let changed = mixpanel.update_project(PROJECT, |project| project.query_limit = 10_000);
    changed.expect("the project");
}

/// All objects' versions: none may be written.
async fn versions(world: &World) -> BTreeMap<String, Option<String>> {
    let all = ListParams::default();
    let connectors: Api<CleverTapConnector> = world.api();
    let exports: Api<CohortExport> = world.api();
    let connectors = connectors.list_metadata(&all).await.expect("connectors");
    let exports = exports.list_metadata(&all).await.expect("exports");
    let connectors = connectors
        .items
        .iter()
        .map(|c| (c.name_any(), c.resource_version()));
    let exports = exports
        .items
        .iter()
        .map(|e| (e.name_any(), e.resource_version()));
    connectors.chain(exports).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_healthy_exports_cost_nothing_at_a_restart() {
    let Some(world) = World::new("restart").await else {
        return;
    };
    unlimited(&world).await;
    world.cohort(4312, "Power users", 12);
    let controller = world.controller();
    for n in 0..50 {
        let more = json!({ "segmentName": format!("Segment {n}") });
        if n % 2 == 0 {
            let more = json!({ "segmentName": more["segmentName"], "interval": NEVER });
            world.dynamic(&format!("export-{n}"), 4312, more).await;
        } else {
            world.one_time(&format!("export-{n}"), 4312, more).await;
        }
    }
    for n in 0..50 {
        let reason = if n % 2 == 0 { "Synced" } else { "Completed" };
        world
            .until_synced(&format!("export-{n}"), "True", reason)
            .await;
    }
    assert_eq!(world.calls(Call::ListComplete), 50);
    assert_eq!(controller.stop().code(), Some(0));
    let calls = |world: &World| [Vendor::Mixpanel, Vendor::Clevertap].map(|v| world.calls_of(v));
    let (called, versions_before) = (calls(&world), versions(&world).await);

    let controller = world.controller();
    controller.looked_at("CohortExport", 50).await;
    controller.looked_at("CleverTapConnector", 1).await;
    assert_eq!(calls(&world), called);
    assert_eq!(versions(&world).await, versions_before);
    // Yet it knows them all.
    let (_, page) = controller.get("/metrics").await.expect("metrics");
    let synced = |l: &&str| l.starts_with("mixtap_export_synced{") && l.ends_with(" 1");
    assert_eq!(page.lines().filter(synced).count(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_exports_run_at_once_than_allowed() {
    let Some(world) = World::new("concurrency").await else {
        return;
    };
    unlimited(&world).await;
    for n in 1..=6 {
        // One each, or they would share a read.
        world.cohort(n, &format!("Cohort {n}"), 12);
    }
    let _controller = world.controller_with(&["--concurrency=2"]);
    world.until_connected("main", "True", "Connected").await;
    world.sandbox.requests().reset(PROJECT);
    let hold = Fault::new(Action::Hold {
        at: Moment::BeforeWork,
    });
    let hold = world.sandbox.faults().add(hold.call(Call::Engage));
    // Long enough for a third to come while two are there.
    let slow = Fault::new(Action::Delay { ms: 300 }).call(Call::Engage);
    world.sandbox.faults().add(slow);
    for n in 1..=6 {
        let more = json!({ "segmentName": format!("Segment {n}") });
        world.one_time(&format!("export-{n}"), n, more).await;
    }
    world.hit(hold, 2).await;
    world.sandbox.faults().release(hold);
    for n in 1..=6 {
        world
            .until_synced(&format!("export-{n}"), "True", "Completed")
            .await;
    }
    assert_eq!(world.calls(Call::Engage), 6);
    // Two were held at once, and there never was a third.
    let most = world
        .sandbox
        .requests()
        .max_in_flight(PROJECT, Group::Query);
    assert_eq!(most, 2);
}

/// With all places taken a first run says so, once; and who waits for budget takes no place.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_says_that_it_waits_for_another_run_to_end() {
    let Some(world) = World::new("places").await else {
        return;
    };
    // The check, whose list of cohorts serves the runs, and the read of one of them.
    let share = json!({ "checkInterval": NEVER, "mixpanel": { "queriesPerHour": 2 } });
    world
        .patch::<CleverTapConnector>("main", json!({ "spec": share }))
        .await;
    for n in 1..=3 {
        world.cohort(n, &format!("Cohort {n}"), 12);
    }
    let _controller = world.controller_with(&["--concurrency=1"]);
    world.until_connected("main", "True", "Connected").await;
    let hold = Fault::new(Action::Hold {
        at: Moment::BeforeWork,
    });
    let hold = world.sandbox.faults().add(hold.call(Call::Engage));
    world.one_time("hung", 1, json!({})).await;
    world.hit(hold, 1).await;
    world.one_time("waits", 2, json!({})).await;
    let waits = world.until_synced("waits", "Unknown", "Queued").await;
    let message = "Waits for one of this controller's runs to end (--concurrency).";
    assert_eq!(synced(&waits).2, message);
    let queued = |status: &str| Some((status.to_owned(), "Queued".to_owned()));
    assert_eq!(condition(&waits, conditions::READY), queued("Unknown"));
    assert_eq!(condition(&waits, conditions::RECONCILING), queued("True"));
    assert_eq!(
        status(&waits).observed_generation,
        waits.metadata.generation
    );
    world.one_time("later", 3, json!({})).await;
    world.until_synced("later", "Unknown", "Queued").await;
    assert_eq!(
        world
            .api::<CohortExport>()
            .get("waits")
            .await
            .expect("it")
            .resource_version(),
        waits.resource_version(),
        "said once"
    );
    world.sandbox.faults().release(hold);
    world.until_synced("hung", "True", "Completed").await;
    // The place is free, and each waits for budget without it.
    for name in ["waits", "later"] {
        let budget = "Waits for the Mixpanel project's query budget.";
        let says = |o: &CohortExport| says(o, "Unknown", "Queued") && synced(o).2 == budget;
        world.until(name, budget, says).await;
    }
    unlimited(&world).await;
    for name in ["waits", "later"] {
        world.until_synced(name, "True", "Completed").await;
    }
}

/// However long a run takes and however late it starts, the next one's time is on the grid.
#[tokio::test(flavor = "multi_thread")]
async fn slots_dont_drift() {
    let Some(world) = World::new("grid").await else {
        return;
    };
    unlimited(&world).await;
    world.cohort(4312, "Power users", 12);
    let _controller = world.controller();
    let slow = Fault::new(Action::Delay { ms: 700 }).call(Call::Engage);
    world.sandbox.faults().add(slow);
    world
        .dynamic("export", 4312, json!({ "interval": "3s" }))
        .await;
    let interval = jiff::SignedDuration::from_secs(3);
    let group = group(&world.namespace, "main", &CohortRef::Id(4312));
    let (mut slots, mut run) = (Vec::new(), String::new());
    while slots.len() < 4 {
        let next = |e: &CohortExport| {
            let last = e.status.as_ref().and_then(|s| s.last_run.as_ref());
            says(e, "True", "Synced") && last.is_some_and(|last| last.id != run)
        };
        let export = world
            .until("export", "through with its next run", next)
            .await;
        let status = export.status.as_ref().expect("a status");
        let slot = status.next_sync_time.as_ref().expect("a slot").0;
        assert_eq!(slot_from(slot, interval, &group), slot);
        let last = status.last_run.as_ref().expect("a run");
        if let Some(due) = slots.last() {
            // Never before its slot, and each slot once.
            assert!(last.started_time.0 >= *due && slot > *due, "{status:?}");
            assert_eq!(last.reason, "Scheduled");
        }
        slots.push(slot);
        run = last.id.clone();
    }
}
