//! `mixtap plan --context`: what the controller's next run would do, of what is applied.

mod told;

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

use crate::command::{Said, allowed, mixtap, said, world};
use crate::world::{PROJECT, World};

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

    let elsewhere = kept(&world).replace("/state ", "/elsewhere ");
    let lost = plan(&world, &world.kubeconfig, &elsewhere).await;
    assert_eq!(lost.code, 2, "{}", lost.err);
    assert!(
        lost.out.contains("this state has no list of it"),
        "{}",
        lost.out
    );

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
