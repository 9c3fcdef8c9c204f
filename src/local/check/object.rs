//! One object for itself.

use serde::de::DeserializeOwned;
use serde_json::json;

use super::finding::{By, Findings};
use super::kinds::Kinds;
use super::{metadata, pattern, schema};
use crate::domain::validate::{self, Rules};
use crate::local::manifests::{API_VERSION, Document, KINDS, Secret, below};

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
    metadata::look(&document.value["metadata"], &mut found);
    kinds.look(document.kind(), &document.value, &mut found);
    let unusable = if document.kind() == KINDS[0] {
        spec(document).map(|spec| validate::connector(&spec, rules).err())
    } else {
        // Which ids are anonymous makes no spec valid or not.
        spec(document).map(|spec| validate::export(&spec, true, rules).err())
    };
    for problem in unusable.flatten().into_iter().flatten() {
        found.merge(problem);
    }
    found
}

/// The spec, if it can be read at all.
pub fn spec<T: DeserializeOwned>(document: &Document) -> Option<T> {
    serde_json::from_value(document.value["spec"].clone()).ok()
}

/// Everything that is wrong with a Secret.
pub fn look_at_secret(secret: &Secret) -> Findings {
    let mut found = Findings::default();
    let document = &secret.document;
    twice(document, &mut found);
    metadata::look(&document.value["metadata"], &mut found);
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
