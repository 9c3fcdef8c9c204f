//! The defaults that the documentation tells are those that the controller applies.

use mixtap::domain::validate::{self, Rules};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::fields::fields;

/// What can't be written into a spec: a name made of another one, and what isn't sent at all.
const TOLD_ONLY: [&str; 3] = ["displayName", "segmentName", "mixpanel.pageSize"];

/// The spec with every default of the documentation, and how many those are.
fn filled(kind: &str, spec: &Value) -> (Value, usize) {
    let (mut spec, mut count) = (spec.clone(), 0);
    for field in fields(kind, "spec") {
        let Some(default) = &field.default else {
            continue;
        };
        if TOLD_ONLY.contains(&field.path.as_str()) {
            continue;
        }
        let pointer = format!("/{}", field.path.replace('.', "/"));
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let default = default.trim_matches('`');
        // Names of properties begin with a $, which YAML takes as text.
        let value: Value = serde_yaml::from_str(default).unwrap();
        let place = parent.split('/').skip(1).fold(&mut spec, |at, key| {
            at.as_object_mut()
                .unwrap()
                .entry(key)
                .or_insert_with(|| json!({}))
        });
        place
            .as_object_mut()
            .unwrap()
            .insert(name.to_owned(), value);
        count += 1;
    }
    (spec, count)
}

fn read<T: DeserializeOwned>(spec: &Value) -> T {
    serde_json::from_value(spec.clone()).unwrap()
}

#[test]
fn a_connector_that_writes_its_defaults_down_is_the_same() {
    let spec = json!({
        "projectId": "TEST-1", "datacenter": "eu1", "resultEmail": "growth@example.com",
        "passcodeSecretRef": { "name": "credentials" },
        "mixpanel": { "projectId": 1, "serviceAccountSecretRef": { "name": "credentials" } },
    });
    let (filled, count) = filled("CleverTapConnector", &spec);
    let plan = |spec| validate::connector(&read(spec), &Rules::default()).unwrap();
    assert_eq!(plan(&spec), plan(&filled));
    assert_eq!(count, 11, "{filled}");
}

#[test]
fn an_export_that_writes_its_defaults_down_is_the_same() {
    let spec = json!({
        "connectorRef": { "name": "production" }, "cohort": { "id": 1 }, "syncType": "Dynamic",
    });
    let (filled, count) = filled("CohortExport", &spec);
    let plan = |spec| validate::export(&read(spec), true, &Rules::default()).unwrap();
    assert_eq!(plan(&spec), plan(&filled));
    assert_eq!(count, 9, "{filled}");
}
