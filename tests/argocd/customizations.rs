//! The tests that stand beside the Lua, in the form of Argo CD's own.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::command::Overrides;

pub const KINDS: [&str; 2] = ["CleverTapConnector", "CohortExport"];
/// Stands for the time at which an action ran.
const ANY_TIME: &str = "0001-01-01T00:00:00Z";

/// Where a kind's scripts are.
pub fn folder(kind: &str) -> PathBuf {
    let folder = "examples/argocd/resource_customizations/mixtap.dev";
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(kind)
}

/// The actions of a kind: a folder each.
pub fn actions(kind: &str) -> Vec<String> {
    let entries = fs::read_dir(folder(kind).join("actions")).expect("a folder");
    let entries = entries.map(|entry| entry.expect("an entry"));
    let actions = entries.filter(|entry| entry.path().join("action.lua").is_file());
    let mut names: Vec<_> = actions
        .map(|e| e.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn read<T: serde::de::DeserializeOwned>(file: &Path) -> T {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

#[derive(Deserialize)]
struct HealthTests {
    tests: Vec<HealthTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HealthTest {
    health_status: Health,
    input_path: PathBuf,
}

#[derive(Deserialize)]
struct Health {
    status: String,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionTests {
    discovery_tests: Vec<DiscoveryTest>,
    action_tests: Vec<ActionTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiscoveryTest {
    input_path: PathBuf,
    result: Vec<Action>,
}

#[derive(Deserialize)]
struct Action {
    name: String,
    disabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionTest {
    action: String,
    input_path: PathBuf,
    expected_output_path: PathBuf,
}

#[tokio::test]
async fn the_health_is_as_the_tests_beside_the_scripts_say() {
    let Some(argocd) = Overrides::new().await else {
        return;
    };
    for kind in KINDS {
        let folder = folder(kind);
        let HealthTests { tests } = read(&folder.join("health_test.yaml"));
        let inputs = fs::read_dir(folder.join("testdata"))
            .expect("a folder")
            .count();
        assert_eq!(tests.len(), inputs, "{kind}: a test for each input");
        for test in tests {
            let input: Value = read(&folder.join(&test.input_path));
            let wanted = (test.health_status.status, test.health_status.message);
            assert_eq!(
                argocd.health(&input),
                wanted,
                "{kind} {}",
                test.input_path.display()
            );
        }
    }
}

#[tokio::test]
async fn the_actions_do_what_the_tests_beside_the_scripts_say() {
    let Some(argocd) = Overrides::new().await else {
        return;
    };
    for kind in KINDS {
        let folder = folder(kind).join("actions");
        let tests: ActionTests = read(&folder.join("action_test.yaml"));
        for DiscoveryTest { input_path, result } in tests.discovery_tests {
            let input = read(&folder.join(&input_path));
            let action = |a: Action| (a.name, a.disabled.to_string());
            let mut wanted: Vec<_> = result.into_iter().map(action).collect();
            wanted.sort();
            assert_eq!(
                argocd.list_actions(&input),
                wanted,
                "{kind} {}",
                input_path.display()
            );
        }
        for test in tests.action_tests {
            let input = read(&folder.join(&test.input_path));
            let wanted: Value = read(&folder.join(test.expected_output_path));
            let mut made = argocd.run_action(&input, &test.action);
            for (name, value) in wanted["metadata"]["annotations"]
                .as_object()
                .into_iter()
                .flatten()
            {
                if value == ANY_TIME {
                    let token = &mut made["metadata"]["annotations"][name];
                    let time = token.as_str().expect("a token").parse::<jiff::Timestamp>();
                    assert!(time.is_ok(), "{token}");
                    *token = ANY_TIME.into();
                }
            }
            assert_eq!(
                made,
                wanted,
                "{kind} {} {}",
                test.action,
                test.input_path.display()
            );
        }
    }
}
