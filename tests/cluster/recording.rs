//! How the corpus in `tests/states` is made: with `UPDATE_STATES=1`, each state that a test reaches
//! and that isn't there yet is written down as `kubectl get -o yaml` shows it. What differs from run
//! to run is given fixed values. To record a state anew, remove its file.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::Write as _;

use kube::api::{ApiResource, DynamicObject};
use mixtap::api::RELEASE_HOLD;
use serde_json::{Value, json};

use crate::states::{folder, name};

/// What stands in the place of times, by the field.
const TIMES: [(&str, &str); 10] = [
    ("creationTimestamp", "2026-01-01T00:00:00Z"),
    ("lastCheckTime", "2026-01-01T00:00:10Z"),
    ("lastTransitionTime", "2026-01-01T00:00:10Z"),
    ("startedTime", "2026-01-01T00:15:00Z"),
    ("lastAttemptTime", "2026-01-01T00:15:00Z"),
    ("finishedTime", "2026-01-01T00:15:20Z"),
    ("lastSyncTime", "2026-01-01T00:15:20Z"),
    ("time", "2026-01-01T00:15:20Z"),
    ("since", "2026-01-01T00:15:20Z"),
    ("nextSyncTime", "2026-01-01T00:30:00Z"),
];

/// Writes this object down, if it is to be and its state is new.
pub fn record(object: &DynamicObject, kind: &ApiResource) {
    if env::var_os("UPDATE_STATES").is_none() {
        return;
    }
    let object = shown(object, kind);
    let Some(name) = name(&object) else { return };
    let folder = folder(&kind.kind);
    fs::create_dir_all(&folder).expect("a folder of states");
    // Tests run at the same time: whichever reaches the state first writes it.
    if let Ok(mut file) = File::create_new(folder.join(name).with_extension("yaml")) {
        let mut text = serde_yaml::to_string(&settled(object)).expect("YAML");
        // As kubectl does, for readers that would take them for more than text.
        for (_, time) in TIMES {
            text = text.replace(&format!(": {time}\n"), &format!(": \"{time}\"\n"));
        }
        file.write_all(text.as_bytes()).expect("a state");
    }
}

/// The object as kubectl shows it: without managed fields, and without what kubectl itself notes.
fn shown(object: &DynamicObject, kind: &ApiResource) -> Value {
    let metadata = &object.metadata;
    let mut annotations = metadata.annotations.clone().unwrap_or_default();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    let mut shown = json!({
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "creationTimestamp": metadata.creation_timestamp,
            "generation": metadata.generation,
            "name": metadata.name,
            "namespace": metadata.namespace,
            "resourceVersion": metadata.resource_version,
            "uid": metadata.uid,
        },
        "spec": object.data["spec"],
        "status": object.data["status"],
    });
    if !annotations.is_empty() {
        shown["metadata"]["annotations"] = json!(annotations);
    }
    shown
}

/// The same with fixed values for all that differs from run to run.
fn settled(mut object: Value) -> Value {
    let texts = texts(&object);
    let mut generations = BTreeSet::new();
    leaves("", &mut object, &mut |key, value| {
        generations.extend(generation(key, value));
    });
    leaves("", &mut object, &mut |key, value| {
        // In the same order, but as few as there are.
        if let Some(generation) = generation(key, value) {
            *value = json!(generations.range(..=generation).count());
        }
        if let Value::String(text) = value {
            let time = TIMES.iter().find(|(field, _)| *field == key);
            *text = match time {
                Some((_, time)) => (*time).to_owned(),
                None => texts
                    .iter()
                    .fold(text.clone(), |text, (old, new)| text.replace(old, new)),
            };
        }
    });
    object["metadata"]["resourceVersion"] = json!("1");
    for secret in ["passcode", "serviceAccount"] {
        if let Some(version) = object.pointer_mut(&format!("/status/observedSecrets/{secret}")) {
            *version = json!("1");
        }
    }
    if let Some(id) = object.pointer_mut("/status/segment/id") {
        *id = json!("1234567890");
    }
    object
}

/// What is to stand for what, wherever a text has it.
fn texts(object: &Value) -> Vec<(String, String)> {
    let (metadata, status) = (&object["metadata"], &object["status"]);
    let text = |value: &Value, new: String| Some((value.as_str()?.to_owned(), new));
    let mut texts = vec![
        text(&metadata["namespace"], "default".to_owned()),
        text(
            &metadata["uid"],
            "00000000-0000-4000-8000-000000000001".to_owned(),
        ),
    ];
    for vendor in ["mixpanel", "clevertap"] {
        let url = format!("https://{vendor}.example.com/");
        texts.push(text(&object["spec"]["endpoints"][vendor], url));
    }
    let segment = text(&status["segment"]["id"], "1234567890".to_owned());
    let segment = segment.map(|(old, new)| (format!("segment {old}"), format!("segment {new}")));
    texts.push(segment);
    let runs = [
        &status["lastRun"]["id"],
        &status["restoredRun"],
        &status["lastFailure"]["runId"],
        &status["held"]["id"],
        &status["currentRun"]["id"],
        &metadata["annotations"][RELEASE_HOLD],
    ];
    for run in runs {
        // One that stands twice has gone by then.
        let id = format!("0123456789abcdef-{:08x}", texts.len());
        texts.push(text(run, id));
    }
    texts.into_iter().flatten().collect()
}

/// Whether this is a generation that an object can have.
fn generation(key: &str, value: &Value) -> Option<i64> {
    let named = ["generation", "observedGeneration"].contains(&key);
    value.as_i64().filter(|number| named && *number > 0)
}

/// Shows every value that isn't a list or an object, with the name of its field.
fn leaves(key: &str, value: &mut Value, see: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                leaves(key, value, see);
            }
        }
        Value::Array(items) => {
            for item in items {
                leaves(key, item, see);
            }
        }
        leaf => see(key, leaf),
    }
}
