//! What the chart renders, given to a real API server by kubectl.

use std::{collections::BTreeSet, path::Path};

use mixtap::sandbox::cluster::Plane;
use serde_json::{Value, json};

use crate::{
    cases::CASES,
    commands::{helm, kubectl},
    documents::{objects, of_kind, only},
    monitoring, plane,
    rendered::template,
};

const NAMESPACES: [&str; 4] = ["exports", "team-a", "team-b", "monitoring"];
struct Server(Plane);

impl Server {
    async fn start() -> Option<Self> {
        let server = match plane::start().await {
            Ok(plane) => Self(plane),
            Err(reason) => {
                plane::skip(&reason);
                return None;
            }
        };
        plane::apply_crds(&plane::client(server.0.kubeconfig_yaml()).await).await;
        for namespace in NAMESPACES {
            server.kubectl(&["create", "namespace", namespace], "");
        }
        Some(server)
    }

    fn kubectl(&self, args: &[&str], input: &str) -> String {
        kubectl(&self.0.kubeconfig_path(), args, input).fine()
    }

    /// What became of each object.
    fn apply(&self, more: &[&str], manifests: &str) -> Vec<String> {
        let args = [&["apply", "--validate=strict", "--filename=-"], more].concat();
        let said = self.kubectl(&args, manifests);
        said.lines().map(str::to_owned).collect()
    }

    /// The stored versions of these objects, in order.
    fn versions(&self, manifests: &str) -> BTreeSet<String> {
        let args = [
            "get",
            "--filename=-",
            "--output=jsonpath={..resourceVersion}",
        ];
        let said = self.kubectl(&args, manifests);
        said.split_whitespace().map(str::to_owned).collect()
    }
}

/// The objects whose kinds this server has, but for CRDs, which are there.
fn known(text: &str) -> String {
    let mut objects = objects(text);
    objects.retain(|object| {
        object["apiVersion"] != monitoring::API && object["kind"] != "CustomResourceDefinition"
    });
    stream(&objects)
}

fn stream<'a>(objects: impl IntoIterator<Item = &'a Value>) -> String {
    let documents = objects.into_iter().map(|object| format!("---\n{object}\n"));
    documents.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_takes_every_case_and_the_same_again_is_unchanged() {
    let Some(program) = helm().await else { return };
    let Some(server) = Server::start().await else {
        return;
    };
    let crds = objects(&template(program, "{}"));
    let crds = stream(of_kind(&crds, "CustomResourceDefinition"));
    assert_eq!(server.apply(&["--dry-run=server"], &crds).len(), 2);
    for (name, values) in CASES {
        let manifests = known(&template(program, values));
        let all = |lines: &[String], verb: &str| {
            let other = lines.iter().find(|line| !line.ends_with(verb));
            assert!(!lines.is_empty() && other.is_none(), "{name}: {lines:?}");
        };
        let dry = server.apply(&["--dry-run=server"], &manifests);
        all(&dry, " created (server dry run)");
        all(&server.apply(&[], &manifests), " created");
        let before = server.versions(&manifests);
        let mut again = server.apply(&[], &manifests);
        // kubectl sends a PodDisruptionBudget's selector in any case, and calls that configured.
        again.retain(|line| line != "poddisruptionbudget.policy/mixtap configured");
        all(&again, " unchanged");
        assert_eq!(server.versions(&manifests), before, "{name}");
        server.delete(&manifests);
    }
    restricted(&server, program);
    kustomized(&server);
}

impl Server {
    /// Removes these objects. The controller that lets a claim go isn't part of the plane.
    fn delete(&self, manifests: &str) {
        let claims = objects(manifests);
        for claim in of_kind(&claims, "PersistentVolumeClaim") {
            let name = claim["metadata"]["name"].as_str().unwrap();
            let free = r#"{"metadata":{"finalizers":null}}"#;
            let args = [
                "patch",
                "pvc",
                name,
                "--namespace=exports",
                "--type=merge",
                "--patch",
                free,
            ];
            self.kubectl(&args, "");
        }
        self.kubectl(&["delete", "--filename=-"], manifests);
    }
}

/// The pod may run where Pod Security permits `restricted` ones only.
fn restricted(server: &Server, program: &Path) {
    let label = "pod-security.kubernetes.io/enforce=restricted";
    server.kubectl(&["label", "namespace", "team-a", label], "");
    let rendered = objects(&template(program, "{}"));
    let mut pod = only(&rendered, "Deployment")["spec"]["template"].clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("restricted");
    let create = |pod: &Value| {
        let args = [
            "create",
            "--namespace=team-a",
            "--dry-run=server",
            "--filename=-",
        ];
        kubectl(&server.0.kubeconfig_path(), &args, &pod.to_string())
    };
    create(&pod).fine();
    pod["spec"]["containers"][0]["securityContext"] = json!({});
    let refused = create(&pod);
    assert!(
        !refused.ok && refused.err.contains("violates PodSecurity"),
        "{}",
        refused.err
    );
}

/// As the chart's README says it.
fn kustomized(server: &Server) {
    let apply = || server.kubectl(&["apply", "--kustomize=charts/kustomize"], "");
    let made = apply();
    assert!(made.contains("deployment.apps/mixtap created"), "{made}");
    let again = apply();
    let unchanged = again
        .lines()
        .filter(|line| line.ends_with(" unchanged"))
        .count();
    assert_eq!(unchanged, made.lines().count(), "{again}");
}
