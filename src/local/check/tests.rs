use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::crdgen;
use crate::local::manifests;

/// What `schema` decides by, and what only describes.
const KEYWORDS: [&str; 19] = [
    "additionalProperties",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-validations",
];

fn schemas() -> impl Iterator<Item = Value> {
    let crds = crdgen::crds().map(|crd| serde_json::to_value(crd).unwrap());
    let of = |crd: Value| crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
    // The values of a status are nobody's to write.
    let of = move |crd| of(crd)["properties"]["spec"].clone();
    crds.into_iter().map(of)
}

fn walk(node: &Value, look: &mut dyn FnMut(&Value)) {
    look(node);
    for property in node["properties"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.values())
    {
        walk(property, look);
    }
    if node["items"].is_object() {
        walk(&node["items"], look);
    }
}

#[test]
fn every_keyword_of_the_crds_is_known() {
    let mut patterns = 0;
    for schema in schemas() {
        walk(&schema, &mut |node| {
            for keyword in node.as_object().unwrap().keys() {
                assert!(KEYWORDS.contains(&keyword.as_str()), "{keyword}: {node}");
            }
            if let Some(pattern) = node["pattern"].as_str() {
                patterns += 1;
                pattern::fits(pattern, "");
            }
        });
    }
    assert!(patterns > 10, "only {patterns} patterns");
}

#[test]
fn every_rule_of_the_crds_can_be_tried() {
    let mut rules = 0;
    for schema in schemas() {
        walk(&schema, &mut |node| {
            rules += node["x-kubernetes-validations"]
                .as_array()
                .map_or(0, Vec::len);
        });
        let compiled = kube_cel::compile_schema(&schema);
        assert!(
            !compiled.has_errors(),
            "{:?}",
            compiled.compilation_errors()
        );
    }
    assert_eq!(rules, 4);
}

/// The fields and the words of every problem.
fn problems(text: &str) -> Vec<(String, String)> {
    let reading = manifests::read(&["-".into()], &mut text.as_bytes());
    let all = check(&reading, &Rules::default(), true).into_iter();
    all.map(|problem| (problem.field, problem.must)).collect()
}

fn export(name: &str, connector: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: mixtap.dev/v1alpha1\nkind: CohortExport\nmetadata: {{ name: {name} }}\n\
         spec: {{ connectorRef: {{ name: {connector} }}, syncType: Dynamic, {spec} }}\n"
    )
}

#[test]
fn exports_share_a_segment_only_where_they_are_known_to() {
    let long = "x".repeat(200);
    for (first, second, conflict) in [
        (
            "cohort: { name: A }",
            "cohort: { id: 1 }, segmentName: Mixpanel - A",
            true,
        ),
        ("cohort: { name: A }", "cohort: { name: A }", true),
        (
            "cohort: { name: A }",
            "cohort: { name: A }, suspend: true",
            false,
        ),
        ("cohort: { id: 1 }", "cohort: { id: 1 }", false),
        ("cohort: { name: A }", "cohort: { name: a }", false),
        // Both are cut, and end in an id that only Mixpanel knows.
        (
            &format!("cohort: {{ name: {long} }}"),
            &format!("cohort: {{ name: {long} }}"),
            false,
        ),
        // Of an export that can't be used nothing is known.
        (
            "cohort: { name: A }",
            "cohort: { name: A }, interval: 1s",
            false,
        ),
    ] {
        let found = problems(&(export("a", "c", first) + &export("b", "c", second)));
        let shared = found.iter().any(|(field, _)| field == "spec.segmentName");
        assert_eq!(shared, conflict, "{first} {second}: {found:?}");
        // By connectors of which nothing is known.
        let apart = problems(&(export("a", "c", first) + &export("b", "d", second)));
        assert!(
            apart.iter().all(|(field, _)| field != "spec.segmentName"),
            "{apart:?}"
        );
    }
}

#[test]
fn what_domain_says_more_plainly_is_said_once() {
    let found = problems(&export("a", "c", "cohort: { id: 1 }, interval: soon"));
    let must = "must be a duration such as 15m or 1h30m, of at most 16 characters";
    assert_eq!(found, [("spec.interval".to_owned(), must.to_owned())]);
}

/// Any JSON, with names of fields that there are.
fn anything() -> impl Strategy<Value = Value> {
    let names = "name|namespace|labels|annotations|spec|cohort|id|connectorRef|syncType|interval|mixpanel|items|é.x";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "Dynamic|15m|a|\\PC{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names, inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_written_is_valid_or_has_a_problem(metadata in anything(), spec in anything(), kind in "CohortExport|CleverTapConnector|Secret|List") {
        let version = if kind == "Secret" { "v1" } else { "mixtap.dev/v1alpha1" };
        let object = json!({ "apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec, "data": spec });
        let text = object.to_string();
        let reading = manifests::read(&["-".into()], &mut text.as_bytes());
        let problems = check(&reading, &Rules::default(), true);
        let usable = reading.objects().is_ok();
        prop_assert!(usable || !problems.is_empty(), "{text}");
    }
}
