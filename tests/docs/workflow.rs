//! The workflow of the public host is right, as far as a linter can tell without it.

use std::{fs, process::Command};

use super::tools::ACTIONLINT;
use super::{plane, written::repository};

/// Ours, and the one that users copy.
const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yaml", "examples/ci/github.yaml"];

#[tokio::test]
async fn the_workflow_is_well_formed() {
    let actionlint = match ACTIONLINT.find(&plane::say).await {
        Ok(actionlint) => actionlint,
        Err(error) => {
            plane::skip(&error.to_string());
            return;
        }
    };
    // The same findings whatever else is installed.
    let linted = Command::new(actionlint)
        .args(["-no-color", "-shellcheck=", "-pyflakes="])
        .args(WORKFLOWS)
        .current_dir(repository())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&linted.stdout);
    assert!(linted.status.success(), "{said}");
}

#[test]
fn every_action_is_pinned_to_a_release() {
    let texts = WORKFLOWS.map(|file| fs::read_to_string(repository().join(file)).unwrap());
    let lines = texts.iter().flat_map(|text| text.lines());
    let used = lines.filter_map(|line| line.split_once("uses: "));
    let used: Vec<_> = used.map(|(_, action)| action).collect();
    assert!(used.len() > 5, "{used:?}");
    for action in used {
        let release = action.split_once("@v").map(|(_, release)| release);
        let number = |part: &str| part.parse::<u32>().is_ok();
        let pinned = release.is_some_and(|release| release.split('.').all(number));
        assert!(pinned, "{action}");
    }
}
