//! The page of a controller that loses the cluster, finds it again, and ends.

use std::net::TcpListener;
use std::time::Duration;

use mixtap::api::{CohortExport, REQUESTED_AT};
use mixtap::sandbox::calls::Call::ListPut;
use mixtap::sandbox::faults::{Action, Fault, Moment};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{sleep, timeout};

use crate::viewer::{Viewer, get};
use crate::world::{PATIENCE, World};

async fn until_answered(url: &str, status: u16) {
    let answered = async {
        while reqwest::get(url).await.ok().map(|a| a.status().as_u16()) != Some(status) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let answered = timeout(PATIENCE, answered).await;
    assert!(answered.is_ok(), "{url} never answered {status}");
}

/// The stream ends, and whoever comes next is told that nobody leads here.
async fn says_nothing(address: &str, mut stream: impl AsyncRead + Unpin) {
    let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "it goes on saying that all is well");
    for path in ["/", "/changes", "/events", "/api/v1/budget"] {
        let answer = reqwest::get(format!("http://{address}{path}")).await;
        assert_eq!(answer.expect("an answer").status(), 503, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_nothing_that_may_be_old() {
    let Some(plane) = crate::own().await else {
        return;
    };
    let world = World::on(plane, "page-outage").await;
    world.cohort(1, "Cart", 30);
    world.dynamic("cart", 1, json!({ "interval": "1h" })).await;
    let address = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let address = address.expect("a free port").to_string();
    let page = format!("--page-address={address}");
    let mut controller = world.controller_with(&[&page]);
    world.until_synced("cart", "True", "Synced").await;
    let changes = format!("http://{address}/changes");
    until_answered(&changes, 200).await;

    let stream = get(&address, "/events?since=").await.expect("a stream");
    plane.stop_apiserver();
    says_nothing(&address, stream).await;
    plane
        .start_apiserver()
        .await
        .expect("the API server is back");
    until_answered(&changes, 200).await;
    let suspend = |suspend: bool| json!({ "spec": { "suspend": suspend } });
    world.patch::<CohortExport>("cart", suspend(true)).await;
    let mut viewer = Viewer::open(&address).await.expect("the index");
    let row = format!("export/{}/cart", world.namespace);
    let shown = viewer.watch_until(&address, |parts| {
        parts
            .get(&row)
            .is_some_and(|row| row.contains("data-tag=\"Suspended\""))
    });
    let shown = timeout(PATIENCE, shown).await;
    assert!(matches!(shown, Ok(Ok(()))), "it is never right again");

    // It ends in the middle of a run, and watches nothing until that comes to its safe point.
    world.patch::<CohortExport>("cart", suspend(false)).await;
    world.until_synced("cart", "True", "Synced").await;
    world.cohort(1, "Cart", 31);
    let at = Moment::AfterWork;
    let hold = Fault::new(Action::Hold { at }).call(ListPut);
    let hold = world.sandbox.faults().add(hold);
    world.annotate("cart", REQUESTED_AT, "last").await;
    assert!(world.sandbox.faults().wait_hit(hold).await);
    let stream = get(&address, "/events?since=").await.expect("a stream");
    controller.signal("TERM");
    says_nothing(&address, stream).await;
    world.sandbox.faults().release(hold);
    assert_eq!(controller.ended().await.code(), Some(0));
}
