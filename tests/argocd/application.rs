//! One Application of Argo CD, made from an example.

use std::path::Path;

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use crate::argo::ArgoCd;
use crate::customizations::read;
use crate::repository::Repository;
use crate::settings::{self, NAMESPACE};
use crate::world::PATIENCE;

const VERSION: &str = "argoproj.io/v1alpha1";

pub struct Application {
    api: Api<DynamicObject>,
    name: String,
}

impl Application {
    /// Applies `examples/argocd/FILE`, with this repository, this cluster and this namespace in
    /// place of those that it names. `path` is the folder in the repository.
    pub async fn apply(
        argo: &ArgoCd,
        file: &str,
        name: &str,
        (repository, path): (&Repository, &str),
        namespace: &str,
    ) -> Self {
        let client = argo.client().await;
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples/argocd")
            .join(file);
        let mut object: Value = read(&file);
        object["metadata"]["name"] = name.into();
        let spec = &mut object["spec"];
        for (part, field, value) in [
            ("source", "repoURL", repository.url().as_str()),
            ("source", "path", path),
            ("destination", "server", argo.plane.url()),
            ("destination", "namespace", namespace),
        ] {
            assert!(spec[part][field].is_string(), "{field}");
            spec[part][field] = value.into();
        }
        settings::put(&client, VERSION, "Application", object).await;
        Self::applied(argo, name).await
    }

    /// One that is there.
    pub async fn applied(argo: &ArgoCd, name: &str) -> Self {
        let client = argo.client().await;
        Self {
            api: settings::api(&client, VERSION, "Application", Some(NAMESPACE)),
            name: name.to_owned(),
        }
    }

    /// Waits until its status is as asked.
    pub async fn until(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let status = |object: &DynamicObject| object.data["status"].clone();
        let condition = |object: Option<&DynamicObject>| object.is_some_and(|o| is(&status(o)));
        let waiting = await_condition(self.api.clone(), &self.name, condition);
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(Ok(Some(object))) => status(&object),
            other => {
                let now = self.api.get(&self.name).await.map(|object| status(&object));
                let ended = other.map(|found| found.is_ok());
                panic!("{} was never {what} ({ended:?}): {now:#?}", self.name);
            }
        }
    }

    /// Waits until a commit is synced, its sync has succeeded, and the health is this one.
    pub async fn until_synced(&self, commit: &str, health: &str) -> Value {
        let what = format!("Synced to {commit} and {health}");
        let is = |status: &Value| synced_to(status, commit) && status["health"]["status"] == health;
        self.until(&what, is).await
    }

    /// Asks for a comparison, and waits until it is done: a new commit is seen by it.
    pub async fn compare(&self) -> Value {
        let annotation = json!({ "argocd.argoproj.io/refresh": "normal" });
        let patch = json!({ "metadata": { "annotations": annotation } });
        let params = PatchParams::default();
        let patched = self
            .api
            .patch(&self.name, &params, &Patch::Merge(patch))
            .await;
        patched.expect("an Application");
        let compared = |object: Option<&DynamicObject>| {
            let annotations = object.and_then(|o| o.metadata.annotations.as_ref());
            object.is_some() && annotations.is_none_or(|a| a.is_empty())
        };
        let waiting = await_condition(self.api.clone(), &self.name, compared);
        let object = tokio::time::timeout(PATIENCE, waiting).await;
        let object = object.expect("a comparison").expect("a watch");
        object.expect("an Application").data["status"].clone()
    }
}

/// Whether a commit is synced, by a sync that succeeded.
pub fn synced_to(status: &Value, commit: &str) -> bool {
    let (sync, operation) = (&status["sync"], &status["operationState"]);
    sync["status"] == "Synced"
        && sync["revision"] == commit
        && operation["phase"] == "Succeeded"
        && operation["syncResult"]["revision"] == commit
}

/// Health and message of one resource.
pub fn health(status: &Value, kind: &str, name: &str) -> (String, String) {
    let resources = status["resources"].as_array().expect("resources");
    let found = resources
        .iter()
        .find(|r| r["kind"] == kind && r["name"] == name);
    let health = &found.unwrap_or_else(|| panic!("no {kind} {name}: {status}"))["health"];
    let text = |field: &str| health[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}
