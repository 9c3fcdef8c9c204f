//! Scratch disks that fail or end with their process, at every single file operation: the list in
//! force stays, or becomes the new one, and the next run converges.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mixtap::domain::Reason;
use mixtap::export::{Gate, RunError, Scratch, clean_runs, run};
use mixtap::sandbox::calls::Call;
use tokio::sync::Notify;

use crate::process::Process;
use crate::world::World;

const OLD: [&str; 3] = ["a", "b", "c"];
const NEW: [&str; 3] = ["b", "c", "d"];

/// A world whose list holds the old members, and whose cohort has the new ones.
async fn changed() -> World {
    let world = World::new(&OLD);
    world.run(&world.request()).await.unwrap();
    world.members(&NEW);
    world
}

/// Operations of a run that nothing disturbs.
async fn operations() -> u64 {
    let world = changed().await;
    let count = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&count);
    let scratch = Scratch::with(world.disk.path(), u64::MAX, move || {
        seen.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    run_on(&world, scratch).await.unwrap();
    count.load(Ordering::Relaxed)
}

async fn run_on(world: &World, scratch: Scratch) -> Result<(), RunError> {
    let process = Process::on(world, scratch);
    let gate = Gate {
        resolved: &|_| Ok(()),
        write: &|_| Ok(()),
        read: &|| {},
    };
    let request = world.later();
    run(&process.tools(world), &request, &gate).await.map(drop)
}

/// The old or the new list is in force, and the next run makes it the new one.
async fn converges(world: &World, at: u64) {
    let list = world.segment();
    assert!(list == OLD || list == NEW, "operation {at}: {list:?}");
    world.run(&world.later()).await.unwrap();
    assert_eq!(world.segment(), NEW, "operation {at}");
    let unconfirmed = world.state().unconfirmed(&world.list()).await;
    assert_eq!(unconfirmed, Ok(None), "operation {at}");
    let left = std::fs::read_dir(world.disk.path().join("runs"));
    assert_eq!(left.unwrap().count(), 0, "operation {at}");
}

#[tokio::test]
async fn a_disk_that_fails_at_any_operation_is_told_and_costs_nothing() {
    for at in 0..operations().await {
        let (world, count) = (changed().await, AtomicU64::new(0));
        let writes = world.calls(Call::ListComplete);
        let scratch = Scratch::with(world.disk.path(), u64::MAX, move || {
            match count.fetch_add(1, Ordering::Relaxed) == at {
                true => Err(io::ErrorKind::StorageFull.into()),
                false => Ok(()),
            }
        });
        match run_on(&world, scratch.clone()).await {
            Err(RunError::Failed(failure)) => {
                assert_eq!(failure.reason, Reason::ScratchUnavailable, "operation {at}");
                assert!(failure.message.contains("is full"), "{}", failure.message);
            }
            ended => panic!("operation {at}: {ended:?}"),
        }
        assert_eq!(scratch.used(), 0, "operation {at}");
        assert!(world.calls(Call::ListComplete) <= writes + 1);
        converges(&world, at).await;
    }
}

#[tokio::test]
async fn a_process_that_dies_at_any_operation_leaves_nothing_that_misleads() {
    for at in 0..operations().await {
        let world = Arc::new(changed().await);
        let (count, reached) = (AtomicU64::new(0), Arc::new(Notify::new()));
        let dies = Arc::clone(&reached);
        let scratch = Scratch::with(world.disk.path(), u64::MAX, move || {
            if count.fetch_add(1, Ordering::Relaxed) < at {
                return Ok(());
            }
            // From here on nothing moves any more.
            dies.notify_one();
            loop {
                std::thread::park();
            }
        });
        let dying = Arc::clone(&world);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let ended = runtime.unwrap().block_on(run_on(&dying, scratch));
            unreachable!("operation {at} wasn't reached: {ended:?}");
        });
        reached.notified().await;
        clean_runs(&Scratch::new(world.disk.path(), u64::MAX)).await;
        converges(&world, at).await;
    }
}
