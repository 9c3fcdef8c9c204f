//! Over the states that the integration tests reach, as they were recorded.

use std::{fs, path::Path};

use serde_json::{Value, json};

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

/// What was written is told apart from what is to be.
#[test]
fn facts_are_of_what_is_named_beside_them() {
    let shown = |cohort: Value, named: Option<&str>| {
        let object = json!({
            "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
            "metadata": { "namespace": "growth", "name": "cart" },
            "spec": { "connectorRef": { "name": "main" }, "cohort": cohort, "syncType": "Dynamic",
                "segmentName": named },
            "status": { "cohort": { "id": 7, "name": "Cart" },
                "segment": { "name": "Mixpanel - Cart", "id": "s1" } },
        });
        Export::of(&serde_json::from_value(object).unwrap())
    };
    for (cohort, name, id) in [
        (json!({ "id": 7 }), "Cart", Some(7)),
        (json!({ "name": "Cart" }), "Cart", Some(7)),
        (json!({ "id": 8 }), "8", Some(8)),
        (json!({ "name": "Crowd" }), "Crowd", None),
    ] {
        let export = shown(cohort, None);
        assert_eq!((export.cohort.as_str(), export.cohort_id), (name, id));
    }
    for (named, next) in [
        (None, None),
        (Some("Mixpanel - Cart"), None),
        (Some("Renamed"), Some("Renamed")),
    ] {
        let export = shown(json!({ "id": 7 }), named);
        assert_eq!(export.segment.as_deref(), Some("Mixpanel - Cart"));
        assert_eq!(export.segment_id.as_deref(), Some("s1"));
        assert_eq!(export.next_segment.as_deref(), next);
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

#[test]
fn what_is_done_doesn_t_fail_with_its_connector() {
    let recorded = recorded("CohortExport");
    let (_, text) = recorded
        .iter()
        .find(|(name, _)| name == "completed")
        .unwrap();
    let mut object: CohortExport = serde_yaml::from_str(text).unwrap();
    let conditions = &mut object.status.as_mut().unwrap().conditions;
    let ready = conditions.iter_mut().find(|c| c.type_ == "Ready").unwrap();
    (ready.status, ready.reason) = ("False".into(), "ConnectorNotReady".into());
    assert_eq!(Export::of(&object).state, State::Completed);
    // What is asked for since isn't done.
    let changes: [fn(&mut CohortExport); 4] = [
        |object| object.spec.sync_type = crate::api::SyncType::Dynamic,
        |object| object.spec.segment_name = Some("Another".into()),
        |object| object.spec.cohort = serde_json::from_str(r#"{"id": 987}"#).unwrap(),
        |object| {
            let asked = (crate::api::REQUESTED_AT.to_owned(), "anew".to_owned());
            object.metadata.annotations = Some([asked].into());
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut object = object.clone();
        change(&mut object);
        assert_eq!(Export::of(&object).state, State::Failing, "{number}");
    }
}
