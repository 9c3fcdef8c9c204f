//! `crds/` holds what the types say, and the schema keeps its promises to users and GitOps tools.

use std::{collections::BTreeMap, env, fs, path::Path};

use mixtap::crdgen;
use serde::Deserialize;
use serde_json::{Value, json};

/// The schema of each kind.
fn schemas() -> [Value; 2] {
    crds().map(|crd| crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone())
}

fn crds() -> [Value; 2] {
    crdgen::crds().map(|crd| serde_json::to_value(crd).unwrap())
}

/// Calls `look` with the path and the node of every schema below this one.
fn walk(path: &str, node: &Value, look: &mut dyn FnMut(&str, &Value)) {
    look(path, node);
    for (name, property) in node["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), property, look);
    }
    for (key, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if node[key].is_object() {
            walk(&format!("{path}{mark}"), &node[key], look);
        }
    }
}

/// Calls `look` with every node of both kinds.
fn walk_all(mut look: impl FnMut(&str, &Value)) {
    let mut seen = 0;
    for schema in schemas() {
        walk("", &schema, &mut |path, node| {
            seen += 1;
            look(path, node);
        });
    }
    assert!(seen > 100, "only {seen} nodes: is the whole schema walked?");
}

/// Where they are committed: for kubectl and Kustomize, and for the chart, which reads no file outside
/// its own folder.
const FOLDERS: [&str; 2] = ["crds", "charts/mixtap/files/crds"];

fn yaml_files(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    files.collect()
}

#[test]
fn committed_files_are_current() {
    let wanted = BTreeMap::from(crdgen::files());
    for folder in FOLDERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        if env::var_os("UPDATE_CRDS").is_some() {
            for (name, yaml) in &wanted {
                fs::write(folder.join(name), yaml).unwrap();
            }
        }
        let mut there = yaml_files(&folder);
        there.remove("kustomization.yaml");
        assert!(
            there == wanted,
            "{} is stale: run `UPDATE_CRDS=1 cargo test --test crds`",
            folder.display()
        );
    }
}

#[test]
fn the_kustomization_names_every_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    let text = &yaml_files(&folder)["kustomization.yaml"];
    let kustomization: Value = serde_yaml::from_str(text).unwrap();
    let names = crdgen::files().map(|(name, _)| name);
    assert_eq!(kustomization["resources"], json!(names));
}

#[test]
fn prints_both_as_plain_yaml() {
    let yaml = crdgen::yaml();
    let documents: Vec<Value> = serde_yaml::Deserializer::from_str(&yaml)
        .map(|document| Value::deserialize(document).unwrap())
        .collect();
    let names = documents.iter().map(|crd| &crd["metadata"]["name"]);
    let wanted = ["clevertapconnectors.mixtap.dev", "cohortexports.mixtap.dev"];
    assert!(names.eq(wanted.iter()));
    for crd in &documents {
        // Nothing that an API server would drop, and so show as a difference.
        let mut nodes = vec![crd];
        while let Some(node) = nodes.pop() {
            assert!(!node.is_null() && *node != json!([]) && !node.is_f64());
            nodes.extend(node.as_array().into_iter().flatten());
            nodes.extend(
                node.as_object()
                    .into_iter()
                    .flat_map(|fields| fields.values()),
            );
        }
    }
}

#[test]
fn names_and_columns_are_what_users_rely_on() {
    let columns = |crd: &Value| {
        let columns = crd["spec"]["versions"][0]["additionalPrinterColumns"].as_array();
        let names = columns.unwrap().iter().map(|column| {
            let wide = if column["priority"] == 1 { "+" } else { "" };
            format!("{}{wide}", column["name"].as_str().unwrap())
        });
        names.collect::<Vec<_>>().join(" ")
    };
    let [connector, export] = crds();
    assert_eq!(connector["spec"]["names"]["shortNames"], json!(["ctc"]));
    assert_eq!(export["spec"]["names"]["shortNames"], json!(["cohort"]));
    assert_eq!(
        columns(&connector),
        "Project Datacenter Connected Message+ Age"
    );
    assert_eq!(
        columns(&export),
        "Cohort Type Synced Members Last Sync Next Sync+ Message+ Age"
    );
    for crd in [connector, export] {
        assert_eq!(crd["spec"]["scope"], "Namespaced");
        assert_eq!(crd["spec"]["names"]["categories"], json!(["mixtap"]));
        let version = &crd["spec"]["versions"][0];
        assert_eq!(version["name"], "v1alpha1");
        assert_eq!(version["subresources"], json!({ "status": {} }));
    }
}

#[test]
fn every_field_is_described() {
    walk_all(|path, node| {
        if !path.ends_with(['}', ']']) {
            let text = node["description"].as_str().unwrap_or_default();
            assert!(text.len() > 10, "{path} has no description");
            assert!(
                !text.replace("\n\n", "").contains('\n'),
                "{path} is wrapped"
            );
        }
    });
}

#[test]
fn every_node_suits_the_api_server() {
    walk_all(|path, node| {
        assert_eq!(node["nullable"], Value::Null, "{path}");
        let values = node["enum"].as_array();
        assert!(!values.is_some_and(|v| v.contains(&Value::Null)), "{path}");
        match node["type"].as_str() {
            Some("integer") => {
                let format = node["format"].as_str();
                assert!(matches!(format, Some("int32" | "int64")), "{path}");
                let limit = if format == Some("int32") { 31 } else { 53 };
                let max = node["maximum"].as_f64().unwrap_or_default();
                assert!(max < 2_f64.powi(limit), "{path}");
            }
            Some("array") => {
                let kind = node["x-kubernetes-list-type"].as_str();
                let wanted = if path == ".status.conditions" {
                    "map"
                } else {
                    "atomic"
                };
                assert_eq!(kind, Some(wanted), "{path}");
            }
            Some("string" | "boolean" | "object") => {}
            other => panic!("{path} is of type {other:?}"),
        }
        if path.contains("[]") {
            assert_eq!(node["default"], Value::Null, "{path}");
        }
    });
}

#[test]
fn whatever_a_user_writes_is_bounded() {
    // The API server refuses a rule whose cost it can't bound.
    walk_all(|path, node| {
        let bound = match node["type"].as_str() {
            _ if !path.starts_with(".spec") => return,
            Some("string") if node["enum"].is_array() => return,
            Some("string") => "maxLength",
            Some("array") => "maxItems",
            Some("integer") => "maximum",
            _ => return,
        };
        assert!(node[bound].is_number(), "{path} has no {bound}");
    });
}

#[test]
fn rules_keep_to_what_can_be_decided_offline() {
    let mut rules = Vec::new();
    walk_all(|path, node| {
        for rule in node["x-kubernetes-validations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let text = rule["rule"].as_str().unwrap();
            for (at, _) in text.match_indices('(') {
                let word = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
                let called = text[..at].rsplit(|c| !word(c)).next().unwrap();
                assert!(["", "has", "size", "duration"].contains(&called), "{text}");
            }
            assert!(rule["message"].is_string(), "{path}: {text}");
            rules.push(path.to_owned());
        }
    });
    let wanted = [
        ".spec.checkInterval",
        ".spec",
        ".spec.cohort",
        ".spec.interval",
    ];
    assert_eq!(rules, wanted);
}

#[test]
fn defaults_stand_only_where_the_api_says_so() {
    let mut defaults = Vec::new();
    walk_all(|path, node| {
        if let Some(default) = node.get("default") {
            defaults.push(format!("{path}={default}"));
        }
    });
    let unseen = r#".status={"observedGeneration":-1}"#;
    let wanted = [
        r#".spec.mixpanel.region="US""#,
        r#".spec.mixpanel.serviceAccountSecretRef.secretKey="secret""#,
        r#".spec.mixpanel.serviceAccountSecretRef.usernameKey="username""#,
        r#".spec.passcodeSecretRef.key="passcode""#,
        unseen,
        unseen,
    ];
    assert_eq!(defaults, wanted);
}

#[test]
fn conditions_are_metav1_conditions() {
    for schema in schemas() {
        let status = &schema["properties"]["status"]["properties"];
        // The default is -1.
        assert_eq!(status["observedGeneration"]["minimum"], Value::Null);
        let list = &status["conditions"];
        assert_eq!(list["x-kubernetes-list-map-keys"], json!(["type"]));
        let required = ["lastTransitionTime", "message", "reason", "status", "type"];
        assert_eq!(list["items"]["required"], json!(required));
        let condition = &list["items"]["properties"];
        assert_eq!(condition["type"]["maxLength"], 316);
        assert_eq!(
            condition["status"]["enum"],
            json!(["True", "False", "Unknown"])
        );
        assert_eq!(condition["reason"]["minLength"], 1);
        assert_eq!(condition["reason"]["maxLength"], 1024);
        assert_eq!(condition["message"]["maxLength"], 32_768);
        assert_eq!(condition["observedGeneration"]["minimum"], 0.0);
        for field in ["type", "reason"] {
            let pattern = condition[field]["pattern"].as_str().unwrap();
            assert!(pattern.starts_with('^') && pattern.ends_with('$'));
        }
    }
}
