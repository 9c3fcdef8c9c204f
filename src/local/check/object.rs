//! One object for itself.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::finding::{By, Findings};
use super::kinds::Kinds;
use super::{metadata, pattern, schema};
use crate::api::REQUESTED_AT;
use crate::domain::validate::{self, Rules};
use crate::local::manifests::{API_VERSION, Document, KINDS, Secret, below, without_nulls};

const SECRET_KEY: &str = "^[-._a-zA-Z0-9]{1,253}$";

/// Everything that is wrong with an object of ours.
pub fn look(document: &Document, kinds: &Kinds, rules: &Rules) -> Findings {
    let mut found = Findings::default();
    twice(document, &mut found);
    if document.api_version() != API_VERSION {
        found.add(By::Schema, "apiVersion", format!("must be {API_VERSION}"));
    }
    if !KINDS.contains(&document.kind()) {
        found.add(
            By::Schema,
            "kind",
            format!("must be {}", KINDS.join(" or ")),
        );
        return found;
    }
    metadata::look(&document.value, &mut found);
    kinds.look(document.kind(), &document.value, &mut found);
    let token = document.value["metadata"]["annotations"][REQUESTED_AT].as_str();
    if token.is_some_and(|token| !validate::is_token(token)) {
        let field = below("metadata.annotations", REQUESTED_AT);
        let must = "must be 1 to 64 printable characters, or it is ignored";
        found.add(By::Controller, &field, must);
    }
    let unusable = if document.kind() == KINDS[0] {
        let spec = readable(
            document,
            json!({ "projectId": "a", "datacenter": "eu1",
            "passcodeSecretRef": { "name": "a" }, "resultEmail": "a@b", "mixpanel":
            { "projectId": 1, "serviceAccountSecretRef": { "name": "a" } } }),
        );
        validate::connector(&spec, rules).err()
    } else {
        let spec = readable(
            document,
            json!({ "connectorRef": { "name": "a" },
            "cohort": { "id": 1 }, "syncType": "Dynamic" }),
        );
        // Which ids are anonymous makes no spec valid or not.
        validate::export(&spec, true, rules).err()
    };
    for problem in unusable.into_iter().flatten() {
        found.merge(problem);
    }
    found
}

/// The part of the spec at this pointer, if it can be read as a whole.
pub fn part<T: DeserializeOwned>(document: &Document, pointer: &str) -> Option<T> {
    let part = document.value["spec"].pointer(pointer)?;
    serde_json::from_value(without_nulls(part)).ok()
}

/// The spec, with good values in the place of those that can't be read, so that one problem hides
/// no other.
fn readable<T: DeserializeOwned>(document: &Document, good: Value) -> T {
    let written = without_nulls(&document.value["spec"]);
    let mut spec = good;
    for (name, value) in written.as_object().into_iter().flatten() {
        let mut tried = spec.clone();
        tried[name] = value.clone();
        if serde_json::from_value::<T>(tried.clone()).is_ok() {
            spec = tried;
        }
    }
    serde_json::from_value(spec).expect("good values, and those that were read")
}

/// Everything that is wrong with a Secret.
pub fn look_at_secret(secret: &Secret) -> Findings {
    let mut found = Findings::default();
    let document = &secret.document;
    twice(document, &mut found);
    metadata::look(&document.value, &mut found);
    for (name, value) in document.value.as_object().into_iter().flatten() {
        let wanted = match name.as_str() {
            "apiVersion" | "kind" | "metadata" => continue,
            "type" => "string",
            "immutable" => "boolean",
            _ => {
                found.add(
                    By::Schema,
                    &below("", name),
                    "must be a field that there is",
                );
                continue;
            }
        };
        if !value.is_null() {
            schema::look(&json!({ "type": wanted }), value, name, &mut found);
        }
    }
    for field in &secret.unreadable {
        let must = match field.starts_with("data") {
            true => "must be base64; stringData takes plain text",
            false => "must be text: put it in quotes",
        };
        found.add(By::Schema, field, must);
    }
    for key in secret.keys().filter(|key| !pattern::fits(SECRET_KEY, key)) {
        let must = "must have a key of letters, digits, '-', '_' and '.'";
        found.add(By::Schema, &below("data", key), must);
    }
    found
}

fn twice(document: &Document, found: &mut Findings) {
    for (field, _) in document.twice() {
        found.add(By::Syntax, field, "must be given once");
    }
}
