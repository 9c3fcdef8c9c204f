//! `status`, `suspend` and `resume`: what the API server alone answers.

use kube::ResourceExt as _;
use mixtap::api::{CleverTapConnector, CohortExport};
use mixtap::sandbox::calls::{Call, Vendor};
use serde_json::{Value, json};

use crate::command::{mixtap, run, world};
use crate::world::ACCOUNT;

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_what_is_there_before_and_after_a_run() {
    let Some(world) = world("status").await else {
        return;
    };
    let before = mixtap(&world, "status").await.rows();
    let expected = [
        vec![
            "CONNECTOR",
            "PROJECT",
            "CONNECTED",
            "REASON",
            "CHECKED",
            "MESSAGE",
        ],
        vec![
            "main",
            ACCOUNT,
            "Unknown",
            "-",
            "never",
            "No controller has looked at it yet.",
        ],
        vec![],
        vec![
            "EXPORT",
            "COHORT",
            "TYPE",
            "SYNCED",
            "REASON",
            "MEMBERS",
            "LAST SYNC",
            "NEXT",
            "MESSAGE",
        ],
    ];
    assert_eq!(before, expected);

    world.dynamic("cart", 1, json!({})).await;
    world.one_time("crowd", 2, json!({})).await;
    world.create::<CohortExport>("lost", json!({
        "connectorRef": { "name": "absent" }, "cohort": { "name": "Cart" }, "syncType": "Dynamic",
    })).await;
    let _controller = world.controller();
    world.until_synced("cart", "True", "Synced").await;
    world.until_synced("crowd", "True", "Completed").await;
    world
        .until_synced("lost", "Unknown", "ConnectorNotReady")
        .await;
    let rows = mixtap(&world, "status").await.rows();
    assert_eq!(rows[1][..4], ["main", ACCOUNT, "True", "Connected"]);
    assert_eq!(
        rows[4][..6],
        ["cart", "Cart", "Dynamic", "True", "Synced", "3"]
    );
    assert!(rows[4][7].starts_with("in "), "{:?}", rows[4]);
    assert!(
        rows[4][8].starts_with("3 members accepted by CleverTap"),
        "{:?}",
        rows[4]
    );
    assert_eq!(
        rows[5][..6],
        ["crowd", "Crowd", "OneTime", "True", "Completed", "200"]
    );
    assert_eq!(
        rows[6][..8],
        [
            "lost",
            "Cart",
            "Dynamic",
            "Unknown",
            "ConnectorNotReady",
            "-",
            "never",
            "-"
        ]
    );

    let report = mixtap(&world, "status -o json").await.fine();
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["connectors"][0]["connected"], "True");
    assert_eq!(report["exports"][1]["members"], 200);
    assert_eq!(report["exports"][1]["running"], false);
    let all = run(&world.kubeconfig, vec!["status".into(), "-A".into()], "").await;
    let named = format!("{}/cart", world.namespace);
    assert!(all.rows().iter().any(|row| row.first() == Some(&named)));
    // Nobody was asked but the API server.
    assert_eq!(world.calls(Call::Engage), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_suspended_is_resumed() {
    let Some(world) = world("suspend").await else {
        return;
    };
    world.dynamic("cart", 1, json!({})).await;
    for (line, expected) in [
        ("suspend cart", "cohortexport/cart suspended\n"),
        (
            "suspend cohort/cart",
            "cohortexport/cart is suspended already\n",
        ),
        ("resume export/cart", "cohortexport/cart resumed\n"),
        ("resume cart", "cohortexport/cart isn't suspended\n"),
        (
            "suspend connector/main",
            "clevertapconnector/main suspended\n",
        ),
        (
            "suspend ctc/main",
            "clevertapconnector/main is suspended already\n",
        ),
    ] {
        assert_eq!(mixtap(&world, line).await.fine(), expected, "{line}");
    }
    let export = world.api::<CohortExport>().get("cart").await.expect("it");
    assert_eq!(export.spec.suspend, Some(false), "not removed");
    let owners: Vec<_> = export
        .managed_fields()
        .iter()
        .filter_map(|f| f.manager.clone())
        .collect();
    assert!(owners.contains(&"kubectl-mixtap".to_owned()), "{owners:?}");
    let connector = world
        .api::<CleverTapConnector>()
        .get("main")
        .await
        .expect("it");
    assert_eq!(connector.spec.suspend, Some(true));
    let told = mixtap(&world, "resume connector/main -o json").await.fine();
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (&told["suspend"], &told["changed"]),
        (&json!(false), &json!(true))
    );
    let absent = mixtap(&world, "suspend other").await;
    absent.failed(&format!(
        "can't read cohortexport/other in namespace {}",
        world.namespace
    ));
    assert_eq!(world.calls_of(Vendor::Mixpanel), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_errors_are_64_and_help_is_none() {
    let nowhere = "/nonexistent".as_ref();
    for (line, code) in [
        ("", 64),
        ("status -o yaml", 64),
        ("sync", 64),
        ("suspend pod/x", 64),
        ("history x --page-url https://example.com", 64),
        ("--help", 0),
        ("sync --help", 0),
        ("--version", 0),
    ] {
        let words = line.split_whitespace().map(Into::into).collect();
        let said = run(nowhere, words, "").await;
        assert_eq!(said.code, code, "{line}: {}", said.err);
        assert_eq!(said.out.is_empty(), code == 64, "{line}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = run(nowhere, vec!["completion".into(), shell.into()], "").await;
        assert!(script.fine().contains("kubectl-mixtap"), "{shell}");
    }
    let lost = run(nowhere, vec!["status".into()], "").await;
    lost.failed("the kubeconfig can't be used");
}
