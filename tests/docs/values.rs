//! The chart has every value that a page or an example sets.

use std::fs;

use serde_json::Value;

use super::manifests::documents;
use super::written::repository;

/// Of pieces that are other programs' configuration: a key that only theirs has.
const OTHERS: [&str; 1] = ["scrape_configs"];

#[test]
fn the_chart_has_every_value_that_is_set() {
    let chart = repository().join("charts/mixtap/values.yaml");
    let chart: Value = serde_yaml::from_str(&fs::read_to_string(chart).unwrap()).unwrap();
    let mut count = 0;
    for (from, document) in documents() {
        let values = match document["kind"].as_str() {
            Some("HelmRelease") => &document["spec"]["values"],
            Some(_) => continue,
            None if OTHERS.iter().any(|key| document.get(key).is_some()) => continue,
            // A piece of YAML without a kind is one of the chart's values.
            None => &document,
        };
        known(&from, "", values, &chart);
        count += 1;
    }
    assert!(count >= 3, "only {count} sets of values");
}

/// What the chart leaves empty may hold anything.
fn known(from: &str, path: &str, values: &Value, chart: &Value) {
    for (name, value) in values.as_object().into_iter().flatten() {
        let found = chart.get(name);
        let free = chart.as_object().is_some_and(|chart| chart.is_empty());
        assert!(found.is_some() || free, "{from}: {path}{name}");
        if let Some(found) = found {
            known(from, &format!("{path}{name}."), value, found);
        }
    }
}
