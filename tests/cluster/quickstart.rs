//! The quickstart, as a newcomer with kubectl sees it.

use std::path::Path;

use mixtap::api::{CleverTapConnector, CohortExport};
use mixtap::sandbox::clevertap::AccountSettings;
use mixtap::sandbox::mixpanel::{CohortSpec, Generator, ProjectSettings};
use serde_json::json;

use crate::world::{PASSCODE, SECRET, USERNAME, World};

/// Project and account of the examples.
const PROJECT: u64 = 1_234_567;
const ACCOUNT: &str = "TEST-123-456-789Z";

fn examples() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/quickstart")
        .display()
        .to_string()
}

/// What each line of an apply ends with.
fn verbs(said: &str) -> Vec<&str> {
    said.lines()
        .filter_map(|line| line.rsplit(' ').next())
        .collect()
}

/// As a newcomer does it. Mixpanel: 1 check, whose list of cohorts serves both exports, and 2 reads.
/// CleverTap: 1 check, 2 uploads of profiles, 2 lists of 3 calls.
#[tokio::test(flavor = "multi_thread")]
async fn the_quickstart_becomes_ready() {
    let Some(world) = World::new("quickstart").await else {
        return;
    };
    world.kubectl(&["delete", "clevertapconnector", "main"]);
    let mixpanel = world.sandbox.mixpanel();
    mixpanel.set_project(PROJECT, ProjectSettings::with_account(USERNAME, SECRET));
    for (id, name, members) in [(4311, "Cart drop off", 30), (4312, "Power users", 20)] {
        mixpanel
            .put_cohort(
                PROJECT,
                id,
                CohortSpec {
                    name: name.to_owned(),
                    ..CohortSpec::default()
                },
            )
            .expect("the project");
        mixpanel
            .generate(PROJECT, id, Generator::members(members))
            .expect("the cohort");
    }
    world
        .sandbox
        .clevertap()
        .set_account(ACCOUNT, AccountSettings::with_passcode(PASSCODE));

    let apply = |file: &str| {
        let said = world.kubectl(&["apply", "--filename", &format!("{}{file}", examples())]);
        assert!(said.ok, "{}", said.err);
        said.out
    };
    assert_eq!(verbs(&apply("")), ["created"; 4]);
    assert_eq!(verbs(&apply("")), ["unchanged"; 4]);
    // Real credentials, and where the stand-ins are.
    world
        .put_secret("quickstart-credentials", PASSCODE, USERNAME, SECRET)
        .await;
    let endpoints = world.connector_spec()["endpoints"].clone();
    world
        .patch::<CleverTapConnector>("quickstart", json!({ "spec": { "endpoints": endpoints } }))
        .await;
    let mut controller = world.controller();
    let ready = [
        "clevertapconnector/quickstart",
        "cohortexport/power-users",
        "cohortexport/cart-drop-off",
    ];
    let wait = |timeout: &str| {
        world.kubectl(&[&["wait", "--for=condition=Ready", timeout], &ready[..]].concat())
    };
    let waited = wait("--timeout=60s");
    assert!(waited.ok, "{}", waited.err);
    for file in ["/connector.yaml", "/one-time.yaml", "/dynamic.yaml"] {
        assert_eq!(verbs(&apply(file)), ["unchanged"], "{file}");
    }
    let requests = world.sandbox.requests();
    let sum = |scope: &str| requests.summary(scope).arrived.into_values().sum::<u64>();
    assert_eq!(
        (sum(&PROJECT.to_string()), sum(ACCOUNT)),
        (1 + 2, 1 + 2 + 6)
    );

    columns(&world);
    let described = world
        .kubectl(&["describe", "cohortexport", "power-users"])
        .out;
    for shown in [
        "Completed",
        "20 members accepted by CleverTap as segment",
        "Events:",
    ] {
        assert!(described.contains(shown), "{described}");
    }
    let events = described.split("Events:").nth(1).unwrap_or_default();
    assert!(
        events.contains("Completed") && events.contains("Normal") && events.contains("mixtap"),
        "{described}"
    );
    let described = world
        .kubectl(&["describe", "clevertapconnector", "quickstart"])
        .out;
    let events = described.split("Events:").nth(1).unwrap_or_default();
    assert!(events.contains("Connected"), "{described}");

    // Nobody takes the Ready of an older generation for that of a new one.
    controller.signal("KILL");
    controller.ended().await;
    world
        .patch::<CohortExport>("power-users", json!({ "spec": { "onEmpty": "Export" } }))
        .await;
    assert!(!wait("--timeout=1s").ok);
    let _restarted = world.controller();
    let waited = wait("--timeout=60s");
    assert!(waited.ok, "{}", waited.err);
}

/// The columns, as `get` and `get --output=wide` print them, also by short name and category.
fn columns(world: &World) {
    let table = |args: &[&str]| {
        let said = world.kubectl(&[&["get"], args].concat());
        assert!(said.ok, "{}", said.err);
        said.out
    };
    let connectors = table(&["ctc", "--output=wide"]);
    let head: Vec<_> = connectors
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    assert_eq!(
        head,
        [
            "NAME",
            "PROJECT",
            "DATACENTER",
            "CONNECTED",
            "MESSAGE",
            "AGE"
        ]
    );
    let row: Vec<_> = connectors
        .lines()
        .nth(1)
        .unwrap_or_default()
        .split_whitespace()
        .take(4)
        .collect();
    assert_eq!(row, ["quickstart", ACCOUNT, "eu1", "True"]);

    let exports = table(&["cohort"]);
    let head: Vec<_> = exports
        .lines()
        .next()
        .unwrap_or_default()
        .split("  ")
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect();
    assert_eq!(
        head,
        [
            "NAME",
            "COHORT",
            "TYPE",
            "SYNCED",
            "MEMBERS",
            "LAST SYNC",
            "AGE"
        ]
    );
    let rows: Vec<Vec<_>> = exports
        .lines()
        .skip(1)
        .map(|l| {
            l.split("  ")
                .map(str::trim)
                .filter(|s| !s.is_empty())
                .take(5)
                .collect()
        })
        .collect();
    assert_eq!(
        rows,
        [
            ["cart-drop-off", "Cart drop off", "Dynamic", "True", "30"],
            ["power-users", "Power users", "OneTime", "True", "20"]
        ]
    );
    let wide = table(&["cohort", "--output=wide"]);
    assert!(
        wide.contains("NEXT SYNC")
            && wide.contains("30 members accepted by CleverTap")
            && !wide.contains("<invalid>"),
        "{wide}"
    );
    let all = table(&["mixtap", "--output=name"]);
    assert_eq!(all.lines().count(), 3, "{all}");
}
