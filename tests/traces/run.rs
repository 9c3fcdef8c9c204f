//! One run as its trace shows it.

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use mixtap::sandbox::mixpanel::User;
use serde_json::{Value, json};

use crate::collector::{Collector, Span};
use crate::world::World;
use crate::{ENDPOINT, exports, variables};

/// All that a span may tell.
const ATTRIBUTES: [&str; 11] = [
    "attempt",
    "call",
    "kind",
    "name",
    "namespace",
    "outcome",
    "reason",
    "run",
    "status",
    "sync_type",
    "vendor",
];

fn canaries() -> Vec<User> {
    let member = |n: u32| {
        let mail = format!("canary-{n}@example.com");
        User::new(format!("canary-{n}"), json!({ "$email": mail }))
    };
    (0..25).map(member).collect()
}

fn below<'a>(spans: &'a [Span], parent: &Span) -> Vec<&'a Span> {
    let below = |span: &&Span| (&span.parent, &span.trace) == (&parent.id, &parent.trace);
    spans.iter().filter(below).collect()
}

fn names(spans: &[&Span]) -> Vec<String> {
    spans.iter().map(|span| span.name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_a_trace_of_its_phases_and_calls() {
    let Some(mut world) = World::new("traces").await else {
        return;
    };
    let collector = Collector::start().await;
    world.env = variables(&[
        (ENDPOINT, &collector.url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=canary%20key"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        ),
    ]);
    world.cohort_of(1, "Canary cohort", canaries());
    let failing = Fault::new(Action::answer(500, "{}"))
        .call(Call::Engage)
        .nth(1);
    world.sandbox.faults().add(failing);
    let controller = world.controller();
    let created = json!({ "interval": "1h", "profileProperties": ["$email"] });
    world.dynamic("export", 1, created).await;
    let synced = world.until_synced("export", "True", "Synced").await;
    assert!(exports(&controller));
    // What is left is sent before the process ends.
    assert_eq!(controller.stop().code(), Some(0));

    let (spans, senders) = collector.spans();
    let all = |name: &str| spans.iter().filter(|s| s.name == name).collect::<Vec<_>>();
    let [run] = all("run")[..] else {
        panic!("{spans:#?}");
    };
    let last = synced.status.and_then(|s| s.last_run).expect("a run");
    let told = json!(run.attributes);
    let expected = json!({
        "run": last.id, "reason": last.reason, "attempt": "1", "sync_type": "Dynamic",
        "outcome": "Synced",
    });
    assert_eq!((told, run.failed), (expected, false));

    let looks = all("reconcile");
    let look = looks
        .iter()
        .find(|look| look.id == run.parent)
        .expect("its reconcile");
    let of = json!({ "kind": "CohortExport", "namespace": world.namespace, "name": "export" });
    assert_eq!((json!(look.attributes), look.parent.len()), (of, 0));

    let phases: Vec<_> = below(&spans, run)
        .into_iter()
        .filter(|s| !s.name.contains("mixpanel"))
        .collect();
    let in_order = ["read", "compare", "write profiles", "write list", "keep"];
    assert_eq!(names(&phases), in_order);
    let calls: Vec<_> = phases.iter().map(|phase| below(&spans, phase)).collect();
    let called: Vec<_> = calls.iter().map(|calls| names(calls)).collect();
    let expected = [
        &["mixpanel engage", "mixpanel engage"][..],
        &[],
        &["clevertap upload"],
        &[
            "clevertap list_url",
            "clevertap list_put",
            "clevertap list_complete",
        ],
        &[],
    ];
    assert_eq!(called, expected);
    let engage = |attempt: &str, status: &str| json!({ "vendor": "mixpanel", "call": "engage", "attempt": attempt, "status": status });
    let read: Vec<_> = calls[0]
        .iter()
        .map(|s| (json!(s.attributes), s.failed))
        .collect();
    assert_eq!(
        read,
        [(engage("1", "500"), true), (engage("2", "200"), false)]
    );

    // The connector's check is one too, without a run.
    let of_connector = |look: &&&Span| look.attributes["kind"] == "CleverTapConnector";
    let checks = looks
        .iter()
        .filter(of_connector)
        .flat_map(|look| below(&spans, look));
    let mut checks = names(&checks.collect::<Vec<_>>());
    // Both vendors are asked at once.
    checks.sort();
    assert_eq!(checks, ["clevertap list_url", "mixpanel cohorts_list"]);

    for sender in senders {
        assert_eq!(sender["service.name"], "mixtap");
        assert_eq!(sender["service.version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(sender["deployment.environment.name"], "test");
    }
    tells_nothing_else(&world, &collector, &spans);
}

/// No secret, member or address: neither in what is sent nor, for what the log tells, there.
fn tells_nothing_else(world: &World, collector: &Collector, spans: &[Span]) {
    for key in spans.iter().flat_map(|span| span.attributes.keys()) {
        assert!(ATTRIBUTES.contains(&key.as_str()), "{key}");
    }
    for batch in collector.batches() {
        assert_eq!(batch.headers["api-key"], "canary key");
        let text = String::from_utf8_lossy(&batch.body).to_lowercase();
        for word in ["canary", "example.com", "127.0.0.1", "://"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
    let logs = world.logs();
    assert!(!logs.to_lowercase().contains("canary"), "{logs}");
    // Its lines are those of a controller that exports nothing.
    for line in logs.lines().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert!(line.get("span").or(line.get("spans")).is_none(), "{line}");
    }
}
