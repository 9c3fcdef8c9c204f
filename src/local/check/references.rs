//! What objects refer to, as far as it is among the files.

use super::finding::{By, Findings};
use super::object::spec;
use crate::api::{CleverTapConnectorSpec, CohortExportSpec};
use crate::local::manifests::{Document, KINDS, Reading, Secret};

/// Notes what an object refers to in vain. With `partial`, connectors may be elsewhere; Secrets
/// always may, for nobody should keep them in Git.
pub fn look(document: &Document, reading: &Reading, partial: bool, found: &mut Findings) {
    if document.kind() == KINDS[0] {
        if let Some(spec) = spec(document) {
            secrets(document, &spec, reading, found);
        }
    } else if !partial && let Some(spec) = spec::<CohortExportSpec>(document) {
        connector(document, &spec.connector_ref.name, reading, found);
    }
}

fn connector(document: &Document, name: &str, reading: &Reading, found: &mut Findings) {
    let namespace = document.namespace();
    let named = |other: &&Document| other.kind() == KINDS[0] && other.name() == name;
    let mut all = reading.documents.iter().filter(named);
    if all.clone().any(|other| other.namespace() == namespace) {
        return;
    }
    let must = match all.next() {
        Some(other) => format!(
            "must be a CleverTapConnector in the same namespace, {namespace}: that one is in {}",
            other.namespace()
        ),
        None => "must be a CleverTapConnector among the files; with --partial it may be elsewhere"
            .to_owned(),
    };
    found.add(By::Others, "spec.connectorRef.name", must);
}

fn secrets(
    document: &Document,
    spec: &CleverTapConnectorSpec,
    reading: &Reading,
    found: &mut Findings,
) {
    let passcode = &spec.passcode_secret_ref;
    let account = &spec.mixpanel.service_account_secret_ref;
    let (passcodes, accounts) = ("passcodeSecretRef", "mixpanel.serviceAccountSecretRef");
    for (reference, field, name, key) in [
        (passcodes, "key", &passcode.name, &passcode.key),
        (
            accounts,
            "usernameKey",
            &account.name,
            &account.username_key,
        ),
        (accounts, "secretKey", &account.name, &account.secret_key),
    ] {
        let secret = Secret::find(&reading.secrets, document.namespace(), name);
        let Some(secret) = secret.filter(|secret| secret.line(key).is_none()) else {
            continue;
        };
        let Document { file, .. } = &secret.document;
        let line = secret.document.at("").line;
        let must = if secret.has(key) {
            format!("must be a key that holds one line of text in Secret {name} ({file}:{line})")
        } else {
            format!("must be a key of Secret {name} ({file}:{line})")
        };
        found.add(By::Others, &format!("spec.{reference}.{field}"), must);
    }
}
