//! Mixpanel's query budget: nobody fails for want of it, and our share is never exceeded.

use mixtap::api::{CleverTapConnector, CohortExport, REQUESTED_AT, conditions};
use mixtap::sandbox::calls::Call;
use serde_json::json;

use crate::steps::{condition, status, synced};
use crate::world::until::says;
use crate::world::{PROJECT, World};

fn spent(world: &World) -> usize {
    let spent = world.sandbox.mixpanel().spent_queries(PROJECT);
    spent.expect("the project")
}

async fn share(world: &World, queries: u32) {
    let spec = json!({ "spec": { "mixpanel": { "queriesPerHour": queries } } });
    world.patch::<CleverTapConnector>("main", spec).await;
}

/// Unknown and Reconciling, as a first run that waits for its turn says.
async fn until_queued(world: &World, export: &str) {
    let queued = world.until_synced(export, "Unknown", "Queued").await;
    let queued_as = |status: &str| Some((status.to_owned(), "Queued".to_owned()));
    assert_eq!(condition(&queued, conditions::READY), queued_as("Unknown"));
    assert_eq!(
        condition(&queued, conditions::RECONCILING),
        queued_as("True")
    );
    let status = status(&queued);
    assert_eq!(
        (status.last_failure, status.consecutive_failures),
        (None, None)
    );
    assert!(status.next_sync_time.is_some(), "it says when its turn is");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_wait_for_our_share_without_failing() {
    let Some(world) = World::new("budget").await else {
        return;
    };
    // The check, whose list of cohorts serves the first runs, and a read.
    share(&world, 2).await;
    world.cohort(1, "Cart", 10);
    world.cohort(2, "Power", 5);
    let controller = world.controller();
    world.on_demand("cart", 1, json!({})).await;
    let first = world.until_synced("cart", "True", "Synced").await;
    world.on_demand("power", 2, json!({})).await;
    until_queued(&world, "power").await;
    assert_eq!(spent(&world), 2);

    // A run that isn't the first waits without a word.
    world.annotate("cart", REQUESTED_AT, "now").await;
    world.annotate("power", REQUESTED_AT, "now").await;
    until_queued(&world, "power").await;
    controller.ready().await;
    let metrics = controller.get("/metrics").await.expect("metrics").1;
    let series = format!("mixtap_mixpanel_queries_remaining{{project=\"{PROJECT}\"}} 0");
    assert!(metrics.contains(&series), "{metrics}");
    let waiting = world.status("cart").await;
    assert_eq!(waiting.conditions, status(&first).conditions);
    assert_eq!((waiting.current_run, waiting.last_failure), (None, None));
    assert_eq!(spent(&world), 2, "never above the share");
    // Nor does what hid its outcome stay on show, once it is over.
    for (on, reason) in [(true, "Suspended"), (false, "Synced")] {
        let suspend = json!({ "spec": { "suspend": on } });
        world.patch::<CohortExport>("cart", suspend).await;
        let ready = Some(("True".to_owned(), reason.to_owned()));
        let seen = world.until("cart", reason, |o| {
            says(o, "True", "Synced") && condition(o, conditions::READY) == ready
        });
        seen.await;
    }
    assert_eq!(spent(&world), 2);

    // A larger share is used at once.
    share(&world, 48).await;
    world.until_synced("power", "True", "Synced").await;
    let asked = world.until("cart", "asked", |o| crate::steps::handled(o, "now"));
    assert!(says(&asked.await, "True", "Synced"));
    assert_eq!(world.calls(Call::Engage), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn connectors_of_one_project_share_its_hour() {
    let Some(world) = World::new("budget-shared").await else {
        return;
    };
    // Two checks and a read.
    let mut second = world.connector_spec();
    second["mixpanel"]["queriesPerHour"] = 3.into();
    share(&world, 3).await;
    world.create::<CleverTapConnector>("second", second).await;
    world.cohort(1, "Cart", 10);
    world.cohort(2, "Power", 5);
    let _controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    world.until_connected("second", "True", "Connected").await;
    world.on_demand("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    let spec = json!({ "connectorRef": { "name": "second" } });
    world.on_demand("power", 2, spec).await;
    until_queued(&world, "power").await;
    assert_eq!(spent(&world), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_that_others_used_up_is_one_refused_call() {
    let Some(world) = World::new("budget-hour").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    world.cohort(2, "Power", 5);
    let _controller = world.controller();
    world.on_demand("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    let mixpanel = world.sandbox.mixpanel();
    mixpanel.spend_queries(PROJECT, 60).expect("the project");
    world.reset_calls();

    let limited = world.ask("cart", "now").await;
    assert!(says(&limited, "False", "RateLimited"), "{limited:?}");
    assert!(synced(&limited).2.contains("hour"), "{limited:?}");
    let reconciling = condition(&limited, conditions::RECONCILING);
    assert_eq!(reconciling, Some(("True".into(), "RateLimited".into())));
    let next = status(&limited).next_sync_time.expect("a time").0;
    let wait = next.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3000..=3600).contains(&wait), "{wait} s");
    let refused = world.sandbox.requests();
    assert_eq!(refused.count_answered(PROJECT, Call::Engage, 429), 1);

    // The others wait for the same hour, and ask nothing.
    world.on_demand("power", 2, json!({})).await;
    until_queued(&world, "power").await;
    assert_eq!(world.calls(Call::Engage), 1);
    assert_eq!(world.calls(Call::CohortsList), 0);
    assert_eq!(world.history("Mixpanel - Cart").len(), 1);
}
