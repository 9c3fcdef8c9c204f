use prometheus_client::encoding::text;

use super::*;

const HELD: Ready = Some((Status::False, Reason::HeldShrink));

fn full() -> ExportGauges {
    ExportGauges {
        connector: "main".to_owned(),
        sync_type: Some(SyncType::Dynamic),
        ready: HELD,
        synced: true,
        suspended: false,
        members: Some(10),
        last_success: Some(20),
        next_sync: Some(30),
        effective_interval: Some(40),
    }
}

const CONNECTED: ConnectorGauges = ConnectorGauges {
    connected: true,
    project: Some(7),
    ready: Some((Status::True, Reason::Connected)),
};

fn counts() -> Counts {
    Counts {
        added: 5,
        removed: 6,
        profiles_created: 8,
        profiles_rejected: 9,
        ..Counts::default()
    }
}

fn registered() -> (ObjectMetrics, Registry) {
    let (metrics, mut registry) = (ObjectMetrics::default(), Registry::with_prefix("mixtap"));
    metrics.register(&mut registry);
    (metrics, registry)
}

fn page(registry: &Registry) -> String {
    let mut page = String::new();
    text::encode(&mut page, registry).expect("a String takes all");
    page
}

fn shows(registry: &Registry, line: &str) {
    let page = page(registry);
    assert!(page.lines().any(|l| l == line), "{line} not in\n{page}");
}

#[test]
fn names_are_those_of_the_documentation() {
    let (metrics, registry) = registered();
    metrics.connector("ns", "x", CONNECTED);
    metrics.export("ns", "x", &full());
    metrics.ran("ns", "x", &counts());
    for (name, value) in [
        ("connector_connected", 1),
        ("export_synced", 1),
        ("export_suspended", 0),
        ("export_members", 10),
        ("export_last_success_timestamp_seconds", 20),
        ("export_next_sync_timestamp_seconds", 30),
        ("export_effective_interval_seconds", 40),
        ("export_members_added_total", 5),
        ("export_members_removed_total", 6),
    ] {
        let line = format!("mixtap_{name}{{namespace=\"ns\",name=\"x\"}} {value}");
        shows(&registry, &line);
    }
    for (name, labels) in [
        (
            "connector",
            r#"project="7",ready="True",reason="Connected""#,
        ),
        (
            "export",
            r#"connector="main",sync_type="Dynamic",ready="False",reason="HeldShrink""#,
        ),
    ] {
        let line = format!("mixtap_{name}_info{{namespace=\"ns\",name=\"x\",{labels}}} 1");
        shows(&registry, &line);
    }
    for (outcome, count) in [("accepted", 8), ("rejected", 9)] {
        let labels = format!("namespace=\"ns\",name=\"x\",outcome=\"{outcome}\"");
        let line = format!("mixtap_export_profiles_uploaded_total{{{labels}}} {count}");
        shows(&registry, &line);
    }
}

#[test]
fn an_object_is_told_of_once_whatever_it_says() {
    let (metrics, registry) = registered();
    metrics.export("ns", "x", &full());
    let ready = Some((Status::True, Reason::Synced));
    metrics.export("ns", "x", &ExportGauges { ready, ..full() });
    let page = page(&registry);
    let lines = page.lines();
    let told: Vec<_> = lines
        .filter(|l| l.starts_with("mixtap_export_info{"))
        .collect();
    let labels = r#"connector="main",sync_type="Dynamic",ready="True",reason="Synced""#;
    let line = format!("mixtap_export_info{{namespace=\"ns\",name=\"x\",{labels}}} 1");
    assert_eq!(told, [line]);
}

#[test]
fn counters_begin_at_zero_and_go_on() {
    let (metrics, registry) = registered();
    let added =
        |count| format!("mixtap_export_members_added_total{{namespace=\"ns\",name=\"x\"}} {count}");
    for count in [0, 5, 10] {
        metrics.export("ns", "x", &full());
        shows(&registry, &added(count));
        metrics.ran("ns", "x", &counts());
    }
}

#[test]
fn objects_take_their_metrics_along() {
    let (metrics, registry) = registered();
    let before = page(&registry);
    metrics.export("ns", "gone", &full());
    metrics.connector("ns", "gone", CONNECTED);
    assert!(page(&registry).contains("gone"));
    metrics.forget_export("ns", "gone");
    metrics.forget_connector("ns", "gone");
    assert_eq!(page(&registry), before);
    // A run that ends after its object brings nothing back.
    metrics.ran("ns", "gone", &counts());
    assert_eq!(page(&registry), before);
}

#[test]
fn an_unknown_value_is_absent_not_zero() {
    let (metrics, registry) = registered();
    metrics.export("ns", "e", &full());
    metrics.export("ns", "e", &ExportGauges::default());
    let page = page(&registry);
    assert!(page.contains("mixtap_export_synced{namespace=\"ns\",name=\"e\"} 0"));
    assert!(!page.contains("mixtap_export_members{"));
}
