//! A sync that is killed at any of its calls: the next one brings the segment to where it belongs.

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Moment};

use crate::world::{COHORT, PATIENCE, SEGMENT, World, of, sandbox};

/// The calls of a first sync, in their order.
const STEPS: [Call; 6] = [
    Call::CohortsList,
    Call::Engage,
    Call::Upload,
    Call::ListUrl,
    Call::ListPut,
    Call::ListComplete,
];

/// Lets a sync get to this call, and kills it there.
async fn kill_at(world: &World, call: Call, at: Moment) {
    let fault = world.fault(call, 1, Action::Hold { at });
    let mut sync = world.start(&["sync"]);
    let hit = sandbox().faults().wait_hit(fault);
    assert!(
        tokio::time::timeout(PATIENCE, hit).await.unwrap(),
        "{call:?}"
    );
    sync.0.kill().unwrap();
    sync.0.wait().unwrap();
    // What the vendor has begun it finishes.
    sandbox().faults().release(fault);
    let requests = sandbox().requests();
    requests
        .wait_answered(world.scope(call), call, 200, 1)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync() {
    for at in [Moment::BeforeWork, Moment::AfterWork] {
        for call in STEPS {
            let world = World::new(&["u-1", "u-2"]);
            kill_at(&world, call, at).await;
            world.ends(0, &["sync"]);
            assert_eq!(world.segment(SEGMENT), ["u-1", "u-2"], "{call:?}");
            let left = std::fs::read_dir(world.state().join("unconfirmed"));
            assert_eq!(left.map_or(0, Iterator::count), 0, "{call:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cohort_that_returns_to_its_old_members() {
    for call in STEPS.into_iter().skip(1) {
        let world = World::new(&["u-1", "u-2"]);
        world.ends(0, &["sync"]);
        world.ends(0, &["sync"]);
        world.cohort(COHORT, "Cart drop off", &["u-1", "u-2", "u-3"]);
        sandbox().requests().reset(world.scope(call));
        kill_at(&world, call, Moment::AfterWork).await;
        world.cohort(COHORT, "Cart drop off", &["u-1", "u-2"]);
        if call == Call::ListComplete {
            let plan = world.json(2, "plan");
            assert_eq!(
                of(&plan, "cart")["outcome"],
                "Changes",
                "what is there isn't known"
            );
        }
        world.ends(0, &["sync"]);
        assert_eq!(world.segment(SEGMENT), ["u-1", "u-2"], "{call:?}");
        let calls = world.clevertap_calls();
        world.ends(0, &["sync"]);
        assert_eq!(world.clevertap_calls(), calls, "it is at rest again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_it_before_the_next_write() {
    use rustix::process::{Pid, Signal, kill_process};
    let world = World::new(&["u-1"]);
    let hold = Action::Hold {
        at: Moment::BeforeWork,
    };
    let fault = world.fault(Call::Upload, 1, hold);
    let mut sync = world.start(&["sync"]);
    assert!(sandbox().faults().wait_hit(fault).await);
    let pid = Pid::from_raw(sync.0.id().cast_signed()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    sandbox().faults().release(fault);
    assert_eq!(sync.0.wait().unwrap().code(), Some(1));
    assert_eq!(world.calls(Call::ListComplete), 0);
    // The lock was given back, so nobody waits for it.
    world.ends(0, &["sync", "--wait", "0s"]);
    assert_eq!(world.segment(SEGMENT), ["u-1"]);
}
