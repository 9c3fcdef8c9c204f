//! What is told where the state, a right or a word of the command line is missing.

use serde_json::json;

use super::{kept, plan, planned, program, value};
use crate::command::{paged, world};
use crate::user::user;
use crate::world::PATIENCE;

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
