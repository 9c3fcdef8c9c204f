//! `values.yaml`, what the README says of it, and the schema that keeps wrong ones out.

use std::{env, fs, path::PathBuf};

use serde_json::Value;

const BEGIN: &str = "<!-- values: written by a test -->\n";
const END: &str = "<!-- until here -->\n";
/// What only a parent chart sets.
const OF_A_PARENT: [&str; 2] = ["global", "enabled"];

pub fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "charts/mixtap", name]
        .iter()
        .collect()
}

pub fn read(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap()
}

#[test]
fn the_readme_names_every_value() {
    let readme = read("README.md");
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let wanted = [before, BEGIN, &table(), END, after].concat();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(file("README.md"), &wanted).unwrap();
    }
    assert!(
        read("README.md") == wanted,
        "the chart's README.md is stale: run `UPDATE_DOCS=1 cargo test --test chart`"
    );
}

#[test]
fn the_schema_knows_every_value_and_no_other() {
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
    let values: Value = serde_yaml::from_str(&read("values.yaml")).unwrap();
    compare("", &schema, &values);
}

#[test]
fn the_chart_is_of_this_release() {
    let chart: Value = serde_yaml::from_str(&read("Chart.yaml")).unwrap();
    for version in ["version", "appVersion"] {
        assert_eq!(chart[version], env!("CARGO_PKG_VERSION"));
    }
}

fn compare(path: &str, schema: &Value, values: &Value) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    assert_eq!(schema["additionalProperties"], false, "{path}");
    let values = values.as_object().unwrap();
    let parents = |key: &String| path.is_empty() && OF_A_PARENT.contains(&key.as_str());
    let known: Vec<_> = properties.keys().filter(|key| !parents(key)).collect();
    assert_eq!(known, values.keys().collect::<Vec<_>>(), "{path}");
    for (key, value) in values {
        compare(&format!("{path}.{key}"), &properties[key], value);
    }
}

/// One row for each value that a comment beginning with `--` describes. What stands below one needs
/// none of its own; any other must be a group of described ones.
fn table() -> String {
    let text = read("values.yaml");
    let values: Value = serde_yaml::from_str(&text).unwrap();
    let mut table = "| Value | Default | |\n|---|---|---|\n".to_owned();
    let (mut path, mut said, mut below): (Vec<(usize, &str)>, _, _) = (vec![], None, None);
    for line in text.lines() {
        let rest = line.trim_start();
        let indent = line.len() - rest.len();
        if let Some(comment) = rest.strip_prefix('#') {
            said = match (comment.strip_prefix(" -- "), said) {
                (Some(begins), _) => Some(begins.to_owned()),
                (None, Some(said)) => Some(format!("{said}{comment}")),
                (None, None) => None,
            };
            continue;
        }
        let described = said.take();
        if rest.is_empty() || below.is_some_and(|of| indent > of) {
            continue;
        }
        let (key, _) = rest.split_once(':').unwrap();
        path.retain(|(of, _)| *of < indent);
        path.push((indent, key));
        let name = path
            .iter()
            .map(|(_, key)| *key)
            .collect::<Vec<_>>()
            .join(".");
        let value = values
            .pointer(&format!("/{}", name.replace('.', "/")))
            .unwrap();
        below = described.is_some().then_some(indent);
        match described {
            Some(said) => {
                table += &format!("| `{name}` | `{value}` | {} |\n", said.replace('|', "\\|"))
            }
            None => assert!(
                value.as_object().is_some_and(|v| !v.is_empty()),
                "{name} isn't described"
            ),
        }
    }
    table
}
