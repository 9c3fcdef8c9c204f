//! Controllers that keep their state on S3.

use std::sync::Arc;

use serde_json::json;

use crate::lane::{CHANGED, Lane, list_of};
use crate::server;
use crate::world::World;

const STATE: &[&str] = &["--state-url=s3://mixtap/team"];

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_over_finds_the_snapshot_and_a_stranger_is_refused() {
    let Some(s3) = server::start().await else {
        return;
    };
    let Some(mut world) = World::new("s3").await else {
        return;
    };
    world.env = s3.env();
    let world = Arc::new(world);
    let first = world.controller_with(STATE);
    first.ready().await;
    let second = world.controller_with(STATE);
    second.says(200, "standby: waits for the Lease\n").await;
    let lane = Lane::new(&world, 1, "lane").await;
    lane.first_run(json!({})).await;

    first.kill();
    second.ready().await;
    lane.set_members(CHANGED);
    lane.ask("one").await;
    // Compared with what the first one kept: three gone, five new.
    lane.until_changed("one").await;
    assert_eq!(lane.list(), Some(list_of(CHANGED)));
    assert!(!world.dir.path().join("state").exists());

    let Some(mut other) = World::new("s3-other").await else {
        return;
    };
    other.env = s3.env();
    let mut stranger = other.controller_with(STATE);
    assert_eq!(stranger.ended().await.code(), Some(1));
    let logs = other.logs();
    assert!(logs.contains("belongs to another installation"));
    for (_, secret) in s3.env().into_iter().take(2) {
        assert!(!logs.contains(&secret) && !world.logs().contains(&secret));
    }
}
