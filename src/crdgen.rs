//! Our types as CustomResourceDefinitions, made fit for a real API server and for GitOps tools.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;
use serde_json::{Value, json};

use crate::api::{CleverTapConnector, CohortExport};

/// Both CRDs, as the API server is to have them.
pub fn crds() -> [CustomResourceDefinition; 2] {
    [CleverTapConnector::crd(), CohortExport::crd()].map(finish)
}

/// Both CRDs as one YAML stream, its documents separated by `---`.
pub fn yaml() -> String {
    crds().map(|crd| document(&crd)).join("---\n")
}

/// The files of `crds/`, by name, with what they hold.
pub fn files() -> [(String, String); 2] {
    crds().map(|crd| {
        let name = format!("{}_{}.yaml", crd.spec.group, crd.spec.names.plural);
        (name, document(&crd))
    })
}

fn document(crd: &CustomResourceDefinition) -> String {
    let mut value = serde_json::to_value(crd).expect("a CRD has string keys only");
    whole_numbers(&mut value);
    let yaml = serde_yaml::to_string(&value).expect("JSON is YAML");
    format!("# Made by `mixtap crds`; don't edit.\n{yaml}")
}

/// Bounds are floats in the Rust type: `15.0` becomes `15`.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Number(number) => {
            let whole = number.as_f64().filter(|n| n.fract() == 0.0);
            if let Some(whole) = whole.filter(|_| number.is_f64()) {
                // Exact: the largest bound in use is 2^53 - 1.
                *number = (whole as i64).into();
            }
        }
        _ => {}
    }
}

fn finish(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut();
        if let Some(root) = schema.and_then(|s| s.open_api_v3_schema.as_mut()) {
            tidy(root, false);
            if let Some(status) = field(root, "status") {
                finish_status(status);
            }
        }
    }
    crd
}

/// What holds for every node of a schema, however deep.
fn tidy(node: &mut JSONSchemaProps, in_list: bool) {
    // kube marks every Option as nullable: an explicit null would be kept, and be a diff for ever.
    node.nullable = None;
    if let Some(values) = &mut node.enum_ {
        values.retain(|value| !value.0.is_null());
    }
    // The API server knows int32 and int64 only.
    if node.format.as_ref().is_some_and(|f| f.starts_with("uint")) {
        node.format = None;
    }
    // Argo CD shows what is defaulted inside list items as a permanent difference.
    if in_list {
        node.default = None;
    }
    // Doc comments are wrapped for the source; readers have widths of their own.
    if let Some(text) = &mut node.description {
        let paragraphs = text.split("\n\n").map(|p| p.replace('\n', " "));
        *text = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
    if node.type_.as_deref() == Some("array") {
        let list_type = &mut node.x_kubernetes_list_type;
        list_type.get_or_insert_with(|| "atomic".to_owned());
    }
    for property in node.properties.iter_mut().flat_map(|p| p.values_mut()) {
        tidy(property, in_list);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &mut node.items {
        tidy(item, true);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &mut node.additional_properties {
        tidy(value, in_list);
    }
}

/// A new object says that no one has looked at it yet, which kstatus reads as "in progress".
fn finish_status(status: &mut JSONSchemaProps) {
    status.default = Some(JSON(json!({ "observedGeneration": -1 })));
    if let Some(list) = field(status, "conditions") {
        list.x_kubernetes_list_type = Some("map".to_owned());
        list.x_kubernetes_list_map_keys = Some(vec!["type".to_owned()]);
        if let Some(JSONSchemaPropsOrArray::Schema(condition)) = &mut list.items {
            finish_condition(condition);
        }
    }
}

/// The limits that metav1.Condition has in Go, where they are markers that k8s-openapi doesn't see.
fn finish_condition(condition: &mut JSONSchemaProps) {
    if let Some(kind) = field(condition, "type") {
        let prefix = r"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?";
        let name = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])";
        kind.pattern = Some(format!("^{prefix}{name}$"));
        kind.max_length = Some(316);
    }
    if let Some(status) = field(condition, "status") {
        let values = ["True", "False", "Unknown"];
        status.enum_ = Some(values.map(|v| JSON(v.into())).into());
    }
    if let Some(reason) = field(condition, "reason") {
        reason.pattern = Some("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$".to_owned());
        reason.min_length = Some(1);
        reason.max_length = Some(1024);
    }
    if let Some(message) = field(condition, "message") {
        message.max_length = Some(32_768);
    }
    if let Some(generation) = field(condition, "observedGeneration") {
        generation.minimum = Some(0.0);
    }
}

fn field<'a>(node: &'a mut JSONSchemaProps, name: &str) -> Option<&'a mut JSONSchemaProps> {
    node.properties.as_mut()?.get_mut(name)
}
