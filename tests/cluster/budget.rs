//! Mixpanel's query budget: nobody fails for want of it, and our share is never exceeded.

use mixtap::api::{CleverTapConnector, CohortExport, REQUESTED_AT, conditions};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault, Moment};
use serde_json::json;

use crate::steps::{condition, status, synced};
use crate::world::until::says;
use crate::world::{PASSCODE, PROJECT, USERNAME, World};

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
async fn connectors_of_one_project_share_its_hour_and_the_smaller_share_rules() {
    let Some(world) = World::new("budget-shared").await else {
        return;
    };
    // Two checks and a read.
    let mut second = world.connector_spec();
    second["mixpanel"]["queriesPerHour"] = 3.into();
    share(&world, 48).await;
    world.create::<CleverTapConnector>("second", second).await;
    world.cohort(1, "Cart", 10);
    world.cohort(2, "Power", 5);
    let _controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    world.until_connected("second", "True", "Connected").await;
    world.on_demand("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    world.on_demand("power", 2, json!({})).await;
    until_queued(&world, "power").await;
    assert_eq!(spent(&world), 3);
    // Suspended, it shares the project no more.
    let suspend = json!({ "spec": { "suspend": true } });
    world.patch::<CleverTapConnector>("second", suspend).await;
    world.until_synced("power", "True", "Synced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_is_refused_neither_lowers_the_limit_nor_drains_it() {
    let Some(world) = World::new("budget-bogus").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    world
        .put_secret("bogus", PASSCODE, USERNAME, "wrong-secret")
        .await;
    let mut bogus = world.connector_spec();
    bogus["mixpanel"]["queriesPerHour"] = 1.into();
    bogus["mixpanel"]["serviceAccountSecretRef"]["name"] = "bogus".into();
    world.create::<CleverTapConnector>("bogus", bogus).await;
    let controller = world.controller();
    world
        .until_connected("bogus", "False", "InvalidCredentials")
        .await;
    world.until_connected("main", "True", "Connected").await;
    world.on_demand("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    let metrics = controller.get("/metrics").await.expect("metrics").1;
    let left = 48 - spent(&world);
    let series = format!("mixtap_mixpanel_queries_remaining{{project=\"{PROJECT}\"}} {left}");
    assert!(metrics.contains(&series), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_that_ask_for_more_than_the_budget_say_how_often_they_run() {
    let Some(world) = World::new("budget-stretch").await else {
        return;
    };
    share(&world, 2).await;
    let names = ["one", "two", "three"];
    for (id, name) in (1..).zip(names) {
        world.cohort(id, name, 10);
    }
    let hold = Fault::new(Action::Hold {
        at: Moment::BeforeWork,
    });
    let hold = world.sandbox.faults().add(hold.call(Call::Engage).nth(1));
    let controller = world.controller();
    world.dynamic("one", 1, json!({})).await;
    world.hit(hold, 1).await;
    for (id, name) in (2..).zip(&names[1..]) {
        world.dynamic(name, id, json!({})).await;
        until_queued(&world, name).await;
    }
    world.sandbox.faults().release(hold);
    let one = world.until_synced("one", "True", "Synced").await;
    let stretched = condition(&one, conditions::INTERVAL_STRETCHED);
    assert_eq!(stretched, Some(("True".into(), "QueryBudget".into())));
    let now = status(&one);
    assert_eq!(now.effective_interval.as_deref(), Some("1h30m"));
    let wait = now.next_sync_time.expect("a time").0 - now.last_attempt_time.expect("a time").0;
    assert_eq!(wait.total(jiff::Unit::Minute).ok(), Some(90.0));
    controller.ready().await;
    let metrics = controller.get("/metrics").await.expect("metrics").1;
    let seconds = metrics.lines().find(|line| {
        line.starts_with("mixtap_export_effective_interval_seconds") && line.contains("\"one\"")
    });
    assert!(
        seconds.is_some_and(|line| line.ends_with(" 5400")),
        "{metrics}"
    );
    assert_eq!(spent(&world), 2);
    // What is queued moves up once there is room; what isn't stretched any more says nothing.
    share(&world, 48).await;
    for name in names {
        world.annotate(name, REQUESTED_AT, "now").await;
        world.until_synced(name, "True", "Synced").await;
        let free = |o: &CohortExport| {
            crate::steps::handled(o, "now") && status(o).effective_interval.is_none()
        };
        let free = world.until(name, "not stretched", free).await;
        assert_eq!(condition(&free, conditions::INTERVAL_STRETCHED), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_is_known_after_a_kill() {
    let Some(world) = World::new("budget-kill").await else {
        return;
    };
    share(&world, 2).await;
    world.cohort(1, "Cart", 10);
    world.cohort(2, "Power", 5);
    let hold = Fault::new(Action::Hold {
        at: Moment::AfterWork,
    });
    let hold = world.sandbox.faults().add(hold.call(Call::Engage).nth(1));
    let controller = world.controller();
    world.on_demand("cart", 1, json!({})).await;
    world.hit(hold, 1).await;
    controller.kill();
    world.sandbox.faults().release(hold);
    assert_eq!(spent(&world), 2);
    let controller = world.controller();
    controller.ready().await;
    world.on_demand("power", 2, json!({})).await;
    until_queued(&world, "power").await;
    assert_eq!(spent(&world), 2, "never above the share");
    share(&world, 48).await;
    world.until_synced("cart", "True", "Synced").await;
    world.until_synced("power", "True", "Synced").await;
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
