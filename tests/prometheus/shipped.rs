//! The files that a chart ships, and the pages that speak of them.

use std::{fs, path::Path};

use serde_json::Value;

/// The text of a file of the repository.
pub fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn rules() -> Value {
    serde_yaml::from_str(&text("charts/mixtap/files/rules.yaml")).expect("YAML")
}

/// The alerts of these rules.
pub fn alerts(rules: &mut Value) -> impl Iterator<Item = &mut Value> {
    let groups = rules["groups"].as_array_mut().expect("groups");
    groups
        .iter_mut()
        .flat_map(|group| group["rules"].as_array_mut().expect("rules"))
}

pub fn dashboard() -> Value {
    serde_json::from_str(&text("charts/mixtap/files/dashboard.json")).expect("JSON")
}

/// The dashboard's panels that ask for something.
pub fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    let panels = dashboard["panels"].as_array().expect("panels");
    panels.iter().filter(|panel| panel["type"] != "row")
}

/// Every query of the dashboard, with its panel's title.
pub fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let queries = panels(dashboard).flat_map(|panel| {
        let targets = panel["targets"].as_array().expect("targets");
        let exprs = targets.iter().map(|target| string(&target["expr"]));
        exprs.map(|expr| (string(&panel["title"]), expr))
    });
    queries.collect()
}

/// The dashboard's variables.
pub fn variables(dashboard: &Value) -> &[Value] {
    let list = dashboard["templating"]["list"].as_array();
    list.expect("variables")
}

/// The metric and the label of a variable's `label_values(METRIC, LABEL)`.
pub fn label_values(variable: &Value) -> Option<(String, String)> {
    let query = variable["query"]["query"].as_str()?;
    let inside = query.strip_prefix("label_values(")?.strip_suffix(')')?;
    let (metric, label) = inside.rsplit_once(", ")?;
    Some((metric.to_owned(), label.to_owned()))
}

pub fn string(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("{value} is no string"))
        .to_owned()
}
