//! The controller under the rights that the chart grants, through all of its work: no request of it
//! is forbidden, and it is granted nothing that it doesn't use.

use std::{collections::BTreeSet, path::Path, time::Duration};

use mixtap::api::{CohortExport, REQUESTED_AT};
use serde_json::{Value, json};

use crate::{
    audit::{self, Audited, Right},
    commands::{chart, helm, kubectl, run_helm},
    pod::Pod,
    world::{PASSCODE, PATIENCE, SECRET, USERNAME, World},
};

/// Installs a release without CRDs, whose controller may call the stand-ins of these worlds. Returns
/// its notes.
pub fn install(
    audited: &Audited,
    program: &Path,
    release: &str,
    values: Value,
    worlds: &[&World],
) -> String {
    let mut values = values;
    let endpoints = worlds.iter().flat_map(|world| {
        let spec = world.connector_spec();
        ["mixpanel", "clevertap"].map(|vendor| {
            let url = spec["endpoints"][vendor].as_str().unwrap_or_default();
            url.trim_end_matches('/').to_owned()
        })
    });
    let listed = values["allowedEndpoints"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let endpoints = endpoints.map(Value::from).chain(listed);
    values["allowedEndpoints"] = endpoints.collect();
    values["crds"] = json!({ "install": false });
    values["minInterval"] = json!("1s");
    let args = [
        "install",
        release,
        chart(),
        "--namespace",
        release,
        "--create-namespace",
        "--values=-",
    ];
    run_helm(
        program,
        &audited.plane.kubeconfig_path(),
        &args,
        &values.to_string(),
    )
    .fine()
}

/// What a world's connector and exports go through in their lives.
pub async fn job(world: &World) {
    world.cohort(1, "Once", 20);
    world.cohort(2, "Often", 30);
    world.one_time("once", 1, json!({})).await;
    world.dynamic("often", 2, json!({})).await;
    world.until_connected("main", "True", "Connected").await;
    world.until_synced("once", "True", "Completed").await;
    world.until_synced("often", "True", "Synced").await;

    world.annotate("often", REQUESTED_AT, "again").await;
    let handled = |export: &CohortExport| {
        let status = export.status.as_ref();
        status.is_some_and(|s| s.last_handled_request.as_deref() == Some("again"))
    };
    world.until("often", "asked for once more", handled).await;

    world
        .put_secret("vendors", "another", USERNAME, SECRET)
        .await;
    // A Secret that isn't watched is read anew when the connector changes.
    let look = async |name: &str| {
        let patch = json!({ "spec": { "displayName": name } });
        world
            .patch::<mixtap::api::CleverTapConnector>("main", patch)
            .await;
    };
    look("one").await;
    world
        .until_connected("main", "False", "InvalidCredentials")
        .await;
    world
        .put_secret("vendors", PASSCODE, USERNAME, SECRET)
        .await;
    look("two").await;
    world.until_connected("main", "True", "Connected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_wide_rights_are_enough_and_all_used() {
    let Some(program) = helm().await else { return };
    let Some(audited) = audit::own().await else {
        return;
    };
    let world = World::on(&audited.plane, "wide").await;
    install(audited, program, "wide", json!({}), &[&world]);
    let pod = Pod::start(&audited.plane, "wide", "wide-mixtap").await;
    job(&world).await;
    let rights = [
        ("ClusterRole", "", "wide-mixtap-controller"),
        ("Role", "wide", "wide-mixtap"),
    ];
    just_enough(audited, &pod, &rights).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scoped_rights_are_enough_and_all_used() {
    let Some(program) = helm().await else { return };
    let Some(audited) = audit::shared().await else {
        return;
    };
    let one = World::on(&audited.plane, "scoped").await;
    let other = World::on(&audited.plane, "scoped").await;
    let namespaces = [&one.namespace, &other.namespace];
    let values = json!({ "watchNamespaces": namespaces, "scopedRBAC": true });
    install(audited, program, "scoped", values, &[&one, &other]);
    let pod = Pod::start(&audited.plane, "scoped", "scoped-mixtap").await;
    tokio::join!(job(&one), job(&other));
    let rights = [
        ("Role", one.namespace.as_str(), "scoped-mixtap-controller"),
        ("Role", "scoped", "scoped-mixtap"),
    ];
    just_enough(audited, &pod, &rights).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_watch_of_secrets_get_is_enough() {
    let Some(program) = helm().await else { return };
    let Some(audited) = audit::shared().await else {
        return;
    };
    let world = World::on(&audited.plane, "unwatched").await;
    let namespaces = [&world.namespace];
    let values = json!({
        "watchNamespaces": namespaces,
        "scopedRBAC": true,
        "watchSecrets": false,
        "rbac": { "secretNames": ["vendors"] },
    });
    install(audited, program, "unwatched", values, &[&world]);
    let pod = Pod::start(&audited.plane, "unwatched", "unwatched-mixtap").await;
    job(&world).await;
    let rights = [
        (
            "Role",
            world.namespace.as_str(),
            "unwatched-mixtap-controller",
        ),
        ("Role", "unwatched", "unwatched-mixtap"),
    ];
    let granted = just_enough(audited, &pod, &rights).await;
    let secrets = granted
        .iter()
        .filter(|(_, _, resource)| resource == "secrets");
    let verbs: Vec<_> = secrets.map(|(verb, _, _)| verb.as_str()).collect();
    assert_eq!(verbs, ["create", "get"]);
}

/// Nothing was forbidden, and every right of these roles was used.
pub async fn just_enough(
    audited: &Audited,
    pod: &Pod,
    roles: &[(&str, &str, &str)],
) -> BTreeSet<Right> {
    let mut granted = BTreeSet::new();
    for (kind, namespace, name) in roles {
        let args = ["get", kind, name, "--namespace", namespace, "--output=json"];
        let role = kubectl(&audited.plane.kubeconfig_path(), &args, "").fine();
        let role: Value = serde_json::from_str(&role).expect("JSON");
        for rule in role["rules"].as_array().expect("rules") {
            granted.extend(rights(rule));
        }
    }
    // The Lease is renewed from time to time.
    let used = async {
        loop {
            let (used, forbidden) = audited.asked_by(&pod.user);
            assert_eq!(forbidden, Vec::<Value>::new(), "{}", pod.log());
            if used == granted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let all = tokio::time::timeout(PATIENCE, used).await;
    let (used, _) = audited.asked_by(&pod.user);
    assert!(all.is_ok(), "granted {granted:?}, used {used:?}");
    granted
}

fn rights(rule: &Value) -> Vec<Right> {
    let list = |name: &str| crate::documents::strings(&rule[name]);
    let mut rights = Vec::new();
    for group in list("apiGroups") {
        for resource in list("resources") {
            let of = |verb: &str| (verb.to_owned(), group.to_owned(), resource.to_owned());
            rights.extend(list("verbs").into_iter().map(of));
        }
    }
    rights
}
