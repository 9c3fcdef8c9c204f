//! Two syncs on one state.

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Moment};

use crate::world::{SEGMENT, World, sandbox};

const HOLD: Action = Action::Hold {
    at: Moment::BeforeWork,
};

async fn reached(world: &World, call: Call) {
    let faults = sandbox().requests();
    let wait = faults.wait_for(world.scope(call), call, 1);
    tokio::time::timeout(crate::world::PATIENCE, wait)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_says_who_is_first_or_waits_for_its_end() {
    let world = World::new(&["u-1"]);
    let held = world.fault(Call::Engage, 1, HOLD);
    let mut first = world.start(&["sync", "--lock-duration", "30s"]);
    reached(&world, Call::Engage).await;
    let ended = world.run(&["sync", "--wait", "0s"]);
    assert_eq!(ended.code, Some(1));
    let process = format!("process {}", first.0.id());
    assert!(
        ended.stderr.contains("another sync works on this state"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains(&process), "{ended:?}");
    // A plan changes nothing, so it needs no lock; it reads the cohort for itself.
    world.ends(2, &["plan"]);
    let waiting = std::thread::scope(|scope| {
        let second = scope.spawn(|| world.run(&["sync"]));
        sandbox().faults().release(held);
        second.join().unwrap()
    });
    assert_eq!(waiting.code, Some(0), "{waiting:?}");
    assert!(first.0.wait().unwrap().success());
    assert_eq!(world.segment(SEGMENT), ["u-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_lost_its_lock_writes_nothing_more() {
    use rustix::process::{Pid, Signal, kill_process};
    let world = World::new(&["u-1"]);
    let held = world.fault(Call::Engage, 1, HOLD);
    let mut first = world.start(&["sync"]);
    reached(&world, Call::Engage).await;
    let pid = Pid::from_raw(first.0.id().cast_signed()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    // It stands still for longer than its lock lasts.
    world.ends(0, &["sync"]);
    let calls = world.clevertap_calls();
    sandbox().faults().release(held);
    kill_process(pid, Signal::CONT).unwrap();
    assert_eq!(first.0.wait().unwrap().code(), Some(1));
    assert_eq!(world.clevertap_calls(), calls);
    world.ends(0, &["sync"]);
}
