//! A kill between any two steps, or a stop before any write, converges on the next run.

use std::sync::atomic::{AtomicU64, Ordering};

use mixtap::export::{Request, RunError, Stop};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Moment};

use crate::world::{World, sandbox};

/// The calls of a run that changes a list, in their order.
const STEPS: [Call; 5] = [
    Call::Engage,
    Call::Upload,
    Call::ListUrl,
    Call::ListPut,
    Call::ListComplete,
];

/// Lets a run get to this call, and kills it there.
async fn kill_at(world: &World, request: &Request, call: Call, at: Moment) {
    let fault = world.fault(call, 1, Action::Hold { at });
    tokio::select! {
        ended = world.run(request) => panic!("{call:?} wasn't reached: {ended:?}"),
        hit = sandbox().faults().wait_hit(fault) => assert!(hit),
    }
    // What the vendor has begun it finishes.
    sandbox().faults().release(fault);
    sandbox()
        .requests()
        .wait_answered(world.scope(call), call, 200, 1)
        .await;
}

#[tokio::test]
async fn a_first_run_that_is_killed_anywhere_is_resumed() {
    for at in [Moment::BeforeWork, Moment::AfterWork] {
        for call in STEPS {
            let world = World::new(&["a", "b"]);
            let request = world.request();
            kill_at(&world, &request, call, at).await;
            let done = world.run(&request).await.unwrap();
            assert_eq!(world.segment(), ["a", "b"], "{call:?}");
            assert_eq!(
                (done.counts.exported, done.counts.added),
                (2, 2),
                "{call:?}"
            );
            assert!(done.counts.uploaded && !done.resumed, "{call:?}");
            assert_eq!(
                world.state().unconfirmed(&world.list()).await.unwrap(),
                None
            );
        }
    }
}

#[tokio::test]
async fn after_a_kill_the_segment_follows_a_cohort_that_returns_to_its_old_members() {
    for at in [Moment::BeforeWork, Moment::AfterWork] {
        for call in STEPS {
            let mut world = World::new(&["a", "b"]);
            world.plan.create_profiles = call == Call::Upload;
            world.run(&world.request()).await.unwrap();
            world.run(&world.later()).await.unwrap();
            world.members(&["a", "b", "c"]);
            sandbox().requests().reset(world.scope(call));
            kill_at(&world, &world.later(), call, at).await;
            world.members(&["a", "b"]);
            world.run(&world.later()).await.unwrap();
            assert_eq!(world.segment(), ["a", "b"], "{call:?} {at:?}");
            let calls = world.clevertap_calls();
            world.run(&world.later()).await.unwrap();
            assert_eq!(world.clevertap_calls(), calls, "it is at rest again");
        }
    }
}

#[tokio::test]
async fn a_run_that_had_finished_is_not_run_again() {
    let world = World::new(&["a", "b"]);
    for request in [world.request(), world.later()] {
        world.members(&["a", "b", &request.run_id]);
        let done = world.run(&request).await.unwrap();
        let (engage, writes) = (world.calls(Call::Engage), world.clevertap_calls());
        // Killed before its caller could note the result, and by a hair before the mark went.
        let state = world.state();
        state
            .mark_unconfirmed(&world.list(), &request.run_id, world.marked(3))
            .await
            .unwrap();
        for _ in 0..2 {
            let again = world.run(&request).await.unwrap();
            assert!(again.resumed);
            assert_eq!(
                (&again.counts, &again.segment),
                (&done.counts, &done.segment)
            );
        }
        assert_eq!(state.unconfirmed(&world.list()).await.unwrap(), None);
        assert_eq!(
            (world.calls(Call::Engage), world.clevertap_calls()),
            (engage, writes)
        );
        // Another run has begun since: what the list holds isn't known any more.
        state
            .mark_unconfirmed(&world.list(), "another", world.marked(3))
            .await
            .unwrap();
        assert!(!world.run(&request).await.unwrap().resumed);
    }
}

/// How often a run of a changed cohort asks whether it may go on; last, once the list is there.
async fn asks() -> u64 {
    let asked = AtomicU64::new(0);
    let count = |_: &_| {
        asked.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    let world = World::new(&["a"]);
    world.run(&world.request()).await.unwrap();
    world.members(&["a", "b"]);
    world.run_while(&world.later(), &count).await.unwrap();
    asked.into_inner()
}

#[tokio::test]
async fn what_a_list_holds_is_kept_by_a_leader_only() {
    let last = asks().await - 1;
    for stop in [Stop::LeaseLost, Stop::Suspended, Stop::Shutdown] {
        let world = World::new(&["a"]);
        world.run(&world.request()).await.unwrap();
        world.members(&["a", "b"]);
        let asked = AtomicU64::new(0);
        let closes = |_: &_| match asked.fetch_add(1, Ordering::Relaxed) < last {
            true => Ok(()),
            false => Err(stop),
        };
        let ended = world.run_while(&world.later(), &closes).await;
        assert_eq!(world.segment(), ["a", "b"]);
        let mark = world.state().unconfirmed(&world.list()).await.unwrap();
        if stop == Stop::LeaseLost {
            assert_eq!(ended, Err(RunError::Stopped(stop)));
            assert!(mark.is_some());
        } else {
            assert!(ended.is_ok() && mark.is_none(), "{ended:?}");
        }
        world.members(&["a"]);
        world.run(&world.later()).await.unwrap();
        assert_eq!(world.segment(), ["a"]);
    }
}

#[tokio::test]
async fn a_stop_before_any_write_leaves_the_segment_and_converges() {
    let before_writes = asks().await - 1;
    assert!(before_writes >= 5, "{before_writes}");
    for (nth, stop) in (0..before_writes).zip(
        [
            Stop::Suspended,
            Stop::Gone,
            Stop::Shutdown,
            Stop::LeaseLost,
            Stop::Changed,
        ]
        .into_iter()
        .cycle(),
    ) {
        let world = World::new(&["a"]);
        world.run(&world.request()).await.unwrap();
        world.members(&["a", "b"]);
        let asked = AtomicU64::new(0);
        let closes = |_: &_| match asked.fetch_add(1, Ordering::Relaxed) < nth {
            true => Ok(()),
            false => Err(stop),
        };
        let request = world.later();
        let ended = world.run_while(&request, &closes).await;
        assert_eq!(ended, Err(RunError::Stopped(stop)));
        assert_eq!(world.segment(), ["a"]);
        world.run(&request).await.unwrap();
        assert_eq!(world.segment(), ["a", "b"]);
    }
}

#[tokio::test]
async fn a_lease_that_lapses_and_comes_back_costs_no_second_read() {
    // Wherever it is asked: during the read, before a write, in the middle of one.
    for offset in 0..5 {
        let world = World::new(&["a"]);
        let asked = AtomicU64::new(offset);
        let flickers = |_: &_| match asked.fetch_add(1, Ordering::Relaxed) % 5 {
            0 => Err(Stop::LeaseLapsed),
            _ => Ok(()),
        };
        world.run_while(&world.request(), &flickers).await.unwrap();
        assert_eq!(world.calls(Call::Engage), 1);
        assert_eq!(world.segment(), ["a"]);
    }
}
