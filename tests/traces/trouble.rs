//! A collector in trouble is the collector's trouble.

use axum::http::StatusCode;
use mixtap::api::REQUESTED_AT;
use serde_json::json;
use tokio::net::TcpListener;

use crate::collector::Collector;
use crate::world::{PATIENCE, World};
use crate::{ENDPOINT, variables};

/// Makes a run, and with it spans.
async fn run(world: &World, token: &str) {
    world.annotate("export", REQUESTED_AT, token).await;
    world.until_handled("export", token).await;
}

/// It would take an hour to give up, and the queue is full long before.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_answers_holds_nothing_up() {
    let Some(mut world) = World::new("traces-hang").await else {
        return;
    };
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    world.env = variables(&[
        (ENDPOINT, &url),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "2"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"),
    ]);
    world.cohort(1, "Power users", 25);
    let controller = world.controller();
    let connecting = tokio::time::timeout(PATIENCE, silent.accept()).await;
    let _held = connecting.expect("in time").expect("a connection");
    world
        .dynamic("export", 1, json!({ "interval": "1h" }))
        .await;
    world.until_synced("export", "True", "Synced").await;
    run(&world, "again").await;
    let stopping = tokio::task::spawn_blocking(|| controller.stop());
    let stopped = tokio::time::timeout(PATIENCE, stopping).await;
    let stopped = stopped.expect("it ends").expect("no panic");
    assert_eq!(stopped.code(), Some(0));
    let told = "the last traces can't be exported in time";
    assert_eq!(world.logs().matches(told).count(), 1, "{}", world.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_told_of_once() {
    let Some(mut world) = World::new("traces-fail").await else {
        return;
    };
    let collector = Collector::start().await;
    world.env = variables(&[(ENDPOINT, &collector.url), ("OTEL_BSP_SCHEDULE_DELAY", "1")]);
    world.cohort(1, "Power users", 25);
    let controller = world.controller();
    world
        .dynamic("export", 1, json!({ "interval": "1h" }))
        .await;
    world.until_synced("export", "True", "Synced").await;
    let (fine, failing) = (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE);
    let answers = [failing, failing, fine, fine, failing];
    for (number, answer) in answers.into_iter().enumerate() {
        let before = collector.answer(answer);
        run(&world, &number.to_string()).await;
        collector.until_more_than(before).await;
    }
    assert_eq!(controller.stop().code(), Some(0));
    let logs = world.logs();
    let told = |what: &str| logs.matches(what).count();
    let refused = "traces can't be exported: the collector answers 503";
    assert_eq!(
        (told(refused), told("traces are exported again")),
        (2, 1),
        "{logs}"
    );
}
