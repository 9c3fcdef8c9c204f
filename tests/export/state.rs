//! A state that is damaged, away or from the future.

use mixtap::domain::Reason;
use mixtap::export::WarningReason;

use crate::faults::{growing, reason};
use crate::snapshots::{keep, read};

#[tokio::test]
async fn a_damaged_state_is_told_and_sends_the_whole_list() {
    let world = growing().await;
    world.run(&world.later()).await.unwrap();
    world.run(&world.later()).await.unwrap();
    let (state, list) = (world.state(), world.list());
    let bytes = read(&state, &list).await.unwrap().unwrap();
    let damaged = &bytes[..bytes.len() - 1];
    keep(&state, &list, damaged).await.unwrap();
    let done = world.run(&world.later()).await.unwrap();
    assert!(done.counts.uploaded);
    assert_eq!(done.warnings[0].reason, WarningReason::SnapshotDamaged);
    assert_eq!(done.counts.added, 5);
}

#[tokio::test]
async fn without_its_state_a_run_writes_nothing() {
    let world = growing().await;
    let root = world.disk.path().join("state/test");
    let away = world.disk.path().join("away");
    std::fs::rename(&root, &away).unwrap();
    std::fs::write(&root, "in the way").unwrap();
    let before = world.clevertap_calls();
    assert_eq!(
        reason(world.run(&world.later()).await),
        Reason::StateUnavailable
    );
    assert_eq!(world.clevertap_calls(), before);
    std::fs::remove_file(&root).unwrap();
    std::fs::rename(&away, &root).unwrap();
    world.run(&world.later()).await.unwrap();
    assert_eq!(world.segment(), ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_snapshot_that_has_no_room_shows_before_anything_is_sent() {
    let world = growing().await;
    let pending = world.disk.path().join("state/test/pending");
    std::fs::remove_dir_all(&pending).unwrap();
    std::fs::write(&pending, "in the way").unwrap();
    let before = world.clevertap_calls();
    for _ in 0..2 {
        let ended = world.run(&world.later()).await;
        assert_eq!(reason(ended), Reason::StateUnavailable);
    }
    assert_eq!(world.clevertap_calls(), before);
    assert_eq!(world.state().unconfirmed(&world.list()).await, Ok(None));
    std::fs::remove_file(&pending).unwrap();
    world.run(&world.later()).await.unwrap();
    assert_eq!(world.segment(), ["1", "2", "3", "4", "5"]);
    assert_eq!(std::fs::read_dir(&pending).unwrap().count(), 0);
}

#[tokio::test]
async fn a_state_of_a_newer_release_stops_the_run() {
    let world = growing().await;
    let (state, list) = (world.state(), world.list());
    let bytes = read(&state, &list).await.unwrap().unwrap();
    let mut newer = bytes[..bytes.len() - 32].to_vec();
    newer[19] = 2;
    let checksum = blake3::hash(&newer);
    newer.extend_from_slice(checksum.as_bytes());
    keep(&state, &list, newer).await.unwrap();
    assert_eq!(reason(world.run(&world.later()).await), Reason::StateTooNew);
    assert_eq!(world.segment(), ["1", "2"]);
}
