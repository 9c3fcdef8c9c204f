//! One test's world, whose objects come from a repository.

use serde_json::{Value, json};

use crate::application::Application;
use crate::order::installed;
use crate::repository::Repository;
use crate::world::World;

pub struct Managed {
    pub world: World,
    pub repository: Repository,
    pub application: Application,
    /// The first commit.
    pub commit: String,
}

impl Managed {
    /// Objects of the repository: the connector `growth`, and these exports of it.
    pub async fn new(name: &str, exports: &[(&str, Value)]) -> Option<Self> {
        let argo = installed().await?;
        let world = World::on(&argo.plane, name).await;
        let repository = Repository::new(argo);
        repository.write(
            "growth",
            &object("CleverTapConnector", "growth", world.connector_spec()),
        );
        for (name, spec) in exports {
            repository.write(name, &export(name, spec.clone()));
        }
        let commit = repository.commit("Export cohorts");
        let source = (&repository, ".");
        let application =
            Application::apply(argo, "exports.yaml", name, source, &world.namespace).await;
        Some(Self {
            world,
            repository,
            application,
            commit,
        })
    }
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "mixtap.dev/v1alpha1",
        "kind": kind,
        "metadata": { "name": name },
        "spec": spec,
    })
}

/// An export by the connector `growth`.
pub fn export(name: &str, mut spec: Value) -> Value {
    spec["connectorRef"] = json!({ "name": "growth" });
    object("CohortExport", name, spec)
}
