//! What objects refer to, as far as it is among the files.

use std::collections::HashMap;

use super::finding::{By, Findings};
use super::object::part;
use crate::api::{ConnectorRef, PasscodeSecretRef, ServiceAccountSecretRef};
use crate::local::manifests::{Document, KINDS, Reading, Secret};

/// The connectors of the files, by namespace and name: there may be thousands of exports to look
/// theirs up.
pub struct Connectors<'r>(HashMap<(&'r str, &'r str), &'r Document>);

impl<'r> Connectors<'r> {
    pub fn of(reading: &'r Reading) -> Self {
        let mut all = HashMap::new();
        for document in reading.documents.iter().filter(|d| d.kind() == KINDS[0]) {
            all.entry((document.namespace(), document.name()))
                .or_insert(document);
        }
        Self(all)
    }

    pub fn get(&self, namespace: &str, name: &str) -> Option<&'r Document> {
        self.0.get(&(namespace, name)).copied()
    }
}

/// Notes what an object refers to in vain. With `partial`, connectors may be elsewhere; Secrets
/// always may, for nobody should keep them in Git.
pub fn look(
    document: &Document,
    reading: &Reading,
    connectors: &Connectors<'_>,
    partial: bool,
    found: &mut Findings,
) {
    if document.kind() == KINDS[0] {
        secrets(document, reading, found);
    } else if !partial && let Some(of) = part::<ConnectorRef>(document, "/connectorRef") {
        let known = connectors.get(document.namespace(), &of.name);
        if known.is_none() {
            connector(document, &of.name, reading, found);
        }
    }
}

fn connector(document: &Document, name: &str, reading: &Reading, found: &mut Findings) {
    let namespace = document.namespace();
    let named = |other: &&Document| other.kind() == KINDS[0] && other.name() == name;
    let must = match reading.documents.iter().find(named) {
        Some(other) => format!(
            "must be a CleverTapConnector in the same namespace, {namespace}: that one is in {}",
            other.namespace()
        ),
        None => "must be a CleverTapConnector among the files; with --partial it may be elsewhere"
            .to_owned(),
    };
    found.add(By::Others, "spec.connectorRef.name", must);
}

fn secrets(document: &Document, reading: &Reading, found: &mut Findings) {
    let mut keys = Vec::new();
    if let Some(of) = part::<PasscodeSecretRef>(document, "/passcodeSecretRef") {
        keys.push((of.name, of.key, "passcodeSecretRef.key"));
    }
    let account = "/mixpanel/serviceAccountSecretRef";
    if let Some(of) = part::<ServiceAccountSecretRef>(document, account) {
        keys.push((
            of.name.clone(),
            of.username_key,
            "mixpanel.serviceAccountSecretRef.usernameKey",
        ));
        keys.push((
            of.name,
            of.secret_key,
            "mixpanel.serviceAccountSecretRef.secretKey",
        ));
    }
    for (name, key, field) in &keys {
        let secret = Secret::find(&reading.secrets, document.namespace(), name);
        // What can't be read is a problem of the Secret's own.
        let in_vain = |secret: &&Secret| secret.line(key).is_none() && !secret.is_unreadable(key);
        let Some(secret) = secret.filter(in_vain) else {
            continue;
        };
        let Document { file, .. } = &secret.document;
        let line = secret.document.at("").line;
        let must = if secret.has(key) {
            format!("must be a key that holds one line of text in Secret {name} ({file}:{line})")
        } else {
            format!("must be a key of Secret {name} ({file}:{line})")
        };
        found.add(By::Others, &format!("spec.{field}"), must);
    }
}
