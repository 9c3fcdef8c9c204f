//! When an unchanged list is uploaded again: after a run that created profiles, and after
//! `refreshInterval`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mixtap::api::{CleverTapConnector, CohortExport};
use mixtap::sandbox::calls::{Call, Vendor};
use serde_json::json;

use crate::steps::{last_run, list, status};
use crate::world::{ACCOUNT, PROJECT, World};

/// Lets short intervals have all the queries that they like.
async fn unlimited(world: &World) {
    let mixpanel = world.sandbox.mixpanel();
    let unlimited = mixpanel.update_project(PROJECT, |project| project.query_limit = 100_000);
    unlimited.expect("the project");
    let spec = json!({ "spec": { "mixpanel": { "queriesPerHour": 10_000 } } });
    world.patch::<CleverTapConnector>("main", spec).await;
}

/// List processing that doesn't see a profile yet that was created just before it.
fn slow_profiles(world: &World) {
    let clevertap = world.sandbox.clevertap();
    let slow = clevertap.update_account(ACCOUNT, |account| account.profile_lag = 1);
    slow.expect("the account");
}

/// The last run, if it was one of these and ended after `before`.
fn later(object: &CohortExport, reason: &str, before: &str) -> bool {
    let run = status(object).last_run;
    run.is_some_and(|run| run.reason == reason && run.id != before)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slot_after_new_profiles_confirms_and_the_next_ones_are_quiet() {
    let Some(world) = World::new("confirm-slot").await else {
        return;
    };
    unlimited(&world).await;
    slow_profiles(&world);
    world.cohort(1, "Cart", 10);
    let _controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    world.reset_calls();
    world.dynamic("cart", 1, json!({ "interval": "2s" })).await;
    let first = last_run(&world.until_synced("cart", "True", "Synced").await);
    assert_eq!(
        (first.reason.as_str(), first.profiles_created),
        ("First", 10)
    );
    let confirmed = world.until("cart", "confirmed", |o| later(o, "Scheduled", &first.id));
    let confirmed = last_run(&confirmed.await);
    assert!(confirmed.uploaded);
    assert_eq!((confirmed.unchanged, confirmed.profiles_created), (10, 0));
    assert_eq!(
        world.history("Mixpanel - Cart"),
        [0, 10],
        "the first saw no profile yet"
    );
    let calls = world.calls_of(Vendor::Clevertap);
    assert_eq!(calls, 7, "3 and 3 for two lists, 1 for the profiles");

    let mut last = confirmed;
    for _ in 0..2 {
        let quiet = world.until("cart", "run again", |o| later(o, "Scheduled", &last.id));
        last = last_run(&quiet.await);
        assert!(!last.uploaded);
        assert_eq!((last.unchanged, last.exported), (10, 10));
    }
    assert_eq!(world.calls_of(Vendor::Clevertap), calls);
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(1..=10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_list_is_confirmed_as_it_was_read() {
    let Some(world) = World::new("confirm-once").await else {
        return;
    };
    slow_profiles(&world);
    world.cohort(1, "Cart", 10);
    let _controller = world.controller_with(&["--confirm-delay=2s"]);
    world.one_time("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Completed").await;
    let spooled = world.files("scratch/confirm");
    let [file] = &spooled[..] else {
        panic!("{spooled:?}")
    };
    let mode = fs::metadata(file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Whoever comes later is none of its business.
    world.members(1, 5..=30);
    let confirmed = world.until("cart", "confirmed", |o| later(o, "Confirming", ""));
    let confirmed = confirmed.await;
    assert_eq!(last_run(&confirmed).exported, 10);
    assert_eq!(
        status(&confirmed).next_sync_time,
        None,
        "never of itself again"
    );
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(1..=10)));
    assert_eq!(world.history("Mixpanel - Cart"), [0, 10]);
    assert_eq!(world.files("scratch"), [] as [std::path::PathBuf; 0]);
    assert_eq!(world.calls(Call::Engage), 1, "without another read");
    assert_eq!(world.calls(Call::Upload), 1);
    assert_eq!(world.calls(Call::ListComplete), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_confirming_upload_is_told() {
    let Some(world) = World::new("confirm-lost").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    let controller = world.controller_with(&["--confirm-delay=1h"]);
    world.one_time("cart", 1, json!({})).await;
    world.until_synced("cart", "True", "Completed").await;
    assert!(controller.stop().success());
    fs::remove_dir_all(world.dir.path().join("scratch")).expect("the scratch folder");
    world.reset_calls();
    let _controller = world.controller_with(&["--confirm-delay=1s"]);
    let warning = world.event("cart", "ConfirmationLost").await;
    assert!(warning.contains("lost"), "{warning}");
    let told = world.until("cart", "told", |o| later(o, "Confirming", ""));
    told.await;
    assert_eq!(world.calls_of(Vendor::Mixpanel), 0);
    assert_eq!(world.calls_of(Vendor::Clevertap), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_is_kept_for_a_confirming_upload_that_never_comes() {
    let Some(world) = World::new("confirm-over").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    world.cohort(2, "Power", 10);
    let controller = world.controller_with(&["--confirm-delay=1h"]);
    for (name, id) in [("cart", 1), ("power", 2)] {
        world.one_time(name, id, json!({})).await;
        world.until_synced(name, "True", "Completed").await;
    }
    assert_eq!(world.files("scratch/confirm").len(), 2);
    // Another run of the list is as good as a confirmation.
    let asked = last_run(&world.ask("cart", "now").await);
    assert!(asked.uploaded);
    assert_eq!(world.files("scratch/confirm").len(), 1);

    // Without its state nobody knows what the list holds since.
    assert!(controller.stop().success());
    fs::remove_dir_all(world.dir.path().join("state")).expect("the state");
    world.reset_calls();
    let _controller = world.controller_with(&["--confirm-delay=1s"]);
    world.event("power", "ConfirmationLost").await;
    let told = world.until("power", "told", |o| later(o, "Confirming", ""));
    told.await;
    assert_eq!(world.files("scratch/confirm").len(), 0);
    assert_eq!(world.calls_of(Vendor::Clevertap), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_list_is_refreshed_after_its_interval_or_never() {
    let Some(world) = World::new("refresh").await else {
        return;
    };
    unlimited(&world).await;
    let everyone = |account: &mut mixtap::sandbox::clevertap::AccountSettings| {
        account.knows_everyone = true;
    };
    let clevertap = world.sandbox.clevertap();
    clevertap
        .update_account(ACCOUNT, everyone)
        .expect("the account");
    world.cohort(1, "Often", 10);
    world.cohort(2, "Never", 10);
    let _controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    world.reset_calls();
    let spec = |refresh| json!({ "interval": "1s", "refreshInterval": refresh, "missingProfiles": "Skip" });
    world.dynamic("never", 2, spec("0s")).await;
    world.dynamic("often", 1, spec("2s")).await;
    let mut uploads = 0;
    let mut quiet = 0;
    let mut last = String::new();
    while uploads < 3 {
        let run = world.until("often", "run again", |o| {
            status(o).last_run.is_some_and(|run| run.id != last)
        });
        let run = last_run(&run.await);
        uploads += u64::from(run.uploaded);
        quiet += u64::from(!run.uploaded);
        last = run.id;
    }
    assert!(quiet > 0, "not at every slot");
    let never = world.until("never", "run often", |o| later(o, "Scheduled", ""));
    assert!(!last_run(&never.await).uploaded);
    assert_eq!(world.history("Mixpanel - Never"), [10]);
    assert!(world.history("Mixpanel - Often").len() >= 3);
    assert_eq!(world.calls(Call::Upload), 0);
    let completed = world.calls(Call::ListComplete);
    assert_eq!(
        completed,
        world.history("Mixpanel - Often").len() as u64 + 1
    );
}
