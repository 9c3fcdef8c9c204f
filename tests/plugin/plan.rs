//! `mixtap plan --context`: what the controller's next run would do, of what is applied.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use kube::ResourceExt as _;
use kube::api::ListParams;
use mixtap::api::{CleverTapConnector, CohortExport};
use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::mixpanel::CohortChange;
use serde_json::{Value, json};

use crate::command::{Said, allowed, mixtap, paged, said, world};
use crate::user::user;
use crate::world::{PATIENCE, PROJECT, World};

/// Runs it with these words of this kubeconfig; `plan --context` comes before them.
async fn plan(world: &World, kubeconfig: &Path, line: &str) -> Said {
    let context = context_of(kubeconfig);
    let line = format!(
        "plan --context {context} -n {} --allowed-endpoints {} --scratch-dir {} {line}",
        world.namespace,
        allowed(world),
        world.dir.path().join("plans").display(),
    );
    program(kubeconfig, &line).await
}

async fn program(kubeconfig: &Path, line: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mixtap"));
    command
        .args(line.split_whitespace())
        .env_clear()
        .env("KUBECONFIG", kubeconfig);
    said(command).await
}

/// The context that a kubeconfig names.
fn context_of(kubeconfig: &Path) -> String {
    let read = kube::config::Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
    read.current_context.expect("a context")
}

/// With the controller's state, and its key by the Secret.
fn kept(world: &World) -> String {
    let state = world.dir.path().join("state");
    format!(
        "--state-url file://{} --controller-namespace {}",
        state.display(),
        world.namespace
    )
}

fn value(said: Said, code: i32) -> Value {
    assert_eq!((said.code, said.err.as_str()), (code, ""), "{}", said.out);
    serde_json::from_str(&said.out).expect("JSON")
}

fn planned<'a>(plan: &'a Value, name: &str) -> &'a Value {
    let mut exports = plan["exports"].as_array().expect("exports").iter();
    let found = exports.find(|export| export["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {plan}"))
}

/// Everything that a plan could have changed in the cluster.
async fn versions(world: &World) -> BTreeMap<String, Option<String>> {
    let every = ListParams::default();
    let exports = world.api::<CohortExport>().list(&every).await;
    let connectors = world.api::<CleverTapConnector>().list(&every).await;
    let secrets = world.api::<k8s_openapi::api::core::v1::Secret>();
    let leases = world.api::<k8s_openapi::api::coordination::v1::Lease>();
    let secrets = secrets.list(&every).await.expect("Secrets");
    let leases = leases.list(&every).await.expect("Leases");
    let mut all = BTreeMap::new();
    let mut add = |kind: &str, name: String, version| all.insert(format!("{kind}/{name}"), version);
    for object in exports.expect("exports") {
        add("export", object.name_any(), object.resource_version());
    }
    for object in connectors.expect("connectors") {
        add("connector", object.name_any(), object.resource_version());
    }
    for object in secrets {
        add("secret", object.name_any(), object.resource_version());
    }
    for object in leases {
        add("lease", object.name_any(), object.resource_version());
    }
    all
}

/// Every file below the state but for the bookings of queries.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the state").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if !path.display().to_string().contains("/budget") {
            let bytes = fs::read(&path).expect("a file");
            all.insert(path.display().to_string(), bytes);
        }
    }
    all
}

fn leave(world: &World, cohort: u64, user: &str) {
    let change = CohortChange {
        remove: vec![user.into()],
        ..CohortChange::default()
    };
    let changed = world
        .sandbox
        .mixpanel()
        .change_cohort(PROJECT, cohort, change);
    changed.expect("the cohort");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_what_the_next_run_does_and_writes_nothing() {
    let Some(world) = world("planned").await else {
        return;
    };
    let hourly = json!({ "interval": "1h" });
    world.dynamic("cart", 1, hourly.clone()).await;
    let named = json!({ "interval": "1h", "segmentName": "Everybody" });
    world.dynamic("crowd", 2, named).await;
    world.one_time("once", 2, json!({})).await;
    let controller = world.controller();
    world.until_synced("cart", "True", "Synced").await;
    world.until_synced("crowd", "True", "Synced").await;
    world.until_synced("once", "True", "Completed").await;
    // Once more for the profiles that were created.
    for name in ["cart", "crowd"] {
        let said = mixtap(&world, &format!("sync {name} --wait")).await;
        assert_eq!(said.code, 0, "{}", said.err);
    }
    controller.kill();
    let line = format!("{} -o json", kept(&world));

    let same = value(plan(&world, &world.kubeconfig, &line).await, 0);
    assert_eq!(planned(&same, "cart")["outcome"], "Unchanged");
    assert_eq!(planned(&same, "once")["outcome"], "Rests");

    world.add(1, "u-outside");
    leave(&world, 1, "u-plain");
    let state = world.dir.path().join("state");
    let before = (versions(&world).await, files(&state));
    let (reads, clevertap) = (world.calls(Call::Engage), world.calls_of(Vendor::Clevertap));
    let unbooked = format!("{line} --no-booking");
    let changes = value(plan(&world, &world.kubeconfig, &unbooked).await, 2);
    assert_eq!((versions(&world).await, files(&state)), before);
    assert_eq!(world.calls(Call::Engage), reads + 2);
    assert_eq!(world.calls_of(Vendor::Clevertap), clevertap);
    let cart = &planned(&changes, "cart")["members"];
    assert_eq!((&cart["added"], &cart["removed"]), (&json!(1), &json!(1)));
    assert_eq!(planned(&changes, "crowd")["outcome"], "Unchanged");

    let _controller = world.controller();
    for name in ["cart", "crowd"] {
        let said = mixtap(&world, &format!("sync {name} --wait")).await;
        assert_eq!(said.code, 0, "{}", said.err);
        let run = world.status(name).await.last_run.expect("a run");
        let members = &planned(&changes, name)["members"];
        for (what, did) in [
            ("eligible", run.members),
            ("exported", run.exported),
            ("added", run.added),
            ("removed", run.removed),
        ] {
            assert_eq!(members[what], did, "{name}: {what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_state_the_leader_tells_how_large_lists_are() {
    let Some(world) = world("sizes").await else {
        return;
    };
    world.dynamic("cart", 1, json!({ "interval": "1h" })).await;
    let (_controller, url) = paged(&world);
    world.until_synced("cart", "True", "Synced").await;
    let line = format!("--page-url {url} -o json");
    let same = value(plan(&world, &world.kubeconfig, &line).await, 2);
    let cart = planned(&same, "cart");
    assert_eq!(
        (&cart["outcome"], &cart["lastList"]),
        (&json!("Unknown"), &json!(3))
    );
    assert_eq!(cart["members"]["exported"], 3);
    assert!(cart["members"].get("added").is_none(), "{cart}");
    world.add(1, "u-outside");
    let more = value(plan(&world, &world.kubeconfig, &line).await, 2);
    assert_eq!(planned(&more, "cart")["outcome"], "Changes");
    let shown = plan(&world, &world.kubeconfig, &format!("--page-url {url}")).await;
    assert_eq!(shown.code, 2, "{}", shown.err);
    for said in [
        "4 identities now, 3 in the last list",
        "name the controller's state",
    ] {
        assert!(shown.out.contains(said), "{}", shown.out);
    }
    let nobody = plan(&world, &world.kubeconfig, "--controller-namespace default").await;
    nobody.failed("name the controller's state with --state-url");
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_and_what_is_missing_are_told() {
    let Some(world) = world("codes").await else {
        return;
    };
    let empty = plan(&world, &world.kubeconfig, &kept(&world)).await;
    empty.failed("there is no CohortExport in namespace");
    world.dynamic("cart", 1, json!({})).await;
    let keyless = plan(&world, &world.kubeconfig, &kept(&world)).await;
    keyless.failed("can't read the Secret mixtap-fingerprint-key");
    for line in [
        "plan",
        "plan -n growth -f -",
        "plan --context a -f -",
        "plan --context a -A -n growth",
    ] {
        let said = program(&world.kubeconfig, line).await;
        assert_eq!(said.code, 64, "{line}: {}{}", said.out, said.err);
        assert!(said.err.contains("--context"), "{line}: {}", said.err);
    }
    let neither = program(&world.kubeconfig, "plan").await;
    assert!(neither.err.contains("-f PATH"), "{}", neither.err);

    let controller = world.controller();
    world.until_synced("cart", "True", "Synced").await;
    controller.kill();
    world.cohort(7, "Late", 3);
    world.dynamic("late", 7, json!({})).await;
    world.dynamic("absent", 8, json!({})).await;
    let said = plan(
        &world,
        &world.kubeconfig,
        &format!("{} -o json", kept(&world)),
    )
    .await;
    let found = value(said, 1);
    assert_eq!(planned(&found, "absent")["reason"], "CohortNotFound");
    assert_eq!(planned(&found, "late")["members"]["added"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_that_is_missing_is_named() {
    let Some(world) = world("denied").await else {
        return;
    };
    let Some(viewer) = user(&world, "planner@example.com").await else {
        return;
    };
    world.dynamic("cart", 1, json!({})).await;
    let controller = world.controller();
    world.until_synced("cart", "True", "Synced").await;
    controller.kill();
    let nobody = plan(&world, &viewer, &kept(&world)).await;
    nobody.failed("cannot list resource");
    let grant = async |name: &str, group: &str, kinds: &[&str], verbs: &[&str]| {
        let rules = json!([{ "apiGroups": [group], "resources": kinds, "verbs": verbs }]);
        world.grant("planner@example.com", name, rules).await;
    };
    let kinds = ["clevertapconnectors", "cohortexports"];
    grant("view", "mixtap.dev", &kinds, &["list"]).await;
    world.permitted(&viewer).await;
    let unread = plan(&world, &viewer, &kept(&world)).await;
    unread.failed("can't read the Secret mixtap-fingerprint-key in namespace");
    let rules = json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"],
        "resourceNames": ["mixtap-fingerprint-key"] }]);
    world.grant("planner@example.com", "key", rules).await;
    let heard = async {
        loop {
            let said = plan(&world, &viewer, &kept(&world)).await;
            if !said.err.contains("fingerprint-key") {
                return said;
            }
        }
    };
    let said = tokio::time::timeout(PATIENCE, heard).await;
    let said = said.expect("rights that count");
    said.failed("can't read the Secrets of clevertapconnector/main in namespace");
    grant("secrets", "", &["secrets"], &["get"]).await;
    let reads = async { while plan(&world, &viewer, &kept(&world)).await.code == 1 {} };
    let reads = tokio::time::timeout(PATIENCE, reads).await;
    reads.expect("rights that count");
}
