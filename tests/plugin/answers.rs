//! `history` and `budget`: what the leader's page answers, and how it got there.

use mixtap::api::CohortExport;
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use serde_json::{Value, json};

use crate::command::{free, mixtap, paged, world};
use crate::world::PROJECT;

#[tokio::test(flavor = "multi_thread")]
async fn a_history_holds_what_changed_and_outlives_the_controller() {
    let Some(world) = world("history").await else {
        return;
    };
    world.dynamic("cart", 1, json!({ "interval": "1h" })).await;
    let (controller, url) = paged(&world);
    let line = |url: &str| format!("history cart --page-url {url}");
    world.until_synced("cart", "True", "Synced").await;
    // Once more for the profiles that were created, then unchanged: the second of the day.
    for _ in 0..3 {
        assert_eq!(mixtap(&world, "sync cart --wait").await.code, 0);
    }
    let rows = mixtap(&world, &line(&url)).await.rows();
    assert_eq!(rows.len(), 3, "{rows:?}");
    let expected = ["Requested", "Synced", "4", "3", "0", "0", "1", "list"];
    assert_eq!(rows[1][2..], expected);
    let expected = [
        "First",
        "Synced",
        "4",
        "3",
        "3",
        "0",
        "1",
        "list, 3 profiles",
    ];
    assert_eq!(rows[2][2..], expected);

    // A failure that goes on is news once.
    let refuse = Fault::new(Action::answer(503, "canary-member is ill")).call(Call::Engage);
    let fault = world.sandbox.faults().add(refuse);
    for _ in 0..2 {
        mixtap(&world, "sync cart --wait")
            .await
            .failed("SourceUnavailable");
    }
    world.sandbox.faults().remove(fault);
    let rows = mixtap(&world, &line(&url)).await.rows();
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!(rows[1][3..5], ["SourceUnavailable", "-"]);

    // What a guard holds has numbers of its own.
    let shrink = mixtap::sandbox::mixpanel::CohortChange {
        set: Some(vec!["u-own".into()]),
        ..Default::default()
    };
    world
        .sandbox
        .mixpanel()
        .change_cohort(PROJECT, 1, shrink)
        .expect("the cohort");
    mixtap(&world, "sync cart --wait")
        .await
        .failed("HeldShrink");
    controller.kill();
    let (_controller, url) = paged(&world);
    world.until_answered(&line(&url)).await;
    let rows = mixtap(&world, &line(&url)).await.rows();
    assert_eq!(
        rows[1].last().map(String::as_str),
        Some("2 of 3 would go"),
        "{rows:?}"
    );

    let history = mixtap(&world, &format!("{} -o json", line(&url)))
        .await
        .fine();
    let history: Value = serde_json::from_str(&history).expect("JSON");
    assert_eq!(history["runs"].as_array().map(Vec::len), Some(4));
    assert_eq!(history["runs"][0]["held"]["removed"], 2);
    assert_eq!(history["runs"][3]["counts"]["skippedAnonymous"], 1);

    // A new object of the same name begins anew.
    world
        .api::<CohortExport>()
        .delete("cart", &Default::default())
        .await
        .expect("deleted");
    world.until_gone("cart").await;
    mixtap(&world, &line(&url))
        .await
        .failed("sees no CohortExport");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_tells_what_was_used() {
    let Some(world) = world("budget").await else {
        return;
    };
    world.dynamic("cart", 1, json!({})).await;
    let (_controller, url) = paged(&world);
    world.until_synced("cart", "True", "Synced").await;
    let rows = mixtap(&world, &format!("budget --page-url {url}"))
        .await
        .rows();
    let spent = world
        .sandbox
        .mixpanel()
        .spent_queries(PROJECT)
        .expect("the project");
    let (used, left) = (spent.to_string(), (48 - spent).to_string());
    let project = PROJECT.to_string();
    assert_eq!(
        rows[0],
        ["PROJECT", "HOST", "LIMIT", "USED", "LEFT", "WAITING"]
    );
    assert_eq!(rows[1][0], project);
    assert_eq!(rows[1][2..], ["48 an hour", &used, &left, "-"]);
    let budget = mixtap(&world, &format!("budget -o json --page-url {url}"))
        .await
        .fine();
    let budget: Value = serde_json::from_str(&budget).expect("JSON");
    assert_eq!(budget["projects"][0]["used"], json!(spent));
    let nobody = format!("budget --page-url http://{}", free());
    mixtap(&world, &nobody)
        .await
        .failed("can't reach http://127.0.0.1:");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_counts_and_names_nobody() {
    let Some(world) = world("base").await else {
        return;
    };
    world.dynamic("cart", 1, json!({})).await;
    let (_controller, url) = paged(&world);
    world.until_synced("cart", "True", "Synced").await;
    let url = format!("{url}/api/v1/exports/{}/cart/base", world.namespace);
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let text = client
        .get(url)
        .send()
        .await
        .expect("an answer")
        .text()
        .await
        .expect("text");
    let base: Value = serde_json::from_str(&text).expect("JSON");
    let base = &base["base"];
    assert_eq!(
        (&base["members"], &base["segment"]),
        (&json!(3), &json!("Mixpanel - Cart"))
    );
    assert_eq!(base["unconfirmed"], false);
    assert!(
        !text.contains("canary") && !text.contains("u-own"),
        "{text}"
    );
}
