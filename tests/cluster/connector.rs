//! What a connector's state means for its exports.

use std::time::Duration;

use mixtap::api::{CleverTapConnector, REQUESTED_AT, conditions};
use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::faults::{Action, Fault};
use serde_json::json;

use crate::looks::{message_of, says};
use crate::world::{ACCOUNT, PASSCODE, PROJECT, SECRET, USERNAME, World};

/// 1 call, which Mixpanel's host answers with 404; and none where the spec alone tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_mixpanel_and_a_foreign_endpoint_are_invalid() {
    let Some(world) = World::new("invalid").await else {
        return;
    };
    world.cohort(1, "Never", 3);
    world.sandbox.faults().add(
        Fault::new(Action::answer(404, "<html>nothing here</html>"))
            .call(Call::CohortsList)
            .scope(PROJECT),
    );
    let mut spec = world.connector_spec();
    spec["endpoints"]["mixpanel"] = json!("http://127.0.0.1:9");
    world.create::<CleverTapConnector>("foreign", spec).await;
    world.one_time("never", 1, json!({})).await;
    let _controller = world.controller();
    for (name, says) in [
        ("main", "Mixpanel"),
        (
            "foreign",
            "spec.endpoints.mixpanel: must be listed in the controller's --allowed-endpoints",
        ),
    ] {
        let list = world
            .until_connected(name, "False", "InvalidSpec")
            .await
            .status
            .unwrap_or_default()
            .conditions;
        let message = message_of(&list, conditions::STALLED);
        assert!(message.contains(says), "{message}");
    }
    world
        .until_synced("never", "Unknown", "ConnectorNotReady")
        .await;
    world.calm().await;
    assert_eq!(world.all_calls(), (1, 1));
}

/// Suspended: no call of either kind, not even for a new Secret or a token. Resumed: 1 check, and
/// the run that the token asks for (1 query; the set is unchanged, but profiles were created, so
/// the list goes once more: 3 calls).
#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_connector_checks_nothing_and_stops_its_exports() {
    let Some(world) = World::new("suspended").await else {
        return;
    };
    world.cohort(1, "Sleepers", 3);
    let _controller = world.controller();
    world
        .dynamic("sleepers", 1, json!({ "interval": "1h" }))
        .await;
    world.until_synced("sleepers", "True", "Synced").await;
    world
        .patch::<CleverTapConnector>("main", json!({ "spec": { "suspend": true } }))
        .await;
    let status = world
        .until_connector_ready("main", "Suspended")
        .await
        .status
        .unwrap_or_default();
    assert!(says(
        &status.conditions,
        conditions::CONNECTED,
        "True",
        "Connected"
    ));
    assert!(says(
        &status.conditions,
        conditions::READY,
        "True",
        "Suspended"
    ));
    let sleeps = world.until_ready("sleepers", "True", "Suspended").await;
    assert_eq!(sleeps.next_sync_time, None);

    let calls = world.all_calls();
    world
        .put_secret("vendors", "rotated", USERNAME, "rotated")
        .await;
    world
        .put_secret("vendors", PASSCODE, USERNAME, SECRET)
        .await;
    world
        .annotate("sleepers", REQUESTED_AT, "while asleep")
        .await;
    world
        .one_time("newcomer", 1, json!({ "segmentName": "Newcomer" }))
        .await;
    world.until_synced("newcomer", "Unknown", "Suspended").await;
    world.calm().await;
    assert_eq!(world.all_calls(), calls);

    world.kubectl(&["delete", "cohortexport", "newcomer"]);
    world
        .patch::<CleverTapConnector>("main", json!({ "spec": { "suspend": false } }))
        .await;
    world.until_handled("sleepers", "while asleep").await;
    world.until_synced("sleepers", "True", "Synced").await;
    world.calm().await;
    assert_eq!(world.all_calls(), (calls.0 + 2, calls.1 + 4));
}

/// While a check can't be finished, exports go on. Each check tries its call for 2 s (8 times at
/// most), then waits 10 s.
#[tokio::test(flavor = "multi_thread")]
async fn exports_go_on_while_a_vendor_cannot_be_checked() {
    let Some(world) = World::new("unreachable").await else {
        return;
    };
    world.cohort(1, "Goers", 3);
    let _controller = world.controller();
    world.dynamic("goers", 1, json!({ "interval": "1h" })).await;
    world.until_synced("goers", "True", "Synced").await;
    let fault = world.sandbox.faults().add(
        Fault::new(Action::Reset {
            at: Default::default(),
        })
        .call(Call::CohortsList)
        .scope(PROJECT),
    );
    // Another resourceVersion makes a check due.
    world.kubectl(&["label", "secret", "vendors", "touched=yes"]);
    let status = world
        .until_connected("main", "Unknown", "Unreachable")
        .await
        .status
        .unwrap_or_default();
    assert!(says(
        &status.conditions,
        conditions::READY,
        "False",
        "Unreachable"
    ));
    assert!(conditions::find(&status.conditions, conditions::RECONCILING).is_some());
    assert!(world.sandbox.faults().hits(fault) <= 8);

    world.cohort(1, "Goers", 4);
    world.annotate("goers", REQUESTED_AT, "now").await;
    let run = world
        .until_handled("goers", "now")
        .await
        .last_run
        .expect("a run");
    assert_eq!((run.exported, run.added), (4, 1));
    world.sandbox.faults().remove(fault);
    world.until_connected("main", "True", "Connected").await;
    assert_eq!(world.size("Mixpanel - Goers"), 4);
}

/// The refusal ends the run (1 call, not retried) and makes 1 check due, which finds the same. The
/// mended Secret brings 1 more check, and the run its due end.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_refused_in_a_run_make_the_check_due() {
    let Some(world) = World::new("midrun").await else {
        return;
    };
    world.cohort(1, "Midway", 5);
    let hold = world.hold_first(Call::Upload);
    let _controller = world.controller();
    world.one_time("midway", 1, json!({})).await;
    assert!(world.sandbox.faults().wait_hit(hold).await);
    world
        .until("midway", "exporting", |export| {
            export.status.as_ref().is_some_and(|status| {
                status.current_run.is_some()
                    && says(
                        &status.conditions,
                        conditions::SYNCED,
                        "Unknown",
                        "Exporting",
                    )
            })
        })
        .await;
    world
        .sandbox
        .clevertap()
        .update_account(ACCOUNT, |account| {
            account.passcode = "new-passcode".to_owned()
        })
        .expect("the account");
    world.sandbox.faults().release(hold);
    world
        .until_connected("main", "False", "InvalidCredentials")
        .await;
    let ended = world
        .until_synced("midway", "Unknown", "ConnectorNotReady")
        .await
        .status
        .unwrap_or_default();
    assert!(says(
        &ended.conditions,
        conditions::READY,
        "False",
        "ConnectorNotReady"
    ));
    assert_eq!(world.segment("Mixpanel - Midway"), None);
    world.calm().await;
    // A check, the run's first step, the check that it made due.
    assert_eq!(
        (world.calls(Call::ListUrl), world.calls(Call::ListComplete)),
        (3, 0)
    );
    assert_eq!(
        world
            .sandbox
            .requests()
            .count_answered(ACCOUNT, Call::ListUrl, 401),
        2
    );

    world
        .put_secret("vendors", "new-passcode", USERNAME, SECRET)
        .await;
    let connected = world.until_connected("main", "True", "Connected");
    tokio::time::timeout(Duration::from_secs(5), connected)
        .await
        .expect("within 5 s");
    let done = world
        .until_synced("midway", "True", "Completed")
        .await
        .status
        .unwrap_or_default();
    assert_eq!(done.last_run.map(|run| run.exported), Some(5));
    assert_eq!(world.size("Mixpanel - Midway"), 5);
    assert_eq!(
        (world.calls(Call::ListUrl), world.calls(Call::ListComplete)),
        (5, 1)
    );
    assert_eq!(world.sandbox.requests().count(PROJECT, Call::Engage), 2);
    assert!(world.calls_of(Vendor::Mixpanel) <= 2 + 4);
}
