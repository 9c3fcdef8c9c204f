//! What pages and examples would have people apply: an API server takes it, strictly.

use std::{fs, path::Path, process::Command};

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::runtime::{conditions::is_crd_established, wait::await_condition};
use kube::{Client, ResourceExt};
use mixtap::api::{CleverTapConnector, CohortExport};
use mixtap::domain::validate::{self, Rules};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::plane;
use super::written::{pages, repository};

/// Where Flux's CRDs are published: in the modules of its controllers.
const FLUX: [&str; 3] = [
    "github.com/fluxcd/kustomize-controller@v1.7.3",
    "github.com/fluxcd/source-controller@v1.8.5",
    "github.com/fluxcd/helm-controller@v1.4.0",
];
/// Of which an API server here knows nothing: tests of their own try these.
const ELSEWHERE: [&str; 3] = [
    "argoproj.io",
    "monitoring.coreos.com",
    "kustomize.config.k8s.io",
];

/// Every document of the pages' YAML blocks and of the examples, and where it stands.
pub fn documents() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for block in blocks(&text) {
            found.extend(parse(&page, &block));
        }
    }
    for folder in [
        "quickstart",
        "page",
        "flux/cluster",
        "flux/controller",
        "flux/connectors",
        "flux/exports",
    ] {
        for file in fs::read_dir(repository().join("examples").join(folder)).unwrap() {
            let file = file.unwrap().path();
            found.extend(parse(&file, &fs::read_to_string(&file).unwrap()));
        }
    }
    found
}

fn parse(file: &Path, yaml: &str) -> Vec<(String, Value)> {
    let name = file
        .strip_prefix(repository())
        .unwrap()
        .display()
        .to_string();
    let documents = serde_yaml::Deserializer::from_str(yaml);
    let read = documents.map(|document| {
        let value = Value::deserialize(document);
        (
            name.clone(),
            value.unwrap_or_else(|e| panic!("{name}: {e}")),
        )
    });
    read.collect()
}

/// The YAML between fences, without the indentation that a list gives it.
fn blocks(text: &str) -> Vec<String> {
    let (mut blocks, mut open) = (Vec::new(), None);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        match &mut open {
            None if line.trim_start() == "```yaml" => open = Some((indent, String::new())),
            Some(_) if line.trim_start() == "```" => {
                blocks.extend(open.take().map(|(_, yaml)| yaml))
            }
            Some((margin, yaml)) => {
                yaml.push_str(line.get(*margin..).unwrap_or_default());
                yaml.push('\n');
            }
            None => {}
        }
    }
    blocks
}

fn group(object: &Value) -> &str {
    let (group, _) = object["apiVersion"]
        .as_str()
        .unwrap()
        .split_once('/')
        .unwrap_or_default();
    group
}

#[test]
fn our_kinds_are_valid_and_no_field_is_misspelt() {
    let mut count = 0;
    for (from, written) in documents() {
        match written["kind"].as_str() {
            Some("CleverTapConnector") => {
                let connector: CleverTapConnector = same(&from, &written);
                let plan = validate::connector(&connector.spec, &Rules::default());
                plan.unwrap_or_else(|e| panic!("{from}: {e:?}"));
            }
            Some("CohortExport") => {
                let export: CohortExport = same(&from, &written);
                let plan = validate::export(&export.spec, true, &Rules::default());
                plan.unwrap_or_else(|e| panic!("{from}: {e:?}"));
            }
            _ => continue,
        }
        count += 1;
    }
    assert!(count >= 10, "only {count} objects of ours");
}

/// The object, from which nothing of what was written is lost; defaults may come.
fn same<T: DeserializeOwned + serde::Serialize>(from: &str, written: &Value) -> T {
    let object: T =
        serde_json::from_value(written.clone()).unwrap_or_else(|e| panic!("{from}: {e}"));
    let kept = serde_json::to_value(&object).unwrap();
    assert!(within(written, &kept), "{from}: {written} became {kept}");
    object
}

fn within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|w| within(value, w))),
        (part, whole) => part == whole,
    }
}

#[tokio::test]
async fn an_api_server_takes_every_manifest() {
    let Some(plane) = plane::shared().await else {
        return;
    };
    let client = plane::client(plane.kubeconfig_yaml()).await;
    for module in FLUX {
        match folder_of(module) {
            Ok(folder) => crds(&client, Path::new(&folder)).await,
            Err(reason) => {
                plane::skip(&reason);
                return;
            }
        }
    }
    for name in ["flux-system", "growth", "mixtap", "mixtap-page"] {
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(name.to_owned());
        let all: Api<Namespace> = Api::all(client.clone());
        all.create(&Default::default(), &namespace).await.unwrap();
    }
    let mut count = 0;
    for (from, written) in documents() {
        // Without a kind it is a piece: values of the chart.
        if written["kind"].is_null() || ELSEWHERE.contains(&group(&written)) {
            continue;
        }
        let object: DynamicObject = serde_json::from_value(written).unwrap();
        let taken = dry_run(&client, &object).await;
        let name = object.name_any();
        taken.unwrap_or_else(|error| panic!("{from}: {name}: {error}"));
        count += 1;
    }
    assert!(count > 20, "only {count} manifests");
}

/// As `kubectl apply --server-side --dry-run=server --validate=strict`.
async fn dry_run(client: &Client, object: &DynamicObject) -> kube::Result<DynamicObject> {
    let types = object.types.as_ref().expect("a kind");
    let gvk = GroupVersionKind::try_from(types).expect("an API version");
    let (resource, served) = kube::discovery::pinned_kind(client, &gvk).await?;
    let api: Api<DynamicObject> = match served.scope {
        kube::discovery::Scope::Cluster => Api::all_with(client.clone(), &resource),
        kube::discovery::Scope::Namespaced => {
            let namespace = object.namespace().unwrap_or("growth".into());
            Api::namespaced_with(client.clone(), &namespace, &resource)
        }
    };
    let params = PatchParams::apply("docs").dry_run().validation_strict();
    api.patch(&object.name_any(), &params, &Patch::Apply(object))
        .await
}

/// Where Go keeps this module, which it gets first if need be.
fn folder_of(module: &str) -> Result<String, String> {
    let go = Command::new("go")
        .args(["mod", "download", "-json", module])
        .output();
    let go = go.map_err(|e| format!("Flux's CRDs come by Go, which can't be run: {e}"))?;
    let told: Value = serde_json::from_slice(&go.stdout).unwrap_or_default();
    let folder = told["Dir"].as_str().map(str::to_owned);
    folder.ok_or_else(|| format!("no {module} to be had: {}", told["Error"]))
}

async fn crds(client: &Client, module: &Path) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for file in fs::read_dir(module.join("config/crd/bases")).unwrap() {
        let yaml = fs::read_to_string(file.unwrap().path()).unwrap();
        let crd: Value = serde_yaml::from_str(&yaml).unwrap();
        let name = crd["metadata"]["name"].as_str().unwrap();
        let params = PatchParams::apply("docs").force();
        api.patch(name, &params, &Patch::Apply(&crd))
            .await
            .expect("a CRD of Flux");
        let established = await_condition(api.clone(), name, is_crd_established());
        established.await.expect("an established CRD");
    }
}
