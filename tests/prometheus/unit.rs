//! The rules by promtool, over series that a file makes up.

use std::{path::Path, process::Command};

use crate::program;

fn promtool(args: &[&str]) {
    let Some(folder) = program::folder() else {
        return;
    };
    let output = Command::new(folder.join("promtool"))
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .expect("promtool runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "promtool {args:?}: {said}");
}

#[test]
fn the_rules_are_well_formed() {
    promtool(&[
        "check",
        "rules",
        "--lint-fatal",
        "charts/mixtap/files/rules.yaml",
    ]);
}

#[test]
fn each_alert_fires_when_it_should_and_only_then() {
    promtool(&[
        "test",
        "rules",
        "tests/prometheus/controller.yaml",
        "tests/prometheus/exports.yaml",
    ]);
}
