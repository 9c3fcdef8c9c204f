//! Over the states that the integration tests reach, as they were recorded.

use std::{fs, path::Path};

use super::*;
use crate::api::{CleverTapConnector, CohortExport};

/// Name and text of every recorded state of a kind.
fn recorded(kind: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/states")
        .join(kind);
    let files = fs::read_dir(folder).unwrap().map(|file| {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    files.collect()
}

fn starts(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| name.starts_with(word))
}

#[test]
fn every_state_has_its_word() {
    let states = recorded("CohortExport");
    assert!(states.len() > 30);
    for (name, text) in states {
        let object: CohortExport = serde_yaml::from_str(&text).unwrap();
        let export = Export::of(&object);
        let expected = match name.as_str() {
            name if name.ends_with("to-suspend") || starts(name, &["suspended"]) => {
                State::Suspended
            }
            name if starts(name, &["held-"]) => State::Held,
            name if starts(name, &["synced"]) => State::Synced,
            name if starts(name, &["completed", "already-exported"]) => State::Completed,
            "exporting" => State::Exporting,
            "new" | "queued" => State::Waiting,
            _ => State::Failing,
        };
        assert_eq!(export.state, expected, "{name}");
        assert_eq!(export.hold.is_some(), starts(&name, &["held-"]), "{name}");
        assert!(!export.words.message.is_empty(), "{name}");
        // A run that status names may have been left behind.
        assert_eq!(export.is(State::Exporting), name == "exporting", "{name}");
    }
}

#[test]
fn every_connector_has_its_tag() {
    for (name, text) in recorded("CleverTapConnector") {
        let object: CleverTapConnector = serde_yaml::from_str(&text).unwrap();
        let connector = Connector::of(&object);
        let expected = match name.as_str() {
            name if starts(name, &["connected", "suspended-after-connected"]) => {
                Connected::Connected
            }
            "new" | "checking" | "unreachable" => Connected::Unknown,
            _ => Connected::NotConnected,
        };
        assert_eq!(connector.connected, expected, "{name}");
        assert_eq!(connector.datacenter, "eu1");
        // The mailbox of its results is a person's.
        assert!(!format!("{connector:?}").contains('@'), "{name}");
    }
}
