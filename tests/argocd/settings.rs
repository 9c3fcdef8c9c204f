//! What Argo CD finds in the cluster: its CRDs, its settings, and the cluster itself as destination.

use std::path::Path;
use std::process::Command;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::runtime::{conditions::is_crd_established, wait::await_condition};
use kube::{Client, config::Kubeconfig};
use mixtap::sandbox::cluster::Plane;
use serde_json::{Value, json};

use crate::configmap;
use crate::customizations::read;
use crate::tools::ARGOCD;

pub const NAMESPACE: &str = "argocd";

/// Applies all of it.
pub async fn apply(client: &Client, plane: &Plane) -> Result<(), String> {
    let namespace = json!({ "metadata": { "name": NAMESPACE } });
    put(client, "v1", "Namespace", namespace).await;
    let module = module()?;
    for crd in ["application", "appproject"] {
        let crd: Value = read(&Path::new(&module).join(format!("manifests/crds/{crd}-crd.yaml")));
        let name = crd["metadata"]["name"].as_str().expect("a name").to_owned();
        put(
            client,
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            crd,
        )
        .await;
        let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
        let established = await_condition(crds, &name, is_crd_established()).await;
        established.expect("an established CRD");
    }
    for name in [
        "rbac",
        "cmd-params",
        "tls-certs",
        "ssh-known-hosts",
        "gpg-keys",
    ] {
        put(
            client,
            "v1",
            "ConfigMap",
            part(&format!("argocd-{name}-cm")),
        )
        .await;
    }
    let mut settings = part("argocd-cm");
    settings["data"] = json!({ "timeout.reconciliation": "10s" });
    put(client, "v1", "ConfigMap", settings).await;
    // As a user does it.
    let patch: Value = read(&configmap::path());
    let maps = api(client, "v1", "ConfigMap", Some(NAMESPACE));
    maps.patch("argocd-cm", &PatchParams::default(), &Patch::Merge(patch))
        .await
        .expect("patched");
    let mut secret = part("argocd-secret");
    secret["stringData"] = json!({ "server.secretkey": "argocd-test" });
    put(client, "v1", "Secret", secret).await;
    put(client, "v1", "Secret", destination(plane)).await;
    let project = json!({
        "metadata": { "name": "default", "namespace": NAMESPACE },
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{ "namespace": "*", "server": "*" }],
            "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
        },
    });
    put(client, "argoproj.io/v1alpha1", "AppProject", project).await;
    Ok(())
}

/// The folder of Argo CD's published module, whose release has its CRDs.
fn module() -> Result<String, String> {
    let module = format!("github.com/argoproj/argo-cd/v3@{}", ARGOCD.version);
    let output = Command::new("go")
        .args(["mod", "download", "-json", &module])
        .output()
        .map_err(|error| format!("go: {error}"))?;
    let said: Value = serde_json::from_slice(&output.stdout).map_err(|e| format!("go: {e}"))?;
    let folder = said["Dir"].as_str().map(str::to_owned);
    folder.ok_or_else(|| format!("no module of Argo CD: {said}"))
}

fn part(name: &str) -> Value {
    let labels = json!({ "app.kubernetes.io/part-of": "argocd" });
    json!({ "metadata": { "name": name, "namespace": NAMESPACE, "labels": labels } })
}

/// The cluster, by its address: Argo CD doesn't run in it.
fn destination(plane: &Plane) -> Value {
    let kubeconfig = Kubeconfig::from_yaml(plane.kubeconfig_yaml()).expect("a kubeconfig");
    let kubeconfig = serde_json::to_value(kubeconfig).expect("JSON");
    let (cluster, user) = (
        &kubeconfig["clusters"][0]["cluster"],
        &kubeconfig["users"][0]["user"],
    );
    let config = json!({ "tlsClientConfig": {
        "caData": cluster["certificate-authority-data"],
        "certData": user["client-certificate-data"],
        "keyData": user["client-key-data"],
    }});
    json!({
        "metadata": {
            "name": "plane",
            "namespace": NAMESPACE,
            "labels": { "argocd.argoproj.io/secret-type": "cluster" },
        },
        "stringData": { "name": "plane", "server": plane.url(), "config": config.to_string() },
    })
}

/// The API of a kind, in a namespace or of the cluster.
pub fn api(
    client: &Client,
    version: &str,
    kind: &str,
    namespace: Option<&str>,
) -> Api<DynamicObject> {
    let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &kind),
        None => Api::all_with(client.clone(), &kind),
    }
}

/// Applies an object.
pub async fn put(client: &Client, version: &str, kind: &str, mut object: Value) {
    object["apiVersion"] = version.into();
    object["kind"] = kind.into();
    let name = object["metadata"]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    let namespace = object["metadata"]["namespace"].as_str().map(str::to_owned);
    let api = api(client, version, kind, namespace.as_deref());
    let params = PatchParams::apply("test").force().validation_strict();
    api.patch(&name, &params, &Patch::Apply(&object))
        .await
        .expect(&name);
}
