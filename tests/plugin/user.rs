//! Users of the API server, and what the tests wait for beside the harness.

use std::path::{Path, PathBuf};

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::PostParams;
use kube::runtime::conditions::is_deleted;
use kube::runtime::wait::await_condition;
use mixtap::api::CohortExport;
use serde_json::{Value, json};

use crate::command::{by, mixtap};
use crate::plane;
use crate::world::{PATIENCE, World};

/// The kubeconfig of a user whom nothing is granted.
pub async fn user(world: &World, name: &str) -> Option<PathBuf> {
    let plane = plane::shared().await?;
    let kubeconfig = plane.kubeconfig_for(name, None).expect("a certificate");
    let path = world.dir.path().join(format!("{name}.yaml"));
    std::fs::write(&path, kubeconfig).expect("a file");
    Some(path)
}

impl World {
    /// Grants this user these rules in the namespace.
    pub async fn grant(&self, user: &str, name: &str, rules: Value) {
        let group = "rbac.authorization.k8s.io";
        let meta = json!({ "name": name });
        let role = json!({
            "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": meta, "rules": rules,
        });
        let binding = json!({
            "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": meta,
            "roleRef": { "apiGroup": group, "kind": "Role", "name": name },
            "subjects": [{ "apiGroup": group, "kind": "User", "name": user }],
        });
        let role: Role = serde_json::from_value(role).expect("a Role");
        let made = self.api().create(&PostParams::default(), &role).await;
        made.expect("the Role");
        let binding: RoleBinding = serde_json::from_value(binding).expect("a RoleBinding");
        let made = self.api().create(&PostParams::default(), &binding).await;
        made.expect("the RoleBinding");
    }

    /// The API server has heard of the user's new rights.
    pub async fn permitted(&self, kubeconfig: &Path) {
        let heard = async { while by(self, kubeconfig, "status").await.code != 0 {} };
        let heard = tokio::time::timeout(PATIENCE, heard).await;
        heard.expect("rights that count");
    }

    /// The page of a controller that begins to lead answers this.
    pub async fn until_answered(&self, line: &str) {
        let answered = async { while mixtap(self, line).await.code != 0 {} };
        let answered = tokio::time::timeout(PATIENCE, answered).await;
        answered.expect("an answer");
    }

    /// A controller leads.
    pub async fn until_led(&self) {
        let led = |lease: Option<&Lease>| {
            let spec = lease.and_then(|lease| lease.spec.as_ref());
            let holder = spec.and_then(|spec| spec.holder_identity.as_ref());
            holder.is_some_and(|holder| !holder.is_empty())
        };
        let waiting = await_condition(self.api::<Lease>(), "mixtap", led);
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.expect("a leader").expect("a watch");
    }

    /// The export is deleted, and so it says to whoever asks.
    pub async fn until_gone(&self, export: &str) {
        let api = self.api::<CohortExport>();
        let waiting = await_condition(api, export, is_deleted(""));
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.expect("it goes").expect("a watch");
    }
}
