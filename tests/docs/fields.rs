//! The fields of both kinds, from their CRDs.

use std::fs;

use mixtap::crdgen;
use serde_json::Value;

use super::tables::table;
use super::written::{check, repository, with_parts};

/// A field as a table shows it.
pub struct Field {
    /// Below `spec` or `status`.
    pub path: String,
    pub kind: String,
    pub required: bool,
    /// As people write it; none where an absent field means nothing.
    pub default: Option<String>,
    pub meaning: String,
}

#[test]
fn the_fields_of_both_kinds_are_current() {
    for [kind, file] in [
        ["CleverTapConnector", "docs/clevertapconnector.md"],
        ["CohortExport", "docs/cohortexport.md"],
    ] {
        let spec = fields(kind, "spec").into_iter().map(|field| {
            let default = match (field.required, field.default) {
                (true, None) => "required".to_owned(),
                (_, default) => default.unwrap_or("-".into()),
            };
            [
                format!("`{}`", field.path),
                field.kind,
                default,
                field.meaning,
            ]
        });
        let status = fields(kind, "status").into_iter();
        let status = status.map(|field| [format!("`{}`", field.path), field.kind, field.meaning]);
        let parts = [
            (
                format!("spec of {kind}"),
                table(["Field", "Type", "Default", "Meaning"], spec),
            ),
            (
                format!("status of {kind}"),
                table(["Field", "Type", "Meaning"], status),
            ),
        ];
        let parts = parts
            .each_ref()
            .map(|(mark, text)| (mark.as_str(), text.clone()));
        let page = fs::read_to_string(repository().join(file)).unwrap();
        check(file, &with_parts(&page, &parts));
    }
}

/// All fields below `spec` or `status`, in the order of their names.
pub fn fields(kind: &str, root: &str) -> Vec<Field> {
    let mut crds = crdgen::crds().into_iter();
    let crd = crds.find(|crd| crd.spec.names.kind == kind).unwrap();
    let crd = serde_json::to_value(crd).unwrap();
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut found = Vec::new();
    collect("", &schema["properties"][root], &mut found);
    found
}

fn collect(path: &str, node: &Value, found: &mut Vec<Field>) {
    for (name, child) in node["properties"].as_object().into_iter().flatten() {
        let path = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        let meaning = child["description"].as_str().unwrap().to_owned();
        let required = node["required"].as_array();
        found.push(Field {
            kind: type_of(child),
            required: required.is_some_and(|all| all.contains(&Value::from(name.as_str()))),
            default: default(child, &meaning),
            meaning,
            path: path.clone(),
        });
        collect(&path, child, found);
    }
}

fn type_of(node: &Value) -> String {
    if let Some(values) = node["enum"].as_array() {
        let values = values.iter().map(|v| format!("`{}`", v.as_str().unwrap()));
        return values.collect::<Vec<_>>().join(", ");
    }
    let pattern = node["pattern"].as_str();
    let text = match node["type"].as_str().unwrap() {
        _ if pattern == Some(mixtap::api::duration::PATTERN) => "duration",
        _ if node["format"] == "date-time" => "time",
        "array" if node["items"]["type"] == "object" => "list of conditions",
        "array" => "list of strings",
        "object" if node["additionalProperties"].is_object() => "map of numbers",
        "integer" => "number",
        text => text,
    };
    match [&node["minimum"], &node["maximum"]].map(Value::as_f64) {
        [Some(min), Some(max)] => format!("{text}, {min} to {}", whole(max)),
        _ => text.to_owned(),
    }
}

fn whole(max: f64) -> String {
    match max {
        9_007_199_254_740_991.0 => "2^53 - 1".to_owned(),
        max => max.to_string(),
    }
}

/// The schema's default, or what the description says of an absent field: a default that stands in
/// the schema would be a difference in GitOps tools.
fn default(node: &Value, meaning: &str) -> Option<String> {
    if let Some(value) = node.get("default") {
        return Some(format!("`{}`", value.as_str()?));
    }
    if let Some((before, _)) = meaning.split_once(" (default)") {
        return Some(format!("`{}`", before.rsplit(' ').next()?));
    }
    let (before, _) = meaning.split_once(" where it is absent")?;
    let begin = ["; ", ", and "]
        .iter()
        .filter_map(|mark| Some(before.rfind(mark)? + mark.len()));
    let told = &before[begin.max()?..];
    Some(match told {
        "not sent" => told.to_owned(),
        told => format!("`{}`", told.trim_matches('`')),
    })
}
