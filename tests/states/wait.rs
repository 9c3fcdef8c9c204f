//! `kubectl wait` itself, on a real API server that holds every recorded state.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use kube::Client;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
};
use serde_json::{Value, json};

use crate::corpus::{KINDS, State, states};
use crate::{page, plane};

/// A namespace with the recorded states, each under its own name.
struct Recorded {
    client: Client,
    kubeconfig: PathBuf,
    namespace: String,
}

impl Recorded {
    /// `None` where there is no API server or no kubectl.
    async fn new() -> Option<Self> {
        let plane = plane::shared().await?;
        if Command::new("kubectl").arg("help").output().is_err() {
            plane::skip("no kubectl");
            return None;
        }
        let client = plane::client(plane.kubeconfig_yaml()).await;
        let recorded = Self {
            namespace: plane::namespace(&client, "states").await,
            kubeconfig: plane.kubeconfig_path(),
            client,
        };
        for kind in KINDS {
            for state in states(kind) {
                recorded.put(kind, &state).await;
            }
        }
        Some(recorded)
    }

    fn api(&self, kind: &str) -> Api<DynamicObject> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("mixtap.dev", "v1alpha1", kind));
        Api::namespaced_with(self.client.clone(), &self.namespace, &kind)
    }

    /// Makes the object, with its generation and its status.
    async fn put(&self, kind: &str, State { name, object, .. }: &State) {
        let (spec, metadata) = (&object["spec"], &object["metadata"]);
        let generation = metadata["generation"].as_i64().expect("a number");
        // Each change of the spec makes one generation, the last of them what was recorded.
        let suspend = |left: i64| match &spec["suspend"] {
            recorded if left == 0 => recorded.clone(),
            recorded => json!((*recorded == true) == (left % 2 == 0)),
        };
        let mut first = object.clone();
        first["metadata"] = json!({ "name": name });
        if generation > 1 {
            first["spec"]["suspend"] = suspend(generation - 1);
        }
        let first = serde_json::from_value(first).expect("an object");
        let (api, params) = (self.api(kind), PostParams::default());
        api.create(&params, &first).await.expect(name);
        for left in (0..generation - 1).rev() {
            let spec = json!({ "suspend": suspend(left) });
            self.merge(kind, name, "spec", spec).await;
        }
        let made = self
            .merge(kind, name, "status", object["status"].clone())
            .await;
        assert_eq!(made.metadata.generation, Some(generation), "{name}");
        assert_eq!(
            made.data,
            json!({ "spec": object["spec"], "status": object["status"] })
        );
    }

    async fn merge(&self, kind: &str, name: &str, part: &str, value: Value) -> DynamicObject {
        let (api, params) = (self.api(kind), PatchParams::default());
        let patch = Patch::Merge(json!({ part: value }));
        let made = match part {
            "status" => api.patch_status(name, &params, &patch).await,
            _ => api.patch(name, &params, &patch).await,
        };
        made.expect(name)
    }

    fn wait(&self, args: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(["--namespace", &self.namespace])
            .args(["wait", "--for=condition=Ready"])
            .args(args)
            .stdout(Stdio::piped());
        command
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_wait_decides_as_documented() {
    let Some(recorded) = Recorded::new().await else {
        return;
    };
    for kind in KINDS {
        // Looks once, and waits for nothing.
        let said = recorded.wait(&[kind, "--all", "--timeout=0"]).output();
        let said = String::from_utf8(said.expect("kubectl").stdout).expect("UTF-8");
        let met = said
            .lines()
            .filter_map(|line| line.strip_suffix(" condition met"));
        let met: BTreeSet<_> = met.filter_map(|object| object.split('/').nth(1)).collect();
        let states = states(kind);
        let wanted = states.iter().filter(|state| page::is_met(&state.object));
        let wanted: BTreeSet<_> = wanted.map(|state| state.name.as_str()).collect();
        assert_eq!(met, wanted, "{kind}");
    }

    // An old Ready counts for nothing until the controller has seen the change.
    let [kind, name] = [KINDS[1], "synced-changed"];
    let mut waiting = recorded
        .wait(&[kind, name, "--timeout=2m"])
        .spawn()
        .expect("kubectl");
    let changed = recorded.api(kind).get(name).await.expect(name);
    let mut status = changed.data["status"].clone();
    status["observedGeneration"] = json!(changed.metadata.generation);
    for condition in status["conditions"].as_array_mut().expect("conditions") {
        condition["observedGeneration"] = json!(changed.metadata.generation);
    }
    recorded.merge(kind, name, "status", status).await;
    assert!(waiting.wait().expect("kubectl").success());
}
