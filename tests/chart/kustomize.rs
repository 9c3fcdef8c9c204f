//! The same installation for Kustomize, rendered from the chart.

use std::{collections::BTreeSet, env, fs, path::Path};

use mixtap::crdgen;
use serde_json::Value;

use crate::{
    commands::{helm, kubectl, template},
    documents::objects,
};

const INSTALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/kustomize/install.yaml");
const HEAD: &str = "# Rendered from charts/mixtap: `UPDATE_DOCS=1 cargo test --test chart`.\n";

#[tokio::test]
async fn the_manifests_are_those_of_the_chart() {
    let Some(program) = helm().await else { return };
    let wanted = HEAD.to_owned() + &rendered(program);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(INSTALL, &wanted).unwrap();
    }
    let there = fs::read_to_string(INSTALL).unwrap_or_default();
    assert!(
        there == wanted,
        "charts/kustomize/install.yaml is stale: run `UPDATE_DOCS=1 cargo test --test chart`"
    );
    let built = kubectl("/dev/null".as_ref(), &["kustomize", "charts/kustomize"], "").fine();
    let names = |yaml: &str| -> BTreeSet<String> {
        let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
        objects(yaml).iter().map(name).collect()
    };
    let mut all = names(&(wanted + "---\n" + &crdgen::yaml()));
    all.insert(r#""Namespace" "mixtap""#.to_owned());
    assert_eq!(names(&built), all);
}

/// Without what only Helm's own objects should carry.
fn rendered(program: &Path) -> String {
    let args = ["--namespace=mixtap", "--set=crds.install=false"];
    let text = template(program, "mixtap", &args, "{}").fine();
    let helms = [
        "helm.sh/chart:",
        "app.kubernetes.io/managed-by: Helm",
        "# Source:",
    ];
    let lines = text.lines().filter(|line| {
        let line = line.trim_start();
        !helms.iter().any(|mark| line.starts_with(mark))
    });
    lines.map(|line| format!("{line}\n")).collect()
}
