//! The life of a release on a real API server: installed as the README says, upgraded, uninstalled,
//! installed again.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::{
    cluster::Cluster,
    commands::chart,
    newcomer::{newcomer, stand_ins},
};

/// The chart as a release before this one might have been: an older version, whose connectors had no
/// `displayName`. There is none yet that was really released.
fn previous_chart(folder: &Path) -> String {
    let copy = folder.join("mixtap");
    let copied = Command::new("cp")
        .arg("-R")
        .args([chart().as_ref(), copy.as_path()])
        .status();
    assert!(copied.expect("cp runs").success());
    let change = |file: &str, change: &dyn Fn(&str) -> String| {
        let path = copy.join(file);
        let text = fs::read_to_string(&path).expect("a file of the chart");
        let changed = change(&text);
        assert_ne!(changed, text, "{file}");
        fs::write(path, changed).expect("a file");
    };
    change("Chart.yaml", &|text| {
        text.replace(&format!(": {}", env!("CARGO_PKG_VERSION")), ": 0.0.9")
    });
    change("files/crds/mixtap.dev_clevertapconnectors.yaml", &|text| {
        let mut crd: Value = serde_yaml::from_str(text).expect("YAML");
        let schema = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let fields = schema["properties"]["spec"]["properties"]
            .as_object_mut()
            .expect("fields");
        fields.remove("displayName").expect("a field");
        serde_yaml::to_string(&crd).expect("YAML")
    });
    copy.display().to_string()
}

const CONNECTOR: [&str; 3] = [
    "get",
    "clevertapconnector/quickstart",
    "--output=jsonpath={.spec.displayName}",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_installed_upgraded_uninstalled_and_installed_again() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let sandbox = stand_ins();
    let pod = newcomer(&cluster, &sandbox).await;
    assert_eq!(cluster.audited.asked_by(&pod.user).1, Vec::<Value>::new());
    drop(pod);

    // The same once more changes nothing.
    let before = cluster.versions();
    cluster
        .helm(&["upgrade", "mixtap", chart(), "--reuse-values"])
        .fine();
    assert_eq!(cluster.versions(), before);
    assert!(
        before
            .keys()
            .any(|name| name.contains("PersistentVolumeClaim")),
        "{before:?}"
    );

    // Gone, but for the CRDs and what users made.
    cluster.helm(&["uninstall", "mixtap"]).fine();
    let left: Vec<_> = cluster
        .versions()
        .into_keys()
        .filter(|name| !name.contains("Claim"))
        .collect();
    let crds = ["clevertapconnectors", "cohortexports"];
    assert_eq!(
        left,
        crds.map(|crd| format!(r#""CustomResourceDefinition"/"{crd}.mixtap.dev""#))
    );
    assert_eq!(cluster.kubectl(&CONNECTOR).fine(), "Quickstart");
    free_claim(&cluster);

    // Again under its name; then under another, to which the CRDs don't belong.
    cluster.helm(&["install", "mixtap", chart()]).fine();
    cluster.helm(&["uninstall", "mixtap"]).fine();
    free_claim(&cluster);
    let other = ["install", "other", chart()];
    let refused = cluster.helm(&other);
    assert!(
        !refused.ok && refused.err.contains("invalid ownership metadata"),
        "{}",
        refused.err
    );
    cluster
        .helm(&[&other[..], &["--take-ownership"]].concat())
        .fine();
    assert_eq!(cluster.kubectl(&CONNECTOR).fine(), "Quickstart");
}

/// The controller that lets a deleted claim go isn't part of the plane.
fn free_claim(cluster: &Cluster) {
    let free = r#"{"metadata":{"finalizers":null}}"#;
    let patch = [
        "patch",
        "pvc/mixtap",
        "--namespace=mixtap",
        "--type=merge",
        "--patch",
        free,
    ];
    cluster.kubectl(&patch).fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_takes_the_crds_along_and_keeps_what_is_there() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let previous = previous_chart(folder.path());
    cluster
        .helm(&["install", "mixtap", &previous, "--create-namespace"])
        .fine();
    let apply = [
        "apply",
        "--validate=strict",
        "--filename=examples/quickstart/connector.yaml",
    ];
    let refused = cluster.kubectl(&apply);
    assert!(
        !refused.ok && refused.err.contains(r#"unknown field "spec.displayName""#),
        "{}",
        refused.err
    );
    let lax = [
        "apply",
        "--validate=ignore",
        "--filename=examples/quickstart/connector.yaml",
    ];
    cluster.kubectl(&lax).fine();
    let uid = |kind: &str| cluster.get(&[kind, "--namespace=mixtap"])["metadata"]["uid"].clone();
    let kept = ["pvc/mixtap", "deployment/mixtap", "serviceaccount/mixtap"];
    let before = kept.map(uid);

    cluster.helm(&["upgrade", "mixtap", chart()]).fine();
    assert_eq!(kept.map(uid), before);
    assert_eq!(cluster.kubectl(&CONNECTOR).fine(), "");
    cluster.kubectl(&apply).fine();
    assert_eq!(cluster.kubectl(&CONNECTOR).fine(), "Quickstart");
    let deployment = cluster.get(&["deployment/mixtap", "--namespace=mixtap"]);
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(image, concat!("mixtap:", env!("CARGO_PKG_VERSION")));

    cluster.helm(&["rollback", "mixtap", "1"]).fine();
    assert_eq!(kept.map(uid), before);
}
