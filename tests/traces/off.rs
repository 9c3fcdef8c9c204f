//! Where no collector is named, or none that can be used.

use crate::collector::Collector;
use crate::world::World;
use crate::{ENDPOINT, exports, variables};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_exported_unless_it_is_asked_for() {
    let Some(mut world) = World::new("traces-off").await else {
        return;
    };
    let collector = Collector::start().await;
    for without in [
        ("OTEL_TRACES_SAMPLER", "always_on"),
        (ENDPOINT, "canary:4317"),
    ] {
        world.env = variables(&[without]);
        let controller = world.controller();
        controller.ready().await;
        assert!(!exports(&controller), "{without:?}");
        assert_eq!(controller.stop().code(), Some(0));
    }
    world.env = variables(&[
        (ENDPOINT, &collector.url),
        ("OTEL_TRACES_SAMPLER", "always_off"),
    ]);
    let controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    controller.ready().await;
    assert!(exports(&controller));
    assert_eq!(controller.stop().code(), Some(0));
    assert_eq!(collector.batches().len(), 0);

    let logs = world.logs();
    let why = "no traces are exported: OTEL_EXPORTER_OTLP_ENDPOINT must be";
    assert_eq!(logs.matches(why).count(), 1, "{logs}");
    assert!(!logs.contains("canary:"), "{logs}");
}
