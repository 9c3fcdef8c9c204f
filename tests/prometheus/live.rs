//! A real Prometheus scrapes a real controller: each alert fires by its cause, and nothing else
//! does; the dashboard's queries have something to show.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::causes::{self, BUDGET};
use crate::program;
use crate::server::Prometheus;
use crate::shipped::{dashboard, label_values, queries, variables};
use crate::world::{PATIENCE, World};

#[tokio::test(flavor = "multi_thread")]
async fn alerts_fire_by_their_causes_and_the_dashboard_shows_them() {
    let Some(programs) = program::folder() else {
        return;
    };
    let Some(world) = World::new("prometheus").await else {
        return;
    };
    let prometheus = Prometheus::start(&programs).await;
    let controller = world.controller();
    prometheus.scrape(&controller.metrics);
    causes::all(&world).await;
    shows_all(&prometheus, &world).await;

    let of = |alert: &str, severity: &str, name: &str| json!({ "alertname": alert, "severity": severity, "namespace": world.namespace, "name": name });
    let fails = |name: &str, connector: &str| {
        let mut alert = of("MixtapExportFailing", "warning", name);
        alert["connector"] = connector.into();
        alert
    };
    let mut held = of("MixtapExportHeld", "warning", "held");
    held["reason"] = "HeldShrink".into();
    let budget = json!({
        "alertname": "MixtapQueryBudgetExhausted",
        "severity": "warning",
        "project": BUDGET.to_string(),
    });
    let mut wanted = vec![
        of("MixtapConnectorDown", "critical", "down"),
        fails("failing", "main"),
        fails("stale", "stale"),
        held,
        of("MixtapExportStale", "warning", "stale"),
        budget,
        of("MixtapProfilesRejected", "warning", "rejected"),
    ];
    wanted.sort_by_key(Value::to_string);
    // Nor do those that are fine, done, suspended, or wait for a connector.
    let all = |firing: &[Value]| firing == wanted;
    prometheus.until_firing("all of it", all).await;

    // Nobody serves metrics any more.
    assert_eq!(controller.stop().code(), Some(0));
    let none = json!({ "alertname": "MixtapNoLeader", "severity": "critical" });
    let no_leader = |firing: &[Value]| firing.contains(&none);
    prometheus.until_firing("MixtapNoLeader", no_leader).await;

    // And one that can't lead, for another holds the Lease.
    lease_elsewhere(&world).await;
    let standby = world.controller();
    standby.says(200, "standby: waits for the Lease\n").await;
    prometheus.scrape(&standby.metrics);
    let mut waits = none.clone();
    waits["job"] = "mixtap".into();
    waits["namespace"] = "system".into();
    let waits = |firing: &[Value]| firing == [waits.clone()];
    prometheus.until_firing("MixtapNoLeader of it", waits).await;
}

/// Every query of the dashboard has a number to show, and every variable something to choose.
async fn shows_all(prometheus: &Prometheus, world: &World) {
    let board = dashboard();
    for (panel, expr) in queries(&board) {
        let query = expr
            .replace("$__rate_interval", "1m")
            .replace("$namespace", &world.namespace)
            .replace("$connector", ".*");
        let shown = async {
            while !prometheus.query(&query).await.iter().any(is_number) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let shown = tokio::time::timeout(PATIENCE, shown).await;
        assert!(shown.is_ok(), "{panel} shows nothing: {query}");
    }
    let wanted = [("namespace", &*world.namespace), ("connector", "rejected")];
    for (variable, wanted) in variables(&board)[1..].iter().zip(wanted) {
        let (metric, label) = label_values(variable).expect("a query");
        let metric = metric.replace("$namespace", &world.namespace);
        let values = prometheus.label_values(&metric, &label).await;
        assert_eq!(
            (&*label, values.iter().any(|v| v == wanted.1)),
            (wanted.0, true),
            "{values:?}"
        );
    }
}

fn is_number(sample: &Value) -> bool {
    let value = sample["value"][1].as_str();
    value.is_some_and(|value| value != "NaN")
}

/// Another controller took the Lease, for longer than this test takes.
async fn lease_elsewhere(world: &World) {
    let lease = json!({ "spec": { "holderIdentity": "elsewhere", "leaseDurationSeconds": 600 } });
    let patch = Patch::Merge(lease);
    let api = world.api::<Lease>();
    let patched = api.patch("mixtap", &PatchParams::default(), &patch).await;
    patched.expect("the Lease");
}
