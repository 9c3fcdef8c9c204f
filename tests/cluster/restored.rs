//! State and status that are lost, restored, damaged or too new.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mixtap::api::{CohortExport, REQUESTED_AT};
use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::mixpanel::{CohortSpec, DistinctId, User};
use serde_json::json;

use crate::steps::{last_run, list, status};
use crate::world::until::says;
use crate::world::{PROJECT, World, uid};

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_one_time_export_makes_no_vendor_call() {
    let Some(world) = World::new("restored").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    let controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    let original = world.one_time("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Completed").await;
    for token in ["monday", "tuesday"] {
        let asked = world.ask("cart", token).await;
        assert!(says(&asked, "True", "Completed"), "{asked:?}");
    }
    let segment = world.csv("Mixpanel - Cart");
    assert!(controller.stop().success());

    // As a backup brings it back: without status, with a new uid and the token of its day.
    world.members(1, 1..=20);
    for token in [None, Some("monday"), Some("tuesday")] {
        world.reset_calls();
        controller_restarts(&world, async || {
            world.delete_export("cart").await;
            let restored = world.one_time("cart", 1, json!({})).await;
            assert_ne!(uid(&restored), uid(&original));
            if let Some(token) = token {
                world.annotate("cart", REQUESTED_AT, token).await;
            }
        })
        .await;
        assert_eq!(world.calls_of(Vendor::Mixpanel), 0, "{token:?}");
        assert_eq!(world.calls_of(Vendor::Clevertap), 0, "{token:?}");
        assert_eq!(world.csv("Mixpanel - Cart"), segment);
    }
    let _controller = world.controller();
    let asked = world.ask("cart", "wednesday").await;
    assert!(says(&asked, "True", "Completed"));
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(1..=20)));
    assert_eq!(world.calls(Call::Engage), 1);
    assert_eq!(world.calls(Call::ListComplete), 1);
}

/// Restores while no controller runs, then waits until one has seen what was restored.
async fn controller_restarts(world: &World, restore: impl AsyncFnOnce()) {
    restore().await;
    let controller = world.controller();
    let seen = world.until_synced("cart", "True", "AlreadyExported").await;
    assert_eq!(status(&seen).last_run, None);
    assert!(controller.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_state_is_one_full_upload_and_never_opens_the_guard() {
    let Some(world) = World::new("state-lost").await else {
        return;
    };
    let controller = world.controller();
    for (name, id) in [("same", 1), ("empty", 2), ("few", 3)] {
        world.cohort(id, name, 100);
        world.on_demand(name, id, json!({})).await;
        world.until_synced(name, "True", "Synced").await;
    }
    assert!(controller.stop().success());
    fs::remove_dir_all(world.dir.path().join("state")).expect("the state");
    world.nobody(2);
    world.members(3, 1..=3);
    let _controller = world.controller();
    world.reset_calls();

    let same = last_run(&world.ask("same", "now").await);
    assert!(same.uploaded);
    assert_eq!((same.added, same.removed), (100, 0));
    assert_eq!(world.calls(Call::ListComplete), 1);
    assert_eq!(world.calls(Call::Upload), 1);
    // The confirming upload of those profiles, then nothing more.
    for _ in 0..2 {
        world
            .ask("same", &format!("{}", world.calls(Call::Engage)))
            .await;
    }
    assert_eq!(world.calls(Call::ListComplete), 2);
    assert_eq!(world.history("Mixpanel - same").last(), Some(&100));

    world.reset_calls();
    let empty = world.ask("empty", "now").await;
    assert!(says(&empty, "False", "HeldEmpty"), "{empty:?}");
    let few = world.ask("few", "now").await;
    assert!(says(&few, "False", "HeldShrink"), "{few:?}");
    let hold = status(&few).held.expect("a hold");
    assert_eq!((hold.previous, hold.members, hold.removed), (100, 3, 97));
    assert_eq!(world.calls_of(Vendor::Clevertap), 0);
    for name in ["Mixpanel - empty", "Mixpanel - few"] {
        assert_eq!(world.csv(name), Some(list(1..=100)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_is_one_full_upload_with_a_warning() {
    let Some(world) = World::new("damaged").await else {
        return;
    };
    world.cohort(1, "Cart", 100);
    let _controller = world.controller();
    world
        .on_demand("cart", 1, json!({ "missingProfiles": "Skip" }))
        .await;
    world.until_synced("cart", "True", "Synced").await;
    let [snapshot] = &world.files("state/snapshots")[..] else {
        panic!("one snapshot");
    };
    let mut bytes = fs::read(snapshot).expect("a snapshot");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(snapshot, &bytes).expect("damage");
    world.reset_calls();

    let whole = last_run(&world.ask("cart", "whole").await);
    assert!(whole.uploaded);
    assert_eq!((whole.added, whole.exported), (100, 100));
    let warning = world.event("cart", "SnapshotDamaged").await;
    assert!(warning.contains("damaged"), "{warning}");
    let unchanged = last_run(&world.ask("cart", "unchanged").await);
    assert!(!unchanged.uploaded);
    assert_eq!(world.calls(Call::ListComplete), 1);

    // Damage opens no guard either.
    bytes[middle] ^= 2;
    fs::write(snapshot, &bytes).expect("damage");
    world.members(1, 1..=3);
    let few = world.ask("cart", "few").await;
    assert!(says(&few, "False", "HeldShrink"), "{few:?}");
    assert_eq!(world.calls(Call::ListComplete), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_a_newer_release_is_left_alone() {
    let Some(world) = World::new("too-new").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    let _controller = world.controller();
    world.on_demand("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    let [snapshot] = &world.files("state/snapshots")[..] else {
        panic!("one snapshot");
    };
    let ours = fs::read(snapshot).expect("a snapshot");
    let mut newer = ours.clone();
    newer[19] = 2;
    let content = newer.len() - 32;
    let checksum = blake3::hash(&newer[..content]);
    newer[content..].copy_from_slice(checksum.as_bytes());
    fs::write(snapshot, &newer).expect("a newer one");
    world.reset_calls();

    let stalled = world.ask("cart", "newer").await;
    assert!(says(&stalled, "False", "StateTooNew"), "{stalled:?}");
    assert_eq!(world.calls_of(Vendor::Mixpanel), 0);
    assert_eq!(world.calls_of(Vendor::Clevertap), 0);
    assert_eq!(fs::read(snapshot).expect("a snapshot"), newer);
    fs::write(snapshot, &ours).expect("ours");
    let asked = world.ask("cart", "ours").await;
    assert!(says(&asked, "True", "Synced"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_holds_no_raw_identity() {
    let Some(world) = World::new("at-rest").await else {
        return;
    };
    let ids: Vec<DistinctId> = (0..50).map(|n| format!("canary-{n:03}").into()).collect();
    let user = |id: &DistinctId| {
        let email = format!("{}@example.com", id.text());
        User::new(
            id.text(),
            json!({ "$email": email, "$first_name": "canary-name" }),
        )
    };
    let mixpanel = world.sandbox.mixpanel();
    let users = ids.iter().map(user).collect();
    mixpanel.put_users(PROJECT, users).expect("the project");
    for (id, name) in [(1, "Cart"), (2, "Power")] {
        let members = ids.clone();
        let cohort = CohortSpec {
            name: name.into(),
            members,
            ..CohortSpec::default()
        };
        mixpanel
            .put_cohort(PROJECT, id, cohort)
            .expect("the project");
    }
    let _controller = world.controller();
    world.on_demand("cart", 1, json!({})).await;
    world.one_time("power", 2, json!({})).await;
    world.until_synced("cart", "True", "Synced").await;
    world.until_synced("power", "True", "Completed").await;
    assert!(
        world
            .csv("Mixpanel - Cart")
            .expect("a list")
            .contains("canary-049")
    );

    let says_canary = |path: &std::path::PathBuf| {
        let bytes = fs::read(path).expect("a file");
        bytes.windows(6).any(|window| window == b"canary")
    };
    let state = world.files("state");
    assert!(state.len() >= 3, "two snapshots and a record: {state:?}");
    assert!(!state.iter().any(says_canary), "{state:?}");
    // Only the list that waits for its confirming upload does, for our eyes only.
    let spooled = world.files("scratch");
    let [file] = &spooled[..] else {
        panic!("{spooled:?}")
    };
    assert!(says_canary(file));
    let mode = |path: &std::path::Path| path.metadata().expect("a file").permissions().mode();
    assert_eq!(mode(file) & 0o777, 0o600);
    assert_eq!(mode(file.parent().expect("a folder")) & 0o777, 0o700);
    let power = world.api::<CohortExport>().get("power").await;
    let power = serde_json::to_string(&power.expect("the export")).expect("JSON");
    assert!(!power.contains("canary"), "{power}");
}
