//! What a user without rights is told.

use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, PostParams};
use mixtap::sandbox::calls::Vendor;
use serde_json::json;

use crate::command::{by, world};
use crate::user::user;

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_reads_status_and_is_told_why_not_the_rest() {
    let Some(world) = world("viewer").await else {
        return;
    };
    let Some(viewer) = user(&world, "viewer@example.com").await else {
        return;
    };
    let nobody = by(&world, &viewer, "status").await;
    nobody.failed("cannot list resource");
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "view" },
        "rules": [{ "apiGroups": ["mixtap.dev"], "verbs": ["get", "list", "watch"],
            "resources": ["clevertapconnectors", "cohortexports"] }],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": "view" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "view" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User",
            "name": "viewer@example.com" }],
    });
    let roles: Api<Role> = world.api();
    let bindings: Api<RoleBinding> = world.api();
    let role = serde_json::from_value(role).expect("a Role");
    roles
        .create(&PostParams::default(), &role)
        .await
        .expect("created");
    let binding = serde_json::from_value(binding).expect("a RoleBinding");
    bindings
        .create(&PostParams::default(), &binding)
        .await
        .expect("created");
    world.dynamic("cart", 1, json!({})).await;
    world.permitted(&viewer).await;

    by(&world, &viewer, "status").await.fine();
    for (line, why) in [
        (
            "suspend cart",
            "can't change cohortexport/cart in namespace",
        ),
        ("sync cart", "can't annotate cohortexport/cart in namespace"),
        (
            "history cart",
            "status, sync, suspend and resume need none of them",
        ),
        ("budget", "get and create on pods/portforward"),
    ] {
        by(&world, &viewer, line).await.failed(why);
    }
    let hosts = [world.sandbox.mixpanel_url(), world.sandbox.clevertap_url()];
    let hosts = hosts.map(|url| url.as_str().trim_end_matches('/').to_owned());
    let why = format!("why cart u-own --allowed-endpoints {}", hosts.join(","));
    by(&world, &viewer, &why)
        .await
        .failed("can't read the connector's Secret");
    assert_eq!(world.calls_of(Vendor::Mixpanel), 0);
}
