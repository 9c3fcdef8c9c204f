//! `why`: one user, asked of Mixpanel, and of the leader by a fingerprint.

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use serde_json::{Value, json};

use crate::command::{self, allowed, mixtap, paged, world};

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
        .failed("This command has a flag of that name");
    mixtap(&world, &why("u\u{7}"))
        .await
        .failed("one line of text");
    // An id that is cut would be another user's.
    let words = why("-") + " -n " + &world.namespace;
    let words = words.split(' ').map(Into::into).collect();
    let long = command::run(&world.kubeconfig, words, &"u".repeat(4097)).await;
    long.failed("at most 4096 bytes");
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
    let anonymous = mixtap(&world, &line("cart", "$device:u-anonymous")).await;
    let rows = anonymous.rows();
    let told = "can't be told: lists hold identities, and this user has none now";
    assert_eq!(rows[4], ["in the list", told]);
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
