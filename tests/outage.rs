//! What happens to the API server itself: it goes away, or serves objects that we can't read. Each
//! test has one of its own.

// The cluster tests' harness, of which these use a part.
#[allow(dead_code)]
#[path = "cluster/lane/mod.rs"]
mod lane;
#[allow(dead_code)]
#[path = "cluster/linting.rs"]
mod linting;
#[path = "outage/page.rs"]
mod page;
#[path = "common/plane.rs"]
mod plane;
#[allow(dead_code)]
#[path = "cluster/process.rs"]
mod process;
#[allow(dead_code)]
#[path = "cluster/recording.rs"]
mod recording;
#[path = "cluster/rows.rs"]
mod rows;
#[allow(dead_code)]
#[path = "common/states.rs"]
mod states;
#[path = "outage/undecodable.rs"]
mod undecodable;
#[allow(dead_code)]
#[path = "common/viewer.rs"]
mod viewer;
#[allow(dead_code)]
#[path = "cluster/world/mod.rs"]
mod world;

use std::sync::Arc;
use std::time::Duration;

use mixtap::sandbox::calls::Call::{Engage, ListComplete, ListUrl, Upload};
use mixtap::sandbox::cluster::Plane;
use mixtap::sandbox::faults::{Action, Fault, Moment};
use serde_json::json;

use lane::{CHANGED, FIRST, Lane, list_of};
use world::World;

/// Requests of an undisturbed run.
const PLAIN: u64 = 7;
/// Far longer than the lease that the controller holds here (3 s).
const AWAY: Duration = Duration::from_secs(30);
/// Of the export that would have runs meanwhile.
const INTERVAL: u64 = 5;

/// A plane of the test's own with our CRDs established. It lives until the process ends.
async fn own() -> Option<&'static Plane> {
    match plane::start().await {
        Ok(plane) => {
            let client = plane::client(plane.kubeconfig_yaml()).await;
            plane::apply_crds(&client).await;
            Some(Box::leak(Box::new(plane)))
        }
        Err(reason) => plane::skip(&reason),
    }
}

/// Away for half a minute in the middle of two runs: one whose last write is on the wire, one that
/// has yet to write. Nothing runs twice, and nothing starts meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_goes_away_and_returns() {
    let Some(plane) = own().await else {
        return;
    };
    let world = Arc::new(World::on(plane, "outage").await);
    let controller = world.controller();
    let ending = Lane::new(&world, 1, "ending").await;
    let writing = Lane::new(&world, 2, "writing").await;
    let ticking = Lane::new(&world, 3, "ticking").await;
    for lane in [&ending, &writing] {
        lane.first_run(json!({})).await;
    }
    ticking
        .first_run(json!({ "interval": format!("{INTERVAL}s") }))
        .await;
    let hold = |lane: &Lane, call| {
        lane.set_members(CHANGED);
        lane.forget_requests();
        lane.fault(
            Fault::new(Action::Hold {
                at: Moment::AfterWork,
            })
            .call(call),
        )
    };
    let held = [hold(&ending, ListComplete), hold(&writing, Upload)];
    let mut claims = vec![];
    for (lane, held) in [&ending, &writing].into_iter().zip(held) {
        lane.ask("away").await;
        assert!(lane.sandbox().faults().wait_hit(held).await);
        claims.push(lane.status().await.current_run.expect("a claim"));
    }
    let pid = controller.pid();

    plane.stop_apiserver();
    // Without the lease no write starts; what is on the wire may finish.
    controller
        .until_metrics("that the lease lapsed", |page| {
            page.contains("mixtap_leader 0")
        })
        .await;
    let begun = ticking.calls(Engage);
    for id in held {
        world.sandbox.faults().release(id);
    }
    tokio::time::sleep(AWAY).await;
    assert_eq!(
        (ending.list(), ending.requests()),
        (Some(list_of(CHANGED)), PLAIN)
    );
    assert_eq!(
        (writing.list(), writing.calls(ListUrl)),
        (Some(list_of(FIRST)), 0)
    );
    assert_eq!(
        ticking.calls(Engage),
        begun,
        "no run begins without a claim"
    );
    plane
        .start_apiserver()
        .await
        .expect("the API server is back");

    // Both results are written, and neither run began anew.
    for (lane, claim) in [&ending, &writing].into_iter().zip(claims) {
        lane.until_changed("away").await;
        // By the claim of before: a run that was resumed would have started later.
        let run = lane.status().await.last_run.expect("a run");
        assert_eq!((run.id, run.started_time), (claim.id, claim.started_time));
        assert_eq!(
            (lane.list(), lane.requests()),
            (Some(list_of(CHANGED)), PLAIN)
        );
        assert_eq!(lane.history(), [25, 27]);
    }
    // The slots gone by have become one, and it goes on from there.
    let returned = std::time::Instant::now();
    world
        .sandbox
        .requests()
        .wait_for(ticking.project, Engage, begun + 2)
        .await;
    let slots = returned.elapsed().as_secs() / INTERVAL;
    assert!(ticking.calls(Engage) - begun <= slots + 2, "{slots} slots");
    // It is the same process, and leads.
    assert_eq!(controller.pid(), pid);
    ending.ask("back").await;
    ending.until_handled("back", "True", "Synced").await;
}
