//! Never empty a segment by accident: what is held, and what lets it pass.

use mixtap::api::{CohortExport, Held, RELEASE_HOLD, conditions};
use mixtap::sandbox::calls::{Call, Vendor};
use serde_json::json;

use crate::steps::{EMPTY, condition, last_run, list, status, synced};
use crate::world::World;
use crate::world::until::says;

fn held(object: &CohortExport) -> Held {
    status(object).held.expect("a hold")
}

fn numbers(hold: &Held) -> (i64, i64, i64) {
    (hold.previous, hold.members, hold.removed)
}

/// Held, Stalled, and not Ready.
fn is_held(object: &CohortExport, reason: &str) -> bool {
    let stalled = Some(("True".to_owned(), reason.to_owned()));
    let unready = Some(("False".to_owned(), reason.to_owned()));
    says(object, "False", reason)
        && condition(object, conditions::STALLED) == stalled
        && condition(object, conditions::READY) == unready
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_first_read_is_held_until_its_own_id_is_released() {
    let Some(world) = World::new("held-empty").await else {
        return;
    };
    world.cohort(1, "Cart", 0);
    let _controller = world.controller();
    world.on_demand("cart", 1, json!({})).await;
    let first = world.until_synced("cart", "False", "HeldEmpty").await;
    assert!(is_held(&first, "HeldEmpty"), "{first:?}");
    let hold = held(&first);
    assert_eq!(numbers(&hold), (0, 0, 0));
    assert!(synced(&first).2.contains(&hold.id), "the message says how");
    world.reset_calls();

    // Neither a token nor another id lets it pass; the hold keeps its id and its age.
    world
        .annotate("cart", RELEASE_HOLD, "0123456789abcdef-00000000")
        .await;
    for token in ["one", "two"] {
        let asked = world.ask("cart", token).await;
        assert!(is_held(&asked, "HeldEmpty"), "{asked:?}");
        assert_eq!(held(&asked), hold);
    }
    assert_eq!(world.calls(Call::Engage), 2, "a token looks again");
    assert_eq!(world.calls_of(Vendor::Clevertap), 0);
    assert_eq!(world.csv("Mixpanel - Cart"), None);

    world.annotate("cart", RELEASE_HOLD, &hold.id).await;
    let released = world.until_synced("cart", "True", "Synced").await;
    assert_eq!(last_run(&released).reason, "Released");
    assert_eq!(status(&released).held, None);
    assert_eq!(world.csv("Mixpanel - Cart"), Some(EMPTY.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shrink_beyond_the_limit_is_held_and_its_id_tells_how_much() {
    let Some(world) = World::new("held-shrink").await else {
        return;
    };
    world.cohort(1, "Cart", 200);
    let _controller = world.controller();
    world
        .on_demand("cart", 1, json!({ "refreshInterval": "0s" }))
        .await;
    world.until_synced("cart", "True", "Synced").await;

    // Half of it is the limit, and passes.
    world.members(1, 1..=100);
    assert!(says(&world.ask("cart", "half").await, "True", "Synced"));
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(1..=100)));
    world.reset_calls();

    world.members(1, 1..=40);
    let first = world.ask("cart", "beyond").await;
    assert!(is_held(&first, "HeldShrink"), "{first:?}");
    let hold = held(&first);
    assert_eq!(numbers(&hold), (100, 40, 60));

    // A smaller loss is the same hold.
    world.members(1, 1..=45);
    let less = world.ask("cart", "less").await;
    assert!(is_held(&less, "HeldShrink"), "{less:?}");
    assert_eq!(
        (&held(&less).id, &held(&less).since),
        (&hold.id, &hold.since)
    );
    assert_eq!(numbers(&held(&less)), (100, 45, 55));

    // A greater one isn't, and what was released for the smaller one doesn't cover it.
    world.members(1, 1..=30);
    world.annotate("cart", RELEASE_HOLD, &hold.id).await;
    let more = world.until("cart", "held anew", |o| {
        says(o, "False", "HeldShrink") && status(o).held.is_some_and(|h| h.id != hold.id)
    });
    let more = more.await;
    assert_eq!(numbers(&held(&more)), (100, 30, 70));
    assert!(is_held(&world.ask("cart", "still").await, "HeldShrink"));
    // All of it gone is HeldEmpty, a greater loss yet.
    world.nobody(1);
    let empty = world.ask("cart", "empty").await;
    assert!(is_held(&empty, "HeldEmpty"), "{empty:?}");
    assert_eq!(numbers(&held(&empty)), (100, 0, 100));
    assert_ne!(held(&empty).id, held(&more).id);
    assert_eq!(world.calls_of(Vendor::Clevertap), 0);
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(1..=100)));

    // The release of the greatest loss covers a smaller one.
    world.members(1, 1..=10);
    world.annotate("cart", RELEASE_HOLD, &held(&empty).id).await;
    let released = world.until_synced("cart", "True", "Synced").await;
    assert_eq!(last_run(&released).removed, 90);
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(1..=10)));
    // It lets one run pass, not the next one.
    world.members(1, 1..=1);
    assert!(is_held(&world.ask("cart", "next").await, "HeldShrink"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policies_of_the_spec_decide_what_is_held() {
    let Some(world) = World::new("held-policy").await else {
        return;
    };
    for id in 1..=4 {
        world.cohort(id, &format!("Cohort {id}"), 100);
    }
    let _controller = world.controller();
    world
        .on_demand("none", 1, json!({ "maxShrinkPercent": 0 }))
        .await;
    world
        .on_demand("any", 2, json!({ "maxShrinkPercent": 100 }))
        .await;
    let empty = json!({ "maxShrinkPercent": 0, "onEmpty": "Export" });
    world.on_demand("empty", 3, empty).await;
    world.on_demand("raised", 4, json!({})).await;
    for name in ["none", "any", "empty", "raised"] {
        world.until_synced(name, "True", "Synced").await;
    }
    // 0: any loss at all, but no growth.
    world.members(1, 2..=120);
    let none = world.ask("none", "one gone").await;
    assert!(is_held(&none, "HeldShrink"), "{none:?}");
    world.members(1, 1..=120);
    assert!(says(
        &world.ask("none", "none gone").await,
        "True",
        "Synced"
    ));
    // 100: no loss but an empty read, which `onEmpty` judges.
    world.members(2, 100..=100);
    assert!(says(
        &world.ask("any", "nearly all").await,
        "True",
        "Synced"
    ));
    assert_eq!(world.csv("Mixpanel - Cohort 2"), Some(list(100..=100)));
    world.nobody(2);
    assert!(is_held(&world.ask("any", "all").await, "HeldEmpty"));
    // An empty read is judged by `onEmpty` alone.
    world.nobody(3);
    assert!(says(&world.ask("empty", "all").await, "True", "Synced"));
    assert_eq!(world.csv("Mixpanel - Cohort 3"), Some(EMPTY.to_owned()));
    // A change of the guard lets the held run pass, without a token.
    world.members(4, 1..=10);
    assert!(is_held(&world.ask("raised", "most").await, "HeldShrink"));
    let raised = json!({ "spec": { "maxShrinkPercent": 90 } });
    world.patch::<CohortExport>("raised", raised).await;
    let raised = world.until_synced("raised", "True", "Synced").await;
    assert_eq!(last_run(&raised).reason, "SpecChanged");
    assert_eq!(status(&raised).held, None);
    assert_eq!(world.csv("Mixpanel - Cohort 4"), Some(list(1..=10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_spec_is_not_held_for_its_loss() {
    let Some(world) = World::new("held-spec").await else {
        return;
    };
    world.cohort(1, "Cart", 100);
    world.cohort(2, "Few", 3);
    world.cohort(3, "Nobody", 0);
    let _controller = world.controller();
    world
        .on_demand("cart", 1, json!({ "segmentName": "One" }))
        .await;
    world.until_synced("cart", "True", "Synced").await;
    world.reset_calls();
    let cohort = |id| json!({ "spec": { "cohort": { "id": id } } });
    world.patch::<CohortExport>("cart", cohort(2)).await;
    let changed = world.until_synced("cart", "True", "Synced").await;
    assert_eq!(last_run(&changed).removed, 97);
    assert_eq!(world.csv("One"), Some(list(1..=3)));
    assert_eq!(world.calls(Call::Engage), 1);
    assert_eq!(world.calls(Call::ListComplete), 1);
    // Empty is another matter.
    world.patch::<CohortExport>("cart", cohort(3)).await;
    let empty = world.until_synced("cart", "False", "HeldEmpty").await;
    assert_eq!(numbers(&held(&empty)), (0, 0, 0));
    assert_eq!(world.csv("One"), Some(list(1..=3)));
    // And so is a hold that another cohort takes the place of.
    world.patch::<CohortExport>("cart", cohort(1)).await;
    let back = world.until_synced("cart", "True", "Synced").await;
    assert_eq!(status(&back).held, None);
    assert_eq!(world.csv("One"), Some(list(1..=100)));
}
