//! `metadata`, by Kubernetes' own rules.

use std::sync::LazyLock;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::finding::{By, Findings};
use super::{pattern, schema};
use crate::domain::validate::is_object_name;
use crate::local::manifests::{below, without_nulls};

const LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
const QUALIFIED: &str = "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
/// Bytes of all annotations together.
const ANNOTATIONS: usize = 256 * 1024;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let schema = settings
        .into_generator()
        .into_root_schema_for::<ObjectMeta>();
    schema.to_value()
});

/// Notes everything that isn't right with an object's metadata.
pub fn look(object: &Value, found: &mut Findings) {
    let mut metadata = match &object["metadata"] {
        Value::Null => json!({}),
        metadata => without_nulls(metadata),
    };
    // The server's own, and of no fixed form.
    if let Some(fields) = metadata.as_object_mut() {
        fields.remove("managedFields");
    }
    schema::unknown(&SCHEMA, &metadata, "metadata", found);
    schema::look(&SCHEMA, &metadata, "metadata", found);
    let text = |field: &str| metadata[field].as_str().filter(|text| !text.is_empty());
    match text("name") {
        Some(name) if !is_object_name(name) => {
            let must = "must be at most 253 lower-case letters, digits, hyphens and dots, each part \
                        beginning and ending with a letter or digit";
            found.add(By::Schema, "metadata.name", must);
        }
        Some(_) => {}
        None => found.add(By::Schema, "metadata.name", "must be set"),
    }
    if let Some(namespace) = text("namespace")
        && !(namespace.len() <= 63 && pattern::fits(LABEL, namespace))
    {
        let must = "must be at most 63 lower-case letters, digits and hyphens, the first and the \
                    last one no hyphen";
        found.add(By::Schema, "metadata.namespace", must);
    }
    labels(metadata["labels"].as_object(), found);
    annotations(metadata["annotations"].as_object(), found);
    for (index, name) in metadata["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        if !name.as_str().is_some_and(is_qualified) {
            let field = format!("metadata.finalizers[{index}]");
            found.add(
                By::Schema,
                &field,
                "must be a qualified name such as example.com/name",
            );
        }
    }
}

fn labels(labels: Option<&Map<String, Value>>, found: &mut Findings) {
    for (key, value) in labels.into_iter().flatten() {
        let field = below("metadata.labels", key);
        if !is_qualified(key) {
            found.add(By::Schema, &field, KEY);
        }
        let fits =
            |text: &str| text.is_empty() || text.len() <= 63 && pattern::fits(QUALIFIED, text);
        if value.as_str().is_some_and(|text| !fits(text)) {
            let must = "must be at most 63 letters, digits, '-', '_' and '.', beginning and ending \
                        with a letter or digit";
            found.add(By::Schema, &field, must);
        }
    }
}

fn annotations(annotations: Option<&Map<String, Value>>, found: &mut Findings) {
    let mut size = 0;
    for (key, value) in annotations.into_iter().flatten() {
        size += key.len() + value.as_str().map_or(0, str::len);
        if !is_qualified(&key.to_lowercase()) {
            found.add(By::Schema, &below("metadata.annotations", key), KEY);
        }
    }
    if size > ANNOTATIONS {
        found.add(
            By::Schema,
            "metadata.annotations",
            "must be at most 256 KiB together",
        );
    }
}

const KEY: &str = "must have a key of at most 63 letters, digits, '-', '_' and '.', beginning and \
                   ending with a letter or digit, perhaps after a domain and a slash";

fn is_qualified(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    prefix.is_none_or(is_object_name) && name.len() <= 63 && pattern::fits(QUALIFIED, name)
}
