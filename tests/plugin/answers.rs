//! `history` and `budget`: what the leader's page answers, and how it got there.

use mixtap::api::CohortExport;
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use serde_json::{Value, json};

use crate::command::{allowed, free, mixtap, paged, world};
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

#[tokio::test(flavor = "multi_thread")]
async fn one_user_is_told_and_costs_one_query() {
    let Some(world) = world("why").await else {
        return;
    };
    world.dynamic("cart", 1, json!({})).await;
    let controller = world.controller();
    world.until_synced("cart", "True", "Synced").await;
    controller.kill();
    let logs = world.logs();
    let (reads, lists) = (world.calls(Call::Engage), world.calls(Call::CohortsList));
    let allowed = allowed(&world);
    let why = |user: &str| format!("why cart {user} --allowed-endpoints {allowed}");

    let own = mixtap(&world, &why("u-own")).await.rows();
    let run = &own[5][1];
    assert!(run.starts_with("3 in the list at "), "{run}");
    let expected = [
        ["user", "u-own"],
        ["cohort", "Cart (1)"],
        ["in the cohort", "yes"],
        ["identity", "13793"],
        ["exported", "yes, by $CleverTap_user_id"],
        ["last run", run],
        [
            "cost",
            "1 query of the project's hour, unknown to the controller",
        ],
    ];
    assert_eq!(own, expected);
    let plain = mixtap(&world, &why("u-plain")).await.rows();
    assert_eq!(plain[3], ["identity", "u-plain"]);
    assert!(
        plain[4][1].contains("by the distinct id, for want of"),
        "{plain:?}"
    );
    let anonymous = mixtap(&world, &why("$device:u-anonymous")).await.rows();
    assert!(
        anonymous[3][1].starts_with("no: the id begins with $device:"),
        "{anonymous:?}"
    );
    let outside = mixtap(&world, &format!("{} -o json", why("u-outside")))
        .await
        .fine();
    let outside: Value = serde_json::from_str(&outside).expect("JSON");
    assert_eq!(
        (&outside["member"], &outside["queries"]),
        (&json!(false), &json!(1))
    );
    assert!(outside.get("identity").is_none());
    assert_eq!(world.calls(Call::Engage), reads + 4);
    assert_eq!(world.calls(Call::CohortsList), lists);
    assert_eq!(world.logs(), logs, "nobody logs it");

    // Credentials go nowhere that wasn't named.
    mixtap(&world, "why cart u-own")
        .await
        .failed("clevertapconnector/main can't be used: ");
    mixtap(&world, &why("u\u{7}"))
        .await
        .failed("one line of text");
    assert_eq!(world.calls(Call::Engage), reads + 4);
    let unclear = Fault::new(Action::answer(200, r#"{"results":[{"$distinct_id":"x"}]}"#));
    world.sandbox.faults().add(unclear.call(Call::Engage));
    mixtap(&world, &why("u-own"))
        .await
        .failed("look the user up in Mixpanel");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_asked_by_a_fingerprint() {
    let Some(world) = world("listed").await else {
        return;
    };
    world.cohort(3, "One", 0);
    world.add(3, "u-plain");
    let reject = Action::FailRecord {
        record: 1,
        code: 515,
    };
    world
        .sandbox
        .faults()
        .add(Fault::new(reject).call(Call::Upload));
    world.dynamic("one", 3, json!({})).await;
    let (_controller, url) = paged(&world);
    world.until_synced("one", "True", "Synced").await;
    world.sandbox.faults().clear(None);
    world.dynamic("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    // Joined since.
    world.add(1, "u-outside");
    let allowed = allowed(&world);
    let here = &world.namespace;
    let line = |export: &str, user: &str| {
        format!(
            "why {export} {user} --listed --page-url {url} --controller-namespace {here} \
             --allowed-endpoints {allowed}"
        )
    };
    for (export, user, expected) in [
        (
            "one",
            "u-plain",
            "yes, but CleverTap rejected the profile (of ",
        ),
        ("cart", "u-own", "yes; CleverTap accepted the profile (of "),
        ("cart", "u-outside", "no (of "),
    ] {
        let rows = mixtap(&world, &line(export, user)).await.rows();
        assert_eq!(rows[5][0], "in the list", "{rows:?}");
        assert!(rows[5][1].starts_with(expected), "{user}: {rows:?}");
    }
    let told = mixtap(&world, &format!("{} -o json", line("one", "u-plain")))
        .await
        .fine();
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["lastList"]["profile"], "Rejected");
    assert_eq!(told["lastRun"]["rejectedCodes"]["515"], 1);
    // Without the key nobody can ask.
    let elsewhere = line("one", "u-plain").replace(here, "default");
    let denied = mixtap(&world, &elsewhere).await;
    denied.failed(
        "can't read the Secret mixtap-fingerprint-key in namespace default: it isn't there",
    );
}
