//! The proxy of `docs/page.md` leads to the chart's Service, and the values beside it let it through.

use std::fs;

use serde_json::{Value, json};

use super::manifests::documents;
use super::written::repository;

#[test]
fn the_proxy_leads_to_the_page_and_is_let_through() {
    let all = documents();
    let of = |file: &str| {
        let found = all.iter().filter(move |(from, _)| from == file);
        found.map(|(_, document)| document).collect::<Vec<_>>()
    };
    let proxy = of("examples/page/proxy.yaml");
    let [deployment, service] = proxy[..] else {
        panic!("{proxy:?}");
    };
    let template = &deployment["spec"]["template"];
    let labels = &template["metadata"]["labels"];
    let namespace = &deployment["metadata"]["namespace"];
    assert_eq!(&service["spec"]["selector"], labels);
    assert_eq!(&service["metadata"]["namespace"], namespace);

    let pages = of("docs/page.md");
    let peers = pages
        .iter()
        .map(|values| &values["networkPolicy"]["pageFrom"]);
    let peer = json!([{
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
        "podSelector": { "matchLabels": labels },
    }]);
    let peers: Vec<_> = peers.filter(|peers| !peers.is_null()).collect();
    assert_eq!(peers, [&peer]);

    let chart = repository().join("charts/mixtap/values.yaml");
    let chart: Value = serde_yaml::from_str(&fs::read_to_string(chart).unwrap()).unwrap();
    let upstream = format!(
        "--upstream=http://mixtap-page.mixtap.svc:{}/",
        chart["page"]["port"]
    );
    let args = template["spec"]["containers"][0]["args"].as_array();
    let args = args.expect("arguments");
    assert!(args.contains(&json!(upstream)), "{args:?}");
}
