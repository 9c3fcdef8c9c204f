//! What a repository says is done, and stays so: no difference where there is none.

use kube::api::Api;
use mixtap::api::{CohortExport, REQUESTED_AT};
use serde_json::{Value, json};

use crate::application::health;
use crate::managed::{Managed, export};

fn syncs(status: &Value) -> usize {
    status["history"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_becomes_synced_and_healthy_and_stays_so() {
    let exports = [
        (
            "cart",
            json!({ "cohort": { "id": 1 }, "syncType": "Dynamic" }),
        ),
        (
            "once",
            json!({ "cohort": { "name": "Power users" }, "syncType": "OneTime" }),
        ),
    ];
    let Some(managed) = Managed::new("synced", &exports).await else {
        return;
    };
    let Managed {
        world, application, ..
    } = &managed;
    world.cohort(1, "Cart", 30);
    world.cohort(2, "Power users", 20);
    let _controller = world.controller();
    let status = application.until_synced(&managed.commit, "Healthy").await;
    let connected = "Mixpanel and CleverTap accept the credentials.";
    let wanted = ("Healthy".to_owned(), connected.to_owned());
    assert_eq!(health(&status, "CleverTapConnector", "growth"), wanted);
    for (name, members) in [("cart", "30 members"), ("once", "20 members")] {
        let (status, message) = health(&status, "CohortExport", name);
        assert_eq!(status, "Healthy");
        assert!(message.starts_with(members), "{message}");
    }
    assert_eq!(syncs(&status), 1);

    for _ in 0..10 {
        let status = application.compare().await;
        assert_eq!(status["sync"]["status"], "Synced", "{status:#}");
    }
    world.annotate("cart", REQUESTED_AT, "again").await;
    let handled = |object: &CohortExport| {
        let status = object.status.as_ref();
        status.and_then(|s| s.last_handled_request.as_deref()) == Some("again")
    };
    world.until("cart", "exported again", handled).await;
    let status = application.compare().await;
    assert_eq!(status["sync"]["status"], "Synced", "{status:#}");
    assert_eq!(status["health"]["status"], "Healthy", "{status:#}");
    assert_eq!(syncs(&status), 1, "nothing was applied again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_changes_adds_and_removes_exports_is_followed() {
    let dynamic = |id: u64| json!({ "cohort": { "id": id }, "syncType": "Dynamic" });
    let exports = [("cart", dynamic(1)), ("gone", dynamic(2))];
    let Some(managed) = Managed::new("followed", &exports).await else {
        return;
    };
    let Managed {
        world,
        repository,
        application,
        ..
    } = &managed;
    for (id, name) in [(1, "Cart"), (2, "Gone"), (3, "Full cart"), (4, "New")] {
        world.cohort(id, name, 10 * id);
    }
    let _controller = world.controller();
    application.until_synced(&managed.commit, "Healthy").await;

    repository.write("cart", &export("cart", dynamic(3)));
    repository.write("new", &export("new", dynamic(4)));
    repository.remove("gone");
    let commit = repository.commit("Export other cohorts");
    application.compare().await;
    let full = |object: &CohortExport| {
        let cohort = object.status.as_ref().and_then(|s| s.cohort.as_ref());
        cohort.is_some_and(|cohort| cohort.id == 3)
    };
    world.until("cart", "of the other cohort", full).await;
    world.until_synced("new", "True", "Synced").await;
    application.until_synced(&commit, "Healthy").await;
    let exports: Api<CohortExport> = world.api();
    assert!(exports.get_opt("gone").await.expect("an answer").is_none());
    // What was exported stays.
    for (segment, members) in [("Gone", 20), ("Full cart", 30), ("New", 40)] {
        let list = world
            .segment(&format!("Mixpanel - {segment}"))
            .expect(segment);
        assert_eq!(list.len(), members, "{segment}");
    }
}
