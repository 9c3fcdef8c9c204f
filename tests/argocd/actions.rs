//! Each action, run by Argo CD's own command on objects of a cluster, and what the controller makes
//! of the result.

use kube::api::{Patch, PatchParams};
use mixtap::api::{CohortExport, conditions};
use mixtap::sandbox::calls::Call;
use serde_json::{Value, json};

use crate::command::Overrides;
use crate::managed::Managed;
use crate::settings;
use crate::world::World;

/// Runs an action on an object as it is now, and merges the result into it, as Argo CD's server does.
async fn run(world: &World, kind: &str, name: &str, action: &str) -> Value {
    let argocd = Overrides::new().await.expect("Argo CD's command");
    let version = "mixtap.dev/v1alpha1";
    let api = settings::api(&world.client, version, kind, Some(&world.namespace));
    let object = api.get(name).await.expect("the object");
    let object = serde_json::to_value(object).expect("JSON");
    let enabled = (action.to_owned(), "false".to_owned());
    let actions = argocd.list_actions(&object);
    assert!(actions.contains(&enabled), "{action} of {actions:?}");
    let made = argocd.run_action(&object, action);
    let metadata = json!({ "annotations": made["metadata"]["annotations"] });
    let patch = Patch::Merge(json!({ "metadata": metadata, "spec": made["spec"] }));
    api.patch(name, &PatchParams::default(), &patch)
        .await
        .expect("patched");
    made
}

fn ready(object: &CohortExport) -> Option<&str> {
    let conditions = &object.status.as_ref()?.conditions;
    Some(&conditions::find(conditions, conditions::READY)?.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actions_do_what_they_say_and_make_no_difference_to_the_repository() {
    let exports = [(
        "cart",
        json!({ "cohort": { "id": 1 }, "syncType": "Dynamic" }),
    )];
    let Some(managed) = Managed::new("actions", &exports).await else {
        return;
    };
    let Managed {
        world,
        application,
        commit,
        ..
    } = &managed;
    world.cohort(1, "Cart", 30);
    let _controller = world.controller();
    application.until_synced(commit, "Healthy").await;
    let reads = world.calls(Call::Engage);

    let made = run(world, "CohortExport", "cart", "sync-now").await;
    let token = made["metadata"]["annotations"]["mixtap.dev/requested-at"].clone();
    let handled = |object: &CohortExport| {
        let status = object.status.as_ref();
        status.and_then(|s| s.last_handled_request.as_deref()) == token.as_str()
    };
    world.until("cart", "exported by the token", handled).await;
    assert_eq!(world.calls(Call::Engage), reads + 1);

    run(world, "CohortExport", "cart", "suspend").await;
    let suspended = |object: &CohortExport| ready(object) == Some("Suspended");
    world.until("cart", "suspended", suspended).await;
    application.until_synced(commit, "Suspended").await;
    run(world, "CohortExport", "cart", "resume").await;
    application.until_synced(commit, "Healthy").await;

    run(world, "CleverTapConnector", "growth", "suspend").await;
    world
        .until("cart", "suspended with its connector", suspended)
        .await;
    application.until_synced(commit, "Suspended").await;
    run(world, "CleverTapConnector", "growth", "resume").await;
    world
        .until("cart", "resumed", |object| ready(object) == Some("Synced"))
        .await;
    let status = application.until_synced(commit, "Healthy").await;
    let history = status["history"].as_array().map(Vec::len);
    assert_eq!(history, Some(1), "nothing was applied again");
}
