//! Trouble that lasts: failures in a row are counted, which alerts and dashboards go by.

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use serde_json::json;

use crate::states::OFTEN;
use crate::steps::status;
use crate::world::until::says;
use crate::world::{PASSCODE, SECRET, USERNAME, World};

#[tokio::test(flavor = "multi_thread")]
async fn failures_in_a_row_are_counted_until_one_succeeds() {
    let Some(world) = World::new("often").await else {
        return;
    };
    world.cohort(1, "Cart", 3);
    let _controller = world.controller();
    world.on_demand("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    let down = Fault::new(Action::answer(503, "")).call(Call::ListUrl);
    let down = world.sandbox.faults().add(down);
    let many = |count: Option<i32>, least: i64| count.is_some_and(|n| i64::from(n) >= least);
    for least in 1..=OFTEN {
        world.members(1, 1..=3 + least.unsigned_abs());
        let failed = world.ask("cart", &format!("again-{least}")).await;
        assert!(
            says(&failed, "False", "DestinationUnavailable"),
            "{failed:?}"
        );
        assert!(
            many(status(&failed).consecutive_failures, least),
            "{failed:?}"
        );
    }
    world.sandbox.faults().remove(down);
    let synced = world.ask("cart", "mended").await;
    assert!(says(&synced, "True", "Synced"), "{synced:?}");
    assert_eq!(status(&synced).consecutive_failures, None);

    // A connector's checks that ask no vendor: those are few.
    let remove = r#"[{"op": "remove", "path": "/data/passcode"}]"#;
    let removed = world.kubectl(&["patch", "secret", "vendors", "--type=json", "-p", remove]);
    assert!(removed.ok, "{}", removed.err);
    for least in 1..=OFTEN {
        let failing = world.until_connector("main", "failing", |connector| {
            let status = connector.status.as_ref();
            status.is_some_and(|status| many(status.consecutive_failures, least))
        });
        failing.await;
        // Another resourceVersion makes a check due.
        let touched = format!("touched={least}");
        world.kubectl(&["label", "--overwrite", "secret", "vendors", &touched]);
    }
    world
        .put_secret("vendors", PASSCODE, USERNAME, SECRET)
        .await;
    let connector = world.until_connected("main", "True", "Connected").await;
    assert_eq!(connector.status.unwrap().consecutive_failures, None);
}
