//! `existingSegment: Refuse`: a segment that CleverTap has, and that isn't ours, stays as it is.

use mixtap::api::CohortExport;
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault, Moment};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::steps::{last_run, list};
use crate::world::until::says;
use crate::world::{ACCOUNT, PASSCODE, World};

const REFUSE: &str = "Refuse";

/// Makes a segment by hand, as somebody else's tool would.
async fn make_segment(world: &World, name: &str, file: String) {
    let http = reqwest::Client::new();
    let call = |path: &str| {
        let url = world.sandbox.clevertap_url().join(path).expect("a URL");
        let request = http.post(url).header("X-CleverTap-Account-Id", ACCOUNT);
        request.header("X-CleverTap-Passcode", PASSCODE)
    };
    let minted = call("get_custom_list_segment_url").send().await;
    let minted = minted.expect("an answer").bytes().await.expect("a body");
    let minted: Value = serde_json::from_slice(&minted).expect("JSON");
    let url = minted["presignedS3URL"].as_str().expect("a URL");
    let put = http.put(url).body(file).send().await.expect("an answer");
    assert!(put.status().is_success());
    let body = json!({ "name": name, "email": "other@example.com", "filename": "other.csv",
        "creator": "somebody else", "url": url, "replace": true });
    let complete = call("upload_custom_list_segment_completed")
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string());
    let done = complete.send().await.expect("an answer");
    assert!(done.status().is_success());
    world.reset_calls();
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_segment_is_refused_and_our_own_is_not() {
    let Some(world) = World::new("existing").await else {
        return;
    };
    make_segment(&world, "Taken", list(1..=2)).await;
    world.cohort(1, "Cart", 10);
    let _controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    world.reset_calls();
    let spec = |name: &str| json!({ "segmentName": name, "existingSegment": REFUSE });
    world.on_demand("cart", 1, spec("Taken")).await;
    world.until_synced("cart", "False", "SegmentExists").await;
    let requests = world.sandbox.requests();
    assert_eq!(requests.count_answered(ACCOUNT, Call::ListComplete, 400), 1);
    assert!(says(
        &world.ask("cart", "again").await,
        "False",
        "SegmentExists"
    ));
    assert_eq!(requests.count_answered(ACCOUNT, Call::ListComplete, 400), 2);
    assert_eq!(world.calls(Call::ListComplete), 2);
    assert_eq!(world.csv("Taken"), Some(list(1..=2)));

    // A free name is taken once, and is ours from then on, for a re-created object too.
    world
        .patch::<CohortExport>("cart", json!({ "spec": spec("Free") }))
        .await;
    world.until_synced("cart", "True", "Synced").await;
    world.members(1, 2..=11);
    assert!(says(&world.ask("cart", "changed").await, "True", "Synced"));
    assert_eq!(world.csv("Free"), Some(list(2..=11)));
    world.delete_export("cart").await;
    world.members(1, 3..=12);
    world.on_demand("cart", 1, spec("Free")).await;
    world.until_synced("cart", "True", "Synced").await;
    assert_eq!(world.csv("Free"), Some(list(3..=12)));

    // Another name is another first sync.
    world
        .patch::<CohortExport>("cart", json!({ "spec": spec("Taken") }))
        .await;
    world.until_synced("cart", "False", "SegmentExists").await;
    assert_eq!(world.csv("Taken"), Some(list(1..=2)));
    // Replace takes it.
    let replace = json!({ "spec": { "existingSegment": "Replace" } });
    world.patch::<CohortExport>("cart", replace).await;
    world.until_synced("cart", "True", "Synced").await;
    assert_eq!(world.csv("Taken"), Some(list(3..=12)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_whose_answer_was_lost_counts_as_ours() {
    let Some(world) = World::new("existing-mark").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    let reset = Action::Reset {
        at: Moment::AfterWork,
    };
    let fault = Fault::new(reset).call(Call::ListComplete).nth(1);
    world.sandbox.faults().add(fault);
    let _controller = world.controller();
    world
        .on_demand("cart", 1, json!({ "existingSegment": REFUSE }))
        .await;
    world
        .until_synced("cart", "False", "DestinationUnavailable")
        .await;
    assert_eq!(
        world.calls(Call::ListComplete),
        1,
        "it is never sent twice unasked"
    );
    world.members(1, 2..=11);
    let asked = world.ask("cart", "again").await;
    assert!(says(&asked, "True", "Synced"), "{asked:?}");
    assert_eq!(last_run(&asked).exported, 10);
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(2..=11)));
    assert_eq!(world.calls(Call::ListComplete), 2);
    assert_eq!(
        world.files("state/unconfirmed"),
        [] as [std::path::PathBuf; 0]
    );
}
