//! Rules, dashboard, runbooks and the code's metrics name the same things.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Value, json};

use crate::shipped::{
    alerts, dashboard, label_values, panels, queries, rules, string, text, variables,
};

/// Labels that Prometheus adds, or a histogram has.
const ADDED: [&str; 3] = ["instance", "job", "le"];

/// Of every sample that a scrape shows, the labels: from the page that a test holds to the code.
fn samples() -> BTreeMap<String, BTreeSet<String>> {
    let page = text("docs/reference.md");
    let rows = page.lines().filter(|line| line.starts_with("| `mixtap_"));
    let samples = rows.flat_map(|row| {
        let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").collect();
        let [name, kind, labels, _] = cells[..] else {
            panic!("{row}");
        };
        let name = name.trim_matches('`');
        let words = labels.split(", ").map(|label| label.trim_matches('`'));
        let labels: BTreeSet<_> = words.chain(ADDED).map(str::to_owned).collect();
        let names = match kind {
            "histogram" => ["bucket", "count", "sum"]
                .map(|end| format!("{name}_{end}"))
                .to_vec(),
            _ => vec![name.to_owned()],
        };
        names.into_iter().map(move |name| (name, labels.clone()))
    });
    samples.collect()
}

/// The names of metrics in a text, each with what follows it.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices("mixtap_").map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        rest.split_at(end.unwrap_or(rest.len()))
    })
}

/// What is wrong with the metrics and labels that this expression names.
fn wrong(expr: &str, samples: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, rest) in named(expr) {
        let Some(labels) = samples.get(name) else {
            wrong.push(format!("{name} is no metric"));
            continue;
        };
        let matchers = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let matchers = matchers.map_or("", |(matchers, _)| matchers).split(',');
        let matched = matchers.filter_map(|matcher| matcher.split_once(['=', '!']));
        let unknown = matched.map(|(label, _)| label.trim());
        let unknown = unknown.filter(|label| !labels.contains(*label));
        wrong.extend(unknown.map(|label| format!("{name} has no label {label}")));
    }
    wrong
}

#[test]
fn rules_and_dashboard_ask_for_what_the_code_tells() {
    let samples = samples();
    assert!(samples.len() > 20, "{samples:?}");
    let mut rules = rules();
    let exprs = alerts(&mut rules).map(|alert| (string(&alert["alert"]), string(&alert["expr"])));
    let board = dashboard();
    let picked = variables(&board).iter().filter_map(label_values);
    let picked = picked.map(|(metric, label)| (label, metric));
    for (of, expr) in exprs.chain(queries(&board)).chain(picked) {
        assert_ne!(named(&expr).count(), 0, "{of}: {expr}");
        assert_eq!(wrong(&expr, &samples), Vec::<String>::new(), "{of}: {expr}");
    }
    let page = text("docs/operations.md");
    let names = named(&page).map(|(name, _)| name);
    let unknown: Vec<_> = names.filter(|name| !samples.contains_key(*name)).collect();
    assert!(unknown.is_empty(), "docs/operations.md names {unknown:?}");
}

#[test]
fn a_name_that_nobody_knows_is_seen() {
    let samples = samples();
    for (expr, what) in [
        ("mixtap_leaders == 0", "mixtap_leaders is no metric"),
        (
            r#"sum(mixtap_export_info{ready="False", raeson!~"Held.*"})"#,
            "mixtap_export_info has no label raeson",
        ),
        (
            "rate(mixtap_export_duration_seconds[5m])",
            "mixtap_export_duration_seconds is no metric",
        ),
    ] {
        assert_eq!(wrong(expr, &samples), [what]);
    }
}

#[test]
fn every_alert_has_its_words_and_its_runbook() {
    let page = text("docs/operations.md");
    let (_, runbooks) = page.split_once("\n## Runbooks\n").expect("runbooks");
    let headings = runbooks
        .lines()
        .filter_map(|line| line.strip_prefix("### "));
    let mut rules = rules();
    let names: Vec<_> = alerts(&mut rules)
        .map(|alert| {
            let name = string(&alert["alert"]);
            let severity = string(&alert["labels"]["severity"]);
            assert!(["critical", "warning"].contains(&&*severity), "{name}");
            for annotation in ["summary", "description"] {
                assert!(alert["annotations"][annotation].is_string(), "{name}");
            }
            let anchor = name.to_lowercase();
            let runbook = format!("docs/operations.md#{anchor}");
            assert_eq!(alert["annotations"]["runbook_url"], runbook);
            let row = format!("\n| [{name}](#{anchor}) | {severity} | ");
            assert!(page.contains(&row), "{name} isn't in the table of alerts");
            name
        })
        .collect();
    assert_eq!(headings.collect::<Vec<_>>(), names, "of docs/operations.md");
}

#[test]
fn the_dashboard_suits_any_grafana() {
    let board = dashboard();
    assert_eq!(board["uid"], "mixtap");
    let source = json!({ "type": "prometheus", "uid": "${datasource}" });
    let [first, others @ ..] = variables(&board) else {
        panic!("no variable");
    };
    assert_eq!(
        [&first["name"], &first["type"]],
        ["datasource", "datasource"]
    );
    assert!(
        others
            .iter()
            .all(|variable| variable["datasource"] == source)
    );
    let names: Vec<_> = variables(&board)
        .iter()
        .map(|v| string(&v["name"]))
        .collect();
    for panel in panels(&board) {
        let title = string(&panel["title"]);
        let targets = panel["targets"].as_array().expect("targets");
        for asks in targets.iter().chain([panel]) {
            assert_eq!(asks["datasource"], source, "{title}");
        }
        for target in targets {
            let expr = string(&target["expr"]);
            for used in expr.split('$').skip(1) {
                let end = used.find(|c: char| !c.is_ascii_lowercase() && c != '_');
                let used = &used[..end.unwrap_or(used.len())];
                let known = used == "__rate_interval" || names.iter().any(|name| name == used);
                assert!(known, "{title}: ${used}");
            }
        }
    }
    let all = board["panels"].as_array().expect("panels");
    let ids: HashSet<_> = all.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), all.len(), "each has an id of its own");
    let mut taken = HashSet::new();
    for panel in all {
        let at = |side: &str| panel["gridPos"][side].as_u64().expect("a place");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                let free = x < 24 && taken.insert((x, y));
                assert!(free, "{} overlaps", panel["title"]);
            }
        }
    }
}

/// What `wrong` reads is what is written: no matcher holds a comma or a brace.
#[test]
fn matchers_are_simple() {
    let board = dashboard();
    let simple = |expr: &str| {
        let values = expr.split('"').skip(1).step_by(2);
        values.into_iter().all(|value| !value.contains([',', '}']))
    };
    let mut rules: Value = rules();
    let exprs = alerts(&mut rules).map(|alert| string(&alert["expr"]));
    let exprs = exprs.chain(queries(&board).into_iter().map(|(_, expr)| expr));
    for expr in exprs {
        assert!(simple(&expr), "{expr}");
    }
}
