//! `mixtap sync --watch`: dynamic exports at their slots.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use mixtap::sandbox::calls::Call;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::world::{BROKEN, COHORT, PATIENCE, Running, SEGMENT, World, sandbox};

async fn lists(world: &World, count: u64) {
    let requests = sandbox().requests();
    let call = Call::ListComplete;
    let wait = requests.wait_answered(world.scope(call), call, 200, count);
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("a list in time");
}

async fn segment(world: &World, name: &str) {
    let clevertap = sandbox().clevertap();
    let made = async {
        while clevertap.segment(&world.account, name).is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, made)
        .await
        .expect("the new export in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_follow_their_cohorts_until_it_is_asked_to_end() {
    let world = World::new(&["u-1"]);
    let spec = json!({ "cohort": { "id": COHORT }, "syncType": "Dynamic", "interval": "1s" });
    world.export("cart", spec);
    let sync = world.start(&["sync", "--watch", "--min-interval", "1s"]);
    // The first list, and once more for its profiles are new.
    lists(&world, 2).await;
    world.cohort(COHORT, "Cart drop off", &["u-1", "u-2"]);
    lists(&world, 3).await;
    // A file more, while it runs; and one that can't be read changes nothing.
    std::fs::write(world.files().join("broken.yaml"), BROKEN).unwrap();
    world.cohort(COHORT, "Cart drop off", &["u-1", "u-2", "u-3"]);
    lists(&world, 5).await;
    std::fs::remove_file(world.files().join("broken.yaml")).unwrap();
    world.cohort(4312, "Power users", &["u-9"]);
    let second = json!({ "cohort": { "id": 4312 }, "syncType": "OneTime", "segmentName": "Power" });
    world.export("power", second);
    segment(&world, "Power").await;
    end(sync);
    assert_eq!(world.segment(SEGMENT), ["u-1", "u-2", "u-3"]);
    world.ends(0, &["sync", "--wait", "0s", "--min-interval", "1s"]);
}

fn end(mut sync: Running) {
    let pid = Pid::from_raw(sync.0.id().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(sync.0.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_export_ends_with_its_file() {
    let world = World::new(&["u-1"]);
    let spec = json!({ "cohort": { "id": COHORT }, "syncType": "Dynamic", "interval": "1s" });
    world.export("cart", spec);
    // Its checks keep it from waiting long where there is no export.
    let mut connector = world.connector();
    connector["spec"]["checkInterval"] = "1s".into();
    world.write("connector", &connector);
    let mut command = world.command(&["sync", "--watch", "--min-interval", "1s"]);
    command.env("MIXTAP_MIN_CHECK_INTERVAL", "1s");
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut sync = Running(command.spawn().unwrap());
    lists(&world, 1).await;
    std::fs::remove_file(world.files().join("cart.yaml")).unwrap();
    let mut said = BufReader::new(sync.0.stderr.take().unwrap()).lines();
    let none = said.find(|line| line.as_ref().unwrap().contains("no CohortExport any more"));
    assert!(none.is_some());
    let calls = world.calls(Call::Engage);
    // Nothing but what comes then is exported.
    world.cohort(4312, "Power users", &["u-9"]);
    let second = json!({ "cohort": { "id": 4312 }, "syncType": "OneTime", "segmentName": "Power" });
    world.export("power", second);
    segment(&world, "Power").await;
    end(sync);
    assert_eq!(world.calls(Call::Engage), calls + 1);
}
