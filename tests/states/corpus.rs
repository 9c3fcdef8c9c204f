//! The recorded states: all are there, and each could have been written by this release.

use std::fs;
use std::path::PathBuf;

use mixtap::api::{CleverTapConnectorStatus, CohortExportStatus, conditions};
use mixtap::domain::Reason;
use mixtap::domain::outcome::lint;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::states::{self, folder};

pub const KINDS: [&str; 2] = ["CleverTapConnector", "CohortExport"];

/// One recorded object.
pub struct State {
    pub name: String,
    pub path: PathBuf,
    pub object: Value,
}

/// All states of a kind, by name.
pub fn states(kind: &str) -> Vec<State> {
    let entries = fs::read_dir(folder(kind)).expect("the folder of states");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let state = |path: PathBuf| State {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        object: serde_yaml::from_str(&fs::read_to_string(&path).unwrap()).expect("YAML"),
        path,
    };
    paths.into_iter().map(state).collect()
}

/// A condition of an object, if it is there.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|c| c["type"] == kind)
}

#[test]
fn each_file_is_named_by_its_state() {
    for state in KINDS.iter().flat_map(|kind| states(kind)) {
        let name = states::name(&state.object);
        assert_eq!(name.as_deref(), Some(state.name.as_str()));
    }
}

#[test]
fn each_status_passes_the_linter() {
    fn lint<S: DeserializeOwned>(kind: &str, lint: fn(&S, Option<i64>) -> Vec<String>) {
        for State { name, object, .. } in states(kind) {
            if object["status"] == json!({ "observedGeneration": -1 }) {
                assert_eq!(name, "new");
                continue;
            }
            let status = serde_json::from_value(object["status"].clone()).expect("a status");
            let wrong = lint(&status, object["metadata"]["generation"].as_i64());
            assert_eq!(wrong, Vec::<String>::new(), "{kind} {name}");
        }
    }
    lint::<CleverTapConnectorStatus>(KINDS[0], lint::connector);
    lint::<CohortExportStatus>(KINDS[1], lint::export);
}

#[test]
fn every_reason_is_there() {
    let mut missing: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    for state in KINDS.iter().flat_map(|kind| states(kind)) {
        for kind in [conditions::READY, conditions::INTERVAL_STRETCHED] {
            let found = states::reason(&state.object, kind);
            missing.retain(|reason| Some(*reason) != found);
        }
    }
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn nothing_of_a_test_run_is_left() {
    for state in KINDS.iter().flat_map(|kind| states(kind)) {
        let text = fs::read_to_string(&state.path).unwrap();
        for left in ["127.0.0.1", "localhost", "/tmp", "canary"] {
            assert!(!text.contains(left), "{}: {left}", state.path.display());
        }
        let mut addresses = text.split_whitespace().filter(|word| word.contains('@'));
        assert!(
            addresses.all(|address| address.ends_with("@example.com")),
            "{text}"
        );
    }
}
