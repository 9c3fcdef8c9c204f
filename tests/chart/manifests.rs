//! What the chart renders, given to a real API server by kubectl.

use std::path::Path;

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
        let args = [
            &[
                "apply",
                "--namespace=exports",
                "--validate=strict",
                "--filename=-",
            ],
            more,
        ]
        .concat();
        let said = self.kubectl(&args, manifests);
        said.lines()
            .map(|line| line.split_once(' ').unwrap().1.to_owned())
            .collect()
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
        let dry = server.apply(&["--dry-run=server"], &manifests);
        assert!(
            dry.len() >= 2 && dry.iter().all(|verb| verb == "created (server dry run)"),
            "{name}: {dry:?}"
        );
        let made = server.apply(&[], &manifests);
        assert!(
            made.iter().all(|verb| verb == "created"),
            "{name}: {made:?}"
        );
        let again = server.apply(&[], &manifests);
        assert!(
            again.iter().all(|verb| verb == "unchanged"),
            "{name}: {again:?}"
        );
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
        self.kubectl(
            &["delete", "--namespace=exports", "--filename=-"],
            manifests,
        );
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
