//! Good and bad manifests: edits by hand to a good one (`corpus.txt`), and those that the schema of
//! every field suggests.

use mixtap::crdgen;
use serde_json::{Value, json};

/// A manifest.
#[derive(Clone)]
pub struct Case {
    /// The edits.
    pub what: String,
    pub kind: &'static str,
    pub text: String,
    /// Whether it is to be accepted, where a person said so.
    pub expected: Option<bool>,
}

/// Those by hand.
pub fn written() -> Vec<Case> {
    let lines = include_str!("corpus.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (verdict, rest) = line.split_once("  ").expect("a verdict");
            let (kind, edits) = rest.split_once("  ").expect("a kind");
            let edits: Vec<_> = edits.split(" ; ").map(edit).collect();
            let mut case = case(kind, &edits);
            assert!(["ok", "no"].contains(&verdict), "{line}");
            case.what = line.to_owned();
            case.expected = Some(verdict == "ok");
            case
        })
        .collect()
}

/// Those of the schemas: values of every type, the ends of every range, fields left out, unknown
/// ones.
pub fn systematic() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, crd) in ["connector", "export"].into_iter().zip(crdgen::crds()) {
        let crd = serde_json::to_value(crd).unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        walk("spec", &schema["properties"]["spec"], &mut |path, node| {
            for value in values(node) {
                let value = value.map(|value| value.to_string());
                cases.push(case(kind, &[(path.to_owned(), value)]));
            }
        });
    }
    cases
}

fn walk(path: &str, node: &Value, look: &mut dyn FnMut(&str, &Value)) {
    look(path, node);
    for (name, property) in node["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), property, look);
    }
    if node["items"].is_object() {
        walk(&format!("{path}[0]"), &node["items"], look);
    }
}

/// What to put at a node; `None` is to take it away.
fn values(node: &Value) -> Vec<Option<Value>> {
    let mut values = vec![
        json!("text"),
        json!(7),
        json!(7.5),
        json!(true),
        json!([]),
        json!({}),
        json!(null),
    ];
    for (bound, outside) in [("minimum", -1), ("maximum", 1)] {
        if let Some(bound) = node[bound].as_f64() {
            values.extend([json!(bound as i64), json!(bound as i64 + outside)]);
        }
    }
    for (bound, outside) in [("minLength", -1), ("maxLength", 1)] {
        if let Some(bound) = node[bound].as_i64() {
            let text = |length: i64| json!("a".repeat(length.max(0) as usize));
            values.extend([text(bound), text(bound + outside)]);
        }
    }
    if let Some(most) = node["maxItems"].as_u64() {
        let list = |length: u64| json!(vec!["a"; length as usize]);
        values.extend([list(most), list(most + 1)]);
    }
    values.extend(node["enum"].as_array().into_iter().flatten().cloned());
    if node["properties"].is_object() {
        values.push(json!({ "unknown": 1 }));
    }
    let values = values.into_iter().map(Some);
    values.chain([None]).collect()
}

/// A good manifest with every field that others are in.
fn good(kind: &str) -> (&'static str, Value) {
    match kind {
        "connector" => (
            "CleverTapConnector",
            json!({
                "apiVersion": "mixtap.dev/v1alpha1",
                "kind": "CleverTapConnector",
                "metadata": { "name": "quickstart" },
                "spec": {
                    "projectId": "TEST-123-456-789Z", "datacenter": "eu1",
                    "passcodeSecretRef": { "name": "creds", "key": "passcode" },
                    "resultEmail": "growth@example.com",
                    "mixpanel": { "projectId": 1234567, "serviceAccountSecretRef": { "name": "creds" } },
                    "limits": { "concurrentLists": 1 },
                    "endpoints": { "mixpanel": "https://proxy.example.com" },
                },
            }),
        ),
        "export" => (
            "CohortExport",
            json!({
                "apiVersion": "mixtap.dev/v1alpha1",
                "kind": "CohortExport",
                "metadata": { "name": "cart-drop-off" },
                "spec": {
                    "connectorRef": { "name": "quickstart" }, "cohort": { "name": "Cart drop off" },
                    "syncType": "Dynamic", "profileProperties": ["$email"],
                },
            }),
        ),
        "secret" => (
            "Secret",
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "creds" } }),
        ),
        other => panic!("no kind: {other}"),
    }
}

/// A path, and the YAML to put there; `None` is to take it away.
type Edit = (String, Option<String>);

fn edit(text: &str) -> Edit {
    let (path, value) = match text.split_once(" =") {
        Some((path, value)) => (path, Some(repeated(value.trim()))),
        None => (text.strip_suffix(" -").expect("an edit"), None),
    };
    (path.to_owned(), value)
}

/// With `<3*a>` as `aaa`.
fn repeated(text: &str) -> String {
    let Some((before, rest)) = text.split_once('<') else {
        return text.to_owned();
    };
    let (count, rest) = rest.split_once('*').expect("a number and a text");
    let (part, after) = rest.split_once('>').expect("an end");
    let part = part.repeat(count.parse().expect("a number"));
    format!("{before}{part}{}", repeated(after))
}

fn case(kind: &str, edits: &[Edit]) -> Case {
    let (kind, mut object) = good(kind);
    let mut what = String::from(kind);
    for (number, (path, value)) in edits.iter().enumerate() {
        let pointer = format!(
            "/{}",
            path.replace('[', "/").replace(']', "").replace('.', "/")
        );
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = object.pointer_mut(parent).expect("a good manifest has it");
        match (parent, value) {
            (Value::Object(fields), Some(_)) => {
                fields.insert(name.to_owned(), format!("EDIT{number}").into());
            }
            (Value::Object(fields), None) => {
                fields.remove(name);
            }
            (Value::Array(items), Some(_)) => items[0] = format!("EDIT{number}").into(),
            (Value::Array(items), None) => items.clear(),
            (other, _) => panic!("{path} is in {other}"),
        }
        what.push_str(&format!("  {path} = {value:.60?}"));
    }
    let mut text = serde_yaml::to_string(&object).unwrap();
    for (number, (_, value)) in edits.iter().enumerate() {
        let value = value.as_deref().unwrap_or_default();
        text = text.replace(&format!("EDIT{number}"), value);
    }
    Case {
        what,
        kind,
        text,
        expected: None,
    }
}
