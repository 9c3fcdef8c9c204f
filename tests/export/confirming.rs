//! The confirming upload of a one-time export.

use mixtap::api::SyncType;
use mixtap::domain::Reason;
use mixtap::export::Confirmed;
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};

use crate::faults::reason;
use crate::world::{SEGMENT, World, sandbox};

/// A finished one-time run, whose list CleverTap processed before it knew the profiles.
async fn exported() -> (World, mixtap::export::Request) {
    let mut world = World::new(&["a", "b"]);
    world.plan.sync_type = SyncType::OneTime;
    let lag = |account: &mut mixtap::sandbox::clevertap::AccountSettings| account.profile_lag = 1;
    sandbox()
        .clevertap()
        .update_account(&world.account, lag)
        .unwrap();
    let request = world.request();
    world.run(&request).await.unwrap();
    assert_eq!(known(&world), 0);
    (world, request)
}

/// Members that the segment has at CleverTap.
fn known(world: &World) -> usize {
    sandbox()
        .clevertap()
        .segment(&world.account, SEGMENT)
        .unwrap()
        .members
        .len()
}

#[tokio::test]
async fn the_same_list_goes_over_once_more_without_a_read() {
    let (world, run) = exported().await;
    let reads = world.calls(Call::Engage);
    world.fault(Call::ListPut, 1, Action::answer(400, ""));
    world.confirm(&run).await.unwrap_err();
    assert_eq!(world.confirm(&run).await, Ok(Confirmed::Uploaded));
    assert_eq!(known(&world), 2);
    assert_eq!(world.calls(Call::Engage), reads);
    let calls = world.clevertap_calls();
    assert_eq!(world.confirm(&run).await, Ok(Confirmed::Superseded));
    // It counts as confirmed for a later run as well.
    assert!(!world.run(&world.later()).await.unwrap().counts.uploaded);
    assert_eq!(world.clevertap_calls(), calls);
    let files = std::fs::read_dir(world.disk.path().join("confirm")).unwrap();
    assert_eq!(files.count(), 0);
}

#[tokio::test]
async fn a_lost_file_is_told() {
    let (world, run) = exported().await;
    std::fs::remove_dir_all(world.disk.path().join("confirm")).unwrap();
    assert_eq!(world.confirm(&run).await, Ok(Confirmed::Lost));
    assert_eq!(known(&world), 0);
}

#[tokio::test]
async fn an_old_list_never_replaces_a_newer_one() {
    let (world, run) = exported().await;
    world.members(&["b", "c"]);
    world.run(&world.later()).await.unwrap();
    let calls = world.clevertap_calls();
    assert_eq!(world.confirm(&run).await, Ok(Confirmed::Superseded));
    assert_eq!(world.clevertap_calls(), calls);
    assert_eq!(world.segment(), ["b", "c"]);
}

#[tokio::test]
async fn a_profile_that_cannot_be_taken_for_now_keeps_a_one_time_export_open() {
    let mut world = World::new(&["a", "b"]);
    world.plan.sync_type = SyncType::OneTime;
    let server_error = Action::FailRecord {
        record: 1,
        code: 555,
    };
    let always = Fault::new(server_error).call(Call::Upload);
    let fault = sandbox().faults().add(always.scope(&world.account));
    let request = world.request();
    let ended = world.run(&request).await;
    assert_eq!(reason(ended), Reason::DestinationUnavailable);
    // Nor is it done for a process that takes it up after a crash.
    sandbox().faults().remove(fault);
    let resumed = world.run(&request).await.unwrap();
    assert_eq!(resumed.counts.profiles_created, 1, "the other is there");
    assert_eq!(resumed.counts.profiles_pending, 0);
    assert_eq!(known(&world), 2);
}

#[tokio::test]
async fn a_profile_that_can_never_be_taken_is_set_aside() {
    let mut world = World::new(&["a", "b"]);
    world.plan.sync_type = SyncType::OneTime;
    let server_error = Action::FailRecord {
        record: 1,
        code: 555,
    };
    let always = Fault::new(server_error).call(Call::Upload);
    sandbox().faults().add(always.scope(&world.account));
    world.run(&world.request()).await.unwrap_err();
    let done = world.run(&world.later()).await.unwrap();
    assert_eq!(done.counts.rejected_codes["555"], 1);
    assert_eq!(done.warnings.len(), 1, "{:?}", done.warnings);
}
