//! Exports of one connector on one cohort: one query for all of them.

use mixtap::api::CohortExport;
use mixtap::sandbox::calls::Call;
use serde_json::json;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn exports_of_one_cohort_that_are_due_together_read_it_once() {
    let Some(world) = World::new("shared").await else {
        return;
    };
    world.cohort(1, "Cart", 30);
    let names = ["one", "two", "three"];
    for name in names {
        let spec = json!({
            "connectorRef": { "name": "main" },
            "cohort": { "id": 1 },
            "syncType": "Dynamic",
            "segmentName": name,
            "identityProperty": name,
        });
        world.create::<CohortExport>(name, spec).await;
    }
    let _controller = world.controller();
    for name in names {
        let status = world.until_synced(name, "True", "Synced").await.status;
        let run = status.and_then(|s| s.last_run).expect("a run");
        assert_eq!((run.members, run.exported), (30, 30), "{name}");
    }
    assert_eq!(world.calls(Call::Engage), 1);
    assert_eq!(world.calls(Call::ListComplete), 3);
    // Slots of one phase keep them together.
    let objects = world.api::<CohortExport>().list(&Default::default()).await;
    let next = objects.expect("a list").items.into_iter().map(|export| {
        let status = export.status.unwrap_or_default();
        status.next_sync_time.expect("a slot")
    });
    let next: std::collections::BTreeSet<_> = next.collect();
    assert_eq!(next.len(), 1, "{next:?}");
}
