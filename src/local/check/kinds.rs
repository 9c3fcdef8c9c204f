//! Our kinds as the API server knows them: the schemas of the CRDs and their rules.

use kube_cel::{CompiledSchema, ErrorKind, Validator, compile_schema};
use serde_json::{Value, json};

use super::finding::{By, Findings};
use super::schema;
use crate::crdgen;
use crate::local::manifests::without_nulls;

pub struct Kinds {
    known: Vec<Known>,
    validator: Validator,
}

struct Known {
    kind: String,
    schema: Value,
    rules: CompiledSchema,
}

impl Kinds {
    /// Those of the CRDs that `mixtap crds` prints.
    pub fn of_the_crds() -> Self {
        let known = crdgen::crds().into_iter().map(|crd| {
            let mut versions = crd.spec.versions.into_iter();
            let schema = versions.find_map(|version| version.schema?.open_api_v3_schema);
            let mut schema = serde_json::to_value(schema).expect("a schema is JSON");
            let rules = compile_schema(&schema);
            // What every object has besides; metadata has rules of its own.
            for (field, of) in [
                ("apiVersion", json!({ "type": "string" })),
                ("kind", json!({ "type": "string" })),
                (
                    "metadata",
                    json!({ "type": "object", "additionalProperties": true }),
                ),
            ] {
                schema["properties"][field] = of;
            }
            Known {
                kind: crd.spec.names.kind,
                schema,
                rules,
            }
        });
        Self {
            known: known.collect(),
            validator: Validator::new(),
        }
    }

    /// Notes everything that the schema and the rules of this kind refuse.
    pub fn look(&self, kind: &str, object: &Value, found: &mut Findings) {
        let Some(known) = self.known.iter().find(|known| known.kind == kind) else {
            return;
        };
        schema::unknown(&known.schema, object, "", found);
        // The server takes no status from a manifest, so that its values don't matter.
        let mut object = without_nulls(object);
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        schema::look(&known.schema, &object, "", found);
        let whole = found.0.is_empty();
        let broken = self
            .validator
            .validate_compiled(&known.rules, &object, None);
        for rule in broken
            .err()
            .into_iter()
            .flat_map(|errors| errors.into_vec())
        {
            // A rule can't be tried on what the schema refuses; that was said then.
            if whole || rule.kind == ErrorKind::ValidationFailure {
                found.add(By::Schema, &rule.field_path, rule.message);
            }
        }
    }
}
