//! No room for what a run keeps: CleverTap is told nothing, and all is made good once there is room.

use serde_json::json;

use crate::lane::{CHANGED, FIRST, list_of};
use crate::trouble::{PLAIN, in_a_lane};
use crate::world::World;

/// The pages of one read.
const READ: u64 = 3;

/// Not even for a run's own files, or for those but not for a snapshot, without which every run
/// would upload the list again.
#[tokio::test(flavor = "multi_thread")]
async fn no_room_shows_before_anything_is_sent() {
    // The scratch disk and the state's are of one size here: what the run itself writes comes first.
    // Not even the previous snapshot can be looked at, so nothing is read.
    for (name, bytes, reason, reads) in [
        ("disk-full", 0, "ScratchUnavailable", 0),
        ("disk-tight", 4096, "StateUnavailable", READ),
    ] {
        in_a_lane(name, async |lane, controller| {
            lane.first_run(json!({})).await;
            lane.set_members(CHANGED);
            lane.forget_requests();
            controller.limit_files(Some(bytes));
            for (nth, token) in (1..).zip(["full", "still-full"]) {
                lane.ask(token).await;
                let status = lane.until_handled(token, "False", reason).await;
                assert!(status.next_sync_time.is_some());
                assert_eq!(lane.requests(), nth * reads, "{:?}", lane.log());
            }
            assert_eq!(lane.list(), Some(list_of(FIRST)));
            controller.limit_files(None);
            lane.ask("room").await;
            lane.until_changed("room").await;
            assert_eq!(lane.list(), Some(list_of(CHANGED)));
            assert_eq!(lane.requests(), 2 * reads + PLAIN);
            assert_eq!(lane.history(), [25, 27]);
        })
        .await;
    }
}

/// Each run would fail: it doesn't lead before its directory can be used.
#[tokio::test(flavor = "multi_thread")]
async fn a_scratch_directory_that_cant_be_made_is_waited_for() {
    let Some(world) = World::new("scratch").await else {
        return;
    };
    let file = world.dir.path().join("in-the-way");
    std::fs::write(&file, "").expect("a file");
    let flag = format!("--scratch-dir={}", file.join("scratch").display());
    let controller = world.controller_with(&[&flag]);
    controller
        .says(503, "waiting for the scratch directory\n")
        .await;
    std::fs::remove_file(&file).expect("gone");
    controller.ready().await;
}
