//! The value `caBundle`: authorities beside the public ones. The API server itself is the host whose
//! certificate nobody else vouches for.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, api::PostParams};
use mixtap::api::CleverTapConnector;
use serde_json::{Value, json};

use crate::{
    audit::{self, Audited},
    commands::helm,
    grants::install,
    plane,
    pod::Pod,
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_trusted_beside_the_public_authorities() {
    let Some(program) = helm().await else { return };
    let Some(audited) = audit::shared().await else {
        return;
    };
    let world = World::on(&audited.plane, "authorities").await;
    let endpoints = json!({
        "mixpanel": audited.plane.url(),
        "clevertap": world.connector_spec()["endpoints"]["clevertap"],
    });
    world
        .patch::<CleverTapConnector>("main", json!({ "spec": { "endpoints": endpoints } }))
        .await;
    let values = |bundle: &str| {
        json!({
            "watchNamespaces": [world.namespace],
            "allowedEndpoints": [audited.plane.url()],
            "retry": { "first": "20ms", "total": "100ms" },
            "caBundle": { "configMap": bundle },
        })
    };
    install(audited, program, "trusting-none", values(""), &[&world]);
    let pod = Pod::start(&audited.plane, "trusting-none", "trusting-none-mixtap").await;
    let message = message(&world, "Unreachable").await;
    assert!(message.contains("Mixpanel"), "{message}");
    drop(pod);

    install(audited, program, "trusting", values("company"), &[&world]);
    bundle(audited, "trusting").await;
    let _pod = Pod::start(&audited.plane, "trusting", "trusting-mixtap").await;
    // It is no Mixpanel, and says so.
    self::message(&world, "Forbidden").await;
}

/// What `Connected` says, once this is its reason.
async fn message(world: &World, reason: &str) -> String {
    let is = |connector: &CleverTapConnector| said(connector)["reason"] == reason;
    let connector = world.until_connector("main", reason, is).await;
    said(&connector)["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn said(connector: &CleverTapConnector) -> Value {
    let status = connector.status.as_ref();
    let mut conditions = status.into_iter().flat_map(|s| &s.conditions);
    let connected = conditions.find(|condition| condition.type_ == "Connected");
    json!(connected)
}

/// The ConfigMap that the values name, with the API server's own authority.
async fn bundle(audited: &Audited, namespace: &str) {
    let kubeconfig: Value = serde_yaml::from_str(audited.plane.kubeconfig_yaml()).expect("YAML");
    let encoded = kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"].clone();
    let bytes: k8s_openapi::ByteString = serde_json::from_value(encoded).expect("base64");
    let pem = String::from_utf8(bytes.0).expect("PEM");
    let map = ConfigMap {
        metadata: kube::api::ObjectMeta {
            name: Some("company".to_owned()),
            ..kube::api::ObjectMeta::default()
        },
        data: Some([("ca.crt".to_owned(), pem)].into()),
        ..ConfigMap::default()
    };
    let client = plane::client(audited.plane.kubeconfig_yaml()).await;
    let maps: Api<ConfigMap> = Api::namespaced(client, namespace);
    maps.create(&PostParams::default(), &map)
        .await
        .expect("a ConfigMap");
}
