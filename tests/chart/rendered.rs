//! What the chart renders, by `helm template` and `helm lint`, for each of the cases.

use std::{collections::BTreeSet, path::Path};

use clap::{Args as _, Command};
use mixtap::{cli, config::RunArgs, crdgen};
use serde_json::{Value, json};

use crate::{
    cases::{CASES, case},
    commands::{self, chart, helm, run_helm},
    documents::{container, objects, of_kind, only, strings},
};

/// Namespace and name of the releases here.
const NAMESPACE: &str = "exports";
const RELEASE: &str = "mixtap";
/// Flags without a value of their own, and why.
const UNMAPPED: [(&str, &str); 2] = [
    (
        "lease-namespace",
        "the release's: the chart's Role for the Lease is there",
    ),
    ("pod-ip", "the pod's own, by the downward API"),
];
/// No object of a namespace.
const OF_NO_NAMESPACE: [&str; 3] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
];

/// The text for these values.
pub fn template(program: &Path, values: &str) -> String {
    commands::template(program, RELEASE, &["--namespace", NAMESPACE], values).fine()
}

fn parsed(args: &[&str]) -> RunArgs {
    let line = ["mixtap"].iter().chain(args).map(Into::into);
    match cli::parse(line) {
        Ok(cli::Command::Run(args)) => *args,
        other => panic!("{args:?}: {other:?}"),
    }
}

/// What the Deployment's controller makes of its arguments, and of its own address.
pub fn deployed(objects: &[Value]) -> RunArgs {
    let container = container(objects);
    let env = container["env"].as_array().into_iter().flatten();
    let ip = env.filter(|variable| variable["name"] == "MIXTAP_POD_IP");
    let ip = ip.map(|variable| {
        let path = &variable["valueFrom"]["fieldRef"]["fieldPath"];
        assert_eq!(path, "status.podIP");
        "--pod-ip=10.9.8.7"
    });
    parsed(
        &strings(&container["args"])
            .into_iter()
            .chain(ip)
            .collect::<Vec<_>>(),
    )
}

#[tokio::test]
async fn the_defaults_are_the_controllers_own() {
    let Some(program) = helm().await else { return };
    let objects = objects(&template(program, "{}"));
    let args = deployed(&objects);
    let plain = parsed(&["run", "--scratch-dir=/scratch"]);
    assert_eq!(format!("{args:?}"), format!("{plain:?}"));
}

#[tokio::test]
async fn every_flag_has_a_value() {
    let Some(program) = helm().await else { return };
    let mut used = BTreeSet::new();
    for (_, values) in CASES {
        let objects = objects(&template(program, values));
        for arg in strings(&container(&objects)["args"]) {
            let flag = arg.split('=').next().unwrap_or_default();
            used.extend(flag.strip_prefix("--").map(str::to_owned));
        }
    }
    let command = RunArgs::augment_args(Command::new("run"));
    let all = command.get_arguments().filter_map(|arg| arg.get_long());
    let left_out: Vec<_> = all.filter(|flag| !used.contains(*flag)).collect();
    assert_eq!(left_out, UNMAPPED.map(|(flag, _)| flag));
}

#[tokio::test]
async fn each_case_is_sound() {
    let Some(program) = helm().await else { return };
    for (name, values) in CASES {
        let lint = ["lint", "--strict", chart(), "--values=-"];
        run_helm(program, "/dev/null".as_ref(), &lint, values).fine();
        let objects = objects(&template(program, values));
        for object in objects
            .iter()
            .filter(|object| object["metadata"]["name"] != "extra")
        {
            sound(name, object);
        }
        let pod = &only(&objects, "Deployment")["spec"]["template"]["spec"];
        let args = deployed(&objects);
        let grace = pod["terminationGracePeriodSeconds"].as_u64();
        let drain = args.shutdown_grace.as_secs();
        assert!(grace >= Some(drain + 15), "{name}");
        shares_only_what_can_be_shared(name, &objects);
    }
}

/// Labelled as ours, and in a namespace where it can be in one.
fn sound(case: &str, object: &Value) {
    let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
    let namespaced = !OF_NO_NAMESPACE.iter().any(|of_none| kind == of_none);
    if name.as_str().is_some_and(|name| name.ends_with("-text")) {
        return;
    }
    assert_eq!(
        object["metadata"]["namespace"].is_string(),
        namespaced,
        "{case}: {kind} {name}"
    );
    let labels = &object["metadata"]["labels"];
    assert_eq!(
        labels["app.kubernetes.io/instance"], RELEASE,
        "{case}: {kind} {name}"
    );
    assert_eq!(
        labels["helm.sh/chart"],
        concat!("mixtap-", env!("CARGO_PKG_VERSION"))
    );
}

fn shares_only_what_can_be_shared(case: &str, objects: &[Value]) {
    let spec = &only(objects, "Deployment")["spec"];
    let shared = ["bucket", "shared-volume"].contains(&case);
    let strategy = if shared { "RollingUpdate" } else { "Recreate" };
    assert_eq!(spec["strategy"]["type"], strategy, "{case}");
    assert!(shared || spec["replicas"] == 1, "{case}");
}

#[tokio::test]
async fn scoped_rights_need_no_cluster_role() {
    let Some(program) = helm().await else { return };
    let of = |name: &str| objects(&template(program, case(name)));
    let scoped = of("scoped");
    for kind in ["ClusterRole", "ClusterRoleBinding"] {
        assert_eq!(of_kind(&scoped, kind), Vec::<&Value>::new());
    }
    let roles = of_kind(&scoped, "Role");
    let namespaces: Vec<_> = roles
        .iter()
        .map(|role| &role["metadata"]["namespace"])
        .collect();
    assert_eq!(json!(namespaces), json!(["team-a", "team-b", NAMESPACE]));
    let none = of("existing-claim");
    for kind in [
        "Role",
        "RoleBinding",
        "ClusterRole",
        "PersistentVolumeClaim",
        "ServiceAccount",
    ] {
        assert_eq!(of_kind(&none, kind), Vec::<&Value>::new());
    }
}

#[tokio::test]
async fn the_crds_are_those_of_the_types() {
    let Some(program) = helm().await else { return };
    let all = objects(&template(program, "crds: {annotations: {a: b}}"));
    let rendered = of_kind(&all, "CustomResourceDefinition")
        .into_iter()
        .map(|crd| {
            let mut crd = crd.clone();
            let metadata = crd["metadata"].as_object_mut().unwrap();
            let annotations = metadata.remove("annotations");
            let kept = json!({ "a": "b", "helm.sh/resource-policy": "keep" });
            assert_eq!(annotations, Some(kept));
            assert!(metadata.remove("labels").is_some());
            crd
        });
    let wanted = objects(&crdgen::yaml());
    assert_eq!(rendered.collect::<Vec<_>>(), wanted);
}
