//! What Kubernetes' own roles permit once the chart has extended them: the table of its README.

use std::time::Duration;

use k8s_openapi::api::{
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
    rbac::v1::RoleBinding,
};
use kube::{Api, Client, api::PostParams};
use mixtap::{
    api::{CleverTapConnector, CohortExport},
    sandbox::cluster::Plane,
};
use serde_json::json;

use crate::{
    audit,
    commands::helm,
    grants::install,
    plane, values,
    world::{PATIENCE, World},
};

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

#[tokio::test(flavor = "multi_thread")]
async fn view_edit_and_admin_permit_what_the_readme_says() {
    let Some(program) = helm().await else { return };
    let Some(audited) = audit::shared().await else {
        return;
    };
    let world = World::on(&audited.plane, "users").await;
    install(
        audited,
        program,
        "users",
        json!({ "watchNamespaces": [world.namespace] }),
        &[&world],
    );
    let readme = values::read("README.md");
    for (column, role) in ["view", "edit", "admin"].into_iter().enumerate() {
        let user = format!("{role}@example.com");
        let client = bound(&audited.plane, &world.namespace, &user, role).await;
        for (verbs, subresource, row) in [
            (&READ[..], "", "get, list, watch"),
            (
                &WRITE,
                "",
                "create, update, patch, delete, deletecollection",
            ),
            (&["update", "patch"], "status", "write their status"),
        ] {
            let row = readme
                .lines()
                .find(|l| l.starts_with(&format!("| {row} |")))
                .unwrap();
            let says = row.split('|').nth(column + 2).unwrap().trim() == "yes";
            for resource in ["clevertapconnectors", "cohortexports"] {
                for verb in verbs {
                    let may = may(&client, &world.namespace, verb, resource, subresource).await;
                    assert_eq!(may, says, "{role}: {verb} {resource} {subresource}");
                }
            }
        }
        really(&world, &client, role).await;
        let (_, forbidden) = audited.asked_by(&user);
        assert_eq!(
            forbidden.is_empty(),
            role != "view",
            "{role}: {forbidden:?}"
        );
    }
}

/// A user with this role in this namespace, once Kubernetes has put it together.
async fn bound(plane: &Plane, namespace: &str, user: &str, role: &str) -> Client {
    let admin = plane::client(plane.kubeconfig_yaml()).await;
    let group = "rbac.authorization.k8s.io";
    let binding = json!({
        "metadata": { "name": role },
        "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": group, "kind": "User", "name": user }],
    });
    let binding: RoleBinding = serde_json::from_value(binding).expect("a binding");
    let bindings: Api<RoleBinding> = Api::namespaced(admin, namespace);
    bindings
        .create(&PostParams::default(), &binding)
        .await
        .expect("a binding");
    let client = plane::client(&plane.kubeconfig_for(user, None).expect("a user")).await;
    let aggregated = async {
        while !may(&client, namespace, "get", "cohortexports", "").await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let aggregated = tokio::time::timeout(PATIENCE, aggregated).await;
    assert!(aggregated.is_ok(), "{role} was never extended");
    client
}

/// What the API server's authorizer says.
async fn may(client: &Client, namespace: &str, verb: &str, resource: &str, sub: &str) -> bool {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                namespace: Some(namespace.to_owned()),
                verb: Some(verb.to_owned()),
                group: Some("mixtap.dev".to_owned()),
                resource: Some(resource.to_owned()),
                subresource: Some(sub.to_owned()),
                ..ResourceAttributes::default()
            }),
            non_resource_attributes: None,
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let answer = reviews
        .create(&PostParams::default(), &review)
        .await
        .expect("a review");
    answer.status.expect("a status").allowed
}

/// And what it does.
async fn really(world: &World, client: &Client, role: &str) {
    let connectors: Api<CleverTapConnector> = Api::namespaced(client.clone(), &world.namespace);
    assert!(connectors.get("main").await.is_ok());
    let exports: Api<CohortExport> = Api::namespaced(client.clone(), &world.namespace);
    let export = json!({
        "apiVersion": "mixtap.dev/v1alpha1",
        "kind": "CohortExport",
        "metadata": { "name": role },
        "spec": { "connectorRef": { "name": "main" }, "cohort": { "id": 1 }, "syncType": "OneTime" },
    });
    let export = serde_json::from_value(export).expect("an export");
    let made = exports.create(&PostParams::default(), &export).await;
    assert_eq!(made.is_ok(), role != "view", "{role}: {made:?}");
}
