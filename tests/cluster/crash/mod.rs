//! `kill -9` between any two vendor calls. Each lane's export stands at another point when one
//! kill ends them all; one restart must bring them all to their end.

mod attempts;
mod late;

use std::sync::Arc;

use futures::future::join_all;
use mixtap::api::{LastRun, conditions};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault, FaultId, Moment};
use serde_json::json;

use crate::lane::{CHANGED, FIRST, Lane, assert_changed, has, list_of};
use crate::world::World;

/// No Lease to run out: who leads is another file's subject.
const ALONE: &[&str] = &["--leader-elect=false"];

/// The calls of a first export in their order, of a cohort of two pages (more would be read two
/// at once, in no order).
const FIRST_CALLS: [Call; 7] = [
    Call::CohortsList,
    Call::Engage,
    Call::EngagePage,
    Call::Upload,
    Call::ListUrl,
    Call::ListPut,
    Call::ListComplete,
];
/// Those of a later one: its cohort is known.
const LATER_CALLS: &[Call] = FIRST_CALLS.split_at(1).1;

/// A lane that is to be held at a call of its run.
struct Held {
    lane: Lane,
    calls: &'static [Call],
    /// Which of them.
    call: usize,
    at: Moment,
}

impl Held {
    /// One lane for every point between two calls: before a call did its work, and before its
    /// answer came.
    async fn all(world: &Arc<World>, calls: &'static [Call]) -> Vec<Self> {
        let moments = [Moment::BeforeWork, Moment::AfterWork];
        let points = (0..calls.len()).flat_map(|call| moments.map(|at| (call, at)));
        let lanes = points.enumerate().map(async |(number, (call, at))| {
            let name = format!("at-{call}-{at:?}").to_lowercase();
            let lane = two_pages(world, number as u64 + 1, &name).await;
            Self {
                lane,
                calls,
                call,
                at,
            }
        });
        join_all(lanes).await
    }

    /// Counts from now on, and holds the run at this lane's point.
    fn arm(&self) -> FaultId {
        self.lane.forget_requests();
        let call = self.calls[self.call];
        let hold = Fault::new(Action::Hold { at: self.at });
        self.lane.fault(hold.call(call).nth(1))
    }

    /// The calls up to the kill, then all of them once: nothing else was called.
    fn assert_calls(&self) {
        let expected = [&self.calls[..=self.call], self.calls].concat();
        assert_eq!(calls(&self.lane), expected, "{}", self.lane.name);
    }
}

/// A lane whose cohort takes two pages.
async fn two_pages(world: &Arc<World>, number: u64, name: &str) -> Lane {
    let lane = Lane::new(world, number, name).await;
    let mixpanel = world.sandbox.mixpanel();
    let changed = mixpanel.update_project(lane.project, |project| project.page_size = 20);
    changed.expect("the project");
    lane
}

/// What was called, in order.
fn calls(lane: &Lane) -> Vec<Call> {
    lane.log().into_iter().map(|(call, _)| call).collect()
}

/// Waits until all are held, kills, and lets go: what was held before its work never happens, what
/// was held after it has happened without anyone's knowledge.
async fn kill_at(world: &World, controller: crate::process::Controller, holds: Vec<FaultId>) {
    for hold in &holds {
        world.hit(*hold, 1).await;
    }
    controller.kill();
    for hold in holds {
        world.sandbox.faults().remove(hold);
    }
}

fn assert_first(run: &LastRun, name: &str) {
    let counts = (
        run.members,
        run.exported,
        run.added,
        run.removed,
        run.unchanged,
    );
    assert_eq!(counts, (25, 25, 25, 0, 0), "{name}");
    let sent = (run.profiles_created, run.profiles_rejected, run.uploaded);
    assert_eq!(sent, (25, 0, true), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_export_killed_at_any_call_is_done_once() {
    let Some(world) = World::new("crash-first").await else {
        return;
    };
    let world = Arc::new(world);
    let controller = world.controller_with(ALONE);
    let lanes = Held::all(&world, &FIRST_CALLS).await;
    let holds = lanes.iter().map(Held::arm).collect();
    join_all(
        lanes
            .iter()
            .map(|held| held.lane.export("OneTime", json!({}))),
    )
    .await;
    kill_at(&world, controller, holds).await;
    for Held { lane, .. } in &lanes {
        let status = lane.status().await;
        let attempt = status.current_run.as_ref().map(|run| run.attempt);
        assert_eq!(
            (attempt, &status.last_run),
            (Some(1), &None),
            "{}",
            lane.name
        );
        assert!(has(&status, conditions::SYNCED, "Unknown", "Exporting"));
    }

    let controller = world.controller_with(ALONE);
    for held in &lanes {
        let lane = &held.lane;
        let run = lane.until_completed().await.last_run.expect("a run");
        assert_first(&run, &lane.name);
        assert_eq!(lane.list(), Some(list_of(FIRST)));
        held.assert_calls();
        // Its only list; twice the same where step 3 had lost its answer.
        let unknown = held.calls[held.call] == Call::ListComplete && held.at == Moment::AfterWork;
        let lists = if unknown { vec![25, 25] } else { vec![25] };
        assert_eq!(lane.history(), lists, "{}", lane.name);
        lane.forget_requests();
    }
    controller.kill();

    // Done is done: the next controller asks nobody, once it has looked at them all.
    let controller = world.controller_with(ALONE);
    controller.looked_at("CohortExport", lanes.len()).await;
    for Held { lane, .. } in &lanes {
        assert_eq!(lane.requests(), 0, "{}", lane.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_export_killed_at_any_call_converges() {
    let Some(world) = World::new("crash-change").await else {
        return;
    };
    let world = Arc::new(world);
    let controller = world.controller_with(ALONE);
    let lanes = Held::all(&world, LATER_CALLS).await;
    join_all(lanes.iter().map(|held| held.lane.first_run(json!({})))).await;
    let holds = lanes.iter().map(Held::arm).collect();
    for Held { lane, .. } in &lanes {
        lane.set_members(CHANGED);
        lane.ask("changed").await;
    }
    kill_at(&world, controller, holds).await;
    for Held { lane, call, at, .. } in &lanes {
        // What was accepted stands, until the new list is known to.
        let status = lane.status().await;
        assert!(
            has(&status, conditions::READY, "True", "Synced"),
            "{}",
            lane.name
        );
        assert_eq!(status.last_run.expect("the first run").exported, 25);
        let replaced = LATER_CALLS[*call] == Call::ListComplete && *at == Moment::AfterWork;
        let list = list_of(if replaced { CHANGED } else { FIRST });
        assert_eq!(lane.list(), Some(list), "{}", lane.name);
    }

    let _controller = world.controller_with(ALONE);
    for held in &lanes {
        let status = held.lane.until_handled("changed", "True", "Synced").await;
        assert_changed(&status);
        assert_eq!(status.last_run.expect("a run").reason, "Requested");
        assert_eq!(held.lane.list(), Some(list_of(CHANGED)));
        held.assert_calls();
    }
}
