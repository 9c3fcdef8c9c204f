//! A real API server takes the manifests, strictly: no unknown field, and every rule of the CRDs.

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde::Deserialize;
use serde_json::Value;

use crate::plane;
use crate::world::World;

#[tokio::test]
async fn an_api_server_takes_what_is_written() {
    let Some(plane) = plane::shared().await else {
        return;
    };
    let client = plane::client(plane.kubeconfig_yaml()).await;
    let namespace = plane::namespace(&client, "init").await;
    let world = World::new();
    let clevertap = world.sandbox.clevertap_url();
    let clevertap = clevertap.origin().ascii_serialization();
    for flags in [
        &["--all"][..],
        &[
            "--all",
            "--sync-type",
            "OneTime",
            "--workspace",
            "7",
            "--region",
            "IN",
        ],
        &[
            "--all",
            "--interval",
            "1h30m",
            "--clevertap-endpoint",
            &clevertap,
        ],
    ] {
        let flags = [&["--dry-run", "--namespace", &namespace], flags].concat();
        let output = world.init(&flags).assert().success().get_output().clone();
        let mut objects = 0;
        for document in serde_yaml::Deserializer::from_slice(&output.stdout) {
            let object = Value::deserialize(document).unwrap();
            let answer = taken(&client, &namespace, &object).await;
            assert!(answer.is_ok(), "{answer:?}\n{object}");
            objects += 1;
        }
        assert_eq!(objects, 7, "a connector and six exports");
    }
    // The check itself can fail.
    let mut wrong = serde_json::json!({
        "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
        "metadata": { "name": "a" }, "spec": { "syncType": "Dynamic", "cohort": { "id": 1 },
        "connectorRef": { "name": "a" } },
    });
    assert!(taken(&client, &namespace, &wrong).await.is_ok());
    wrong["spec"]["unknown"] = 1.into();
    assert!(taken(&client, &namespace, &wrong).await.is_err());
}

/// `kubectl apply --server-side --dry-run=server --validate=strict`.
async fn taken(client: &kube::Client, namespace: &str, object: &Value) -> kube::Result<()> {
    let kind = object["kind"].as_str().unwrap();
    let plural = format!("{}s", kind.to_lowercase());
    let kind = GroupVersionKind::gvk("mixtap.dev", "v1alpha1", kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, &plural);
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let params = PatchParams::apply("test").dry_run().validation_strict();
    let name = object["metadata"]["name"].as_str().unwrap();
    let patched = api.patch(name, &params, &Patch::Apply(object)).await;
    patched.map(|_| ())
}
