//! The examples are right as they stand, and show nobody's credentials.

use std::{fs, path::Path};

use mixtap::{
    api::{CleverTapConnector, CohortExport},
    domain::validate::{self, Rules},
};
use serde_json::{Value, json};

fn example(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    serde_yaml::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

#[test]
fn exports_are_valid_and_keep_every_field() {
    for (name, sync_type) in [("one-time.yaml", "OneTime"), ("dynamic.yaml", "Dynamic")] {
        let written = example(name);
        let export: CohortExport = serde_json::from_value(written.clone()).unwrap();
        validate::export(&export.spec, true, &Rules::default()).unwrap();
        assert_eq!(export.spec.connector_ref.name, "quickstart");
        assert_eq!(written["spec"]["syncType"], sync_type);
        // A misspelt field would be lost on the way.
        assert_eq!(serde_json::to_value(export).unwrap(), written);
    }
}

#[test]
fn the_connector_is_valid_and_its_secret_is_there() {
    let written = example("connector.yaml");
    let connector: CleverTapConnector = serde_json::from_value(written.clone()).unwrap();
    validate::connector(&connector.spec, &Rules::default()).unwrap();
    assert_eq!(connector.metadata.name.as_deref(), Some("quickstart"));
    assert_eq!(serde_json::to_value(&connector).unwrap(), written);

    let secret = example("secret.yaml");
    // With stringData a second `kubectl apply` would say "configured".
    assert_eq!(secret["stringData"], Value::Null);
    let passcode = &connector.spec.passcode_secret_ref;
    let account = &connector.spec.mixpanel.service_account_secret_ref;
    for (name, key) in [
        (&passcode.name, &passcode.key),
        (&account.name, &account.username_key),
        (&account.name, &account.secret_key),
    ] {
        assert_eq!(secret["metadata"]["name"], json!(name));
        // REPLACE-ME
        assert_eq!(secret["data"][key], "UkVQTEFDRS1NRQ==");
    }
}
