//! The health of an Application while something is wrong, or waits for a person.

use serde_json::json;

use crate::application::health;
use crate::managed::{Managed, export};
use crate::world::{PASSCODE, SECRET, USERNAME};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passcode_degrades_the_application_until_it_is_fixed() {
    let exports = [(
        "cart",
        json!({ "cohort": { "id": 1 }, "syncType": "Dynamic" }),
    )];
    let Some(managed) = Managed::new("passcode", &exports).await else {
        return;
    };
    let Managed {
        world, application, ..
    } = &managed;
    world.cohort(1, "Cart", 30);
    let _controller = world.controller();
    application.until_synced(&managed.commit, "Healthy").await;

    world.put_secret("vendors", "wrong", USERNAME, SECRET).await;
    let status = application.until_synced(&managed.commit, "Degraded").await;
    let (degraded, message) = health(&status, "CleverTapConnector", "growth");
    assert_eq!(degraded, "Degraded");
    assert!(
        message.starts_with("InvalidCredentials: CleverTap "),
        "{message}"
    );

    world
        .put_secret("vendors", PASSCODE, USERNAME, SECRET)
        .await;
    application.until_synced(&managed.commit, "Healthy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_and_a_held_export_hold_up_no_sync() {
    let dynamic = |id: u64| json!({ "cohort": { "id": id }, "syncType": "Dynamic" });
    let mut paused = dynamic(1);
    paused["suspend"] = true.into();
    let exports = [("paused", paused), ("empty", dynamic(2))];
    let Some(managed) = Managed::new("held", &exports).await else {
        return;
    };
    let Managed {
        world,
        repository,
        application,
        ..
    } = &managed;
    for (id, name, members) in [(1, "Paused", 10), (2, "Empty", 0), (3, "Cart", 30)] {
        world.cohort(id, name, members);
    }
    let _controller = world.controller();
    let status = application.until_synced(&managed.commit, "Degraded").await;
    let (degraded, message) = health(&status, "CohortExport", "empty");
    assert_eq!(degraded, "Degraded");
    assert!(message.starts_with("HeldEmpty: "), "{message}");
    let (suspended, message) = health(&status, "CohortExport", "paused");
    assert_eq!(suspended, "Suspended");
    assert!(message.starts_with("Suspended: "), "{message}");

    repository.write("cart", &export("cart", dynamic(3)));
    let commit = repository.commit("Export one more cohort");
    application.compare().await;
    world.until_synced("cart", "True", "Synced").await;
    application.until_synced(&commit, "Degraded").await;

    let mut empty = dynamic(2);
    empty["onEmpty"] = "Export".into();
    repository.write("empty", &export("empty", empty));
    let commit = repository.commit("Let the cohort be empty");
    application.compare().await;
    let status = application.until_synced(&commit, "Suspended").await;
    assert_eq!(health(&status, "CohortExport", "empty").0, "Healthy");
}
