//! The Prometheus operator's objects against its own types: its CRDs come with no Go module.

use std::process::Command;

use mixtap::sandbox::programs::{Source, Tool};

use crate::{
    cases::case,
    commands::{helm, run},
    documents::objects,
    plane,
    rendered::template,
};

const MONITORING: Tool = Tool {
    name: "monitoring",
    version: "v0.95.2",
    source: Source::Files(&[
        ("main.go", include_str!("../programs/monitoring/main.go")),
        ("go.mod", include_str!("../programs/monitoring/go.mod")),
        ("go.sum", include_str!("../programs/monitoring/go.sum")),
    ]),
    takes: "1 minute",
};

/// Their group and version.
pub const API: &str = "monitoring.coreos.com/v1";

#[tokio::test]
async fn the_prometheus_operator_knows_every_field() {
    let Some(helm) = helm().await else { return };
    let program = match MONITORING.find(&plane::say).await {
        Ok(program) => program,
        Err(error) => {
            plane::skip(&error.to_string());
            return;
        }
    };
    let mut theirs = objects(&template(helm, case("everything")));
    theirs.retain(|object| object["apiVersion"] == API);
    let check = |objects: &[serde_json::Value]| {
        let text: String = objects.iter().map(|o| format!("---\n{o}\n")).collect();
        run(Command::new(&program), &text)
    };
    let said = check(&theirs).fine();
    assert_eq!(said, "PrometheusRule fits\nServiceMonitor fits\n");
    for object in &mut theirs {
        object["spec"]["unknown"] = true.into();
    }
    let said = check(&theirs);
    assert!(!said.ok && said.err.contains("unknown"), "{}", said.err);
}
