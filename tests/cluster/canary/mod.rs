//! Secrets and personal data stay where they belong, whatever goes wrong, at the most talkative
//! log level.

mod failing;

use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use mixtap::api::{CleverTapConnector, CohortExport, CohortExportStatus, REQUESTED_AT, conditions};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use serde_json::{Value, json};

use crate::canaries::{MAILBOX, PROPERTIES, assert_holds_none, canaries, words};
use crate::looks::message_of;
use crate::process::Controller;
use crate::world::{ACCOUNT, PASSCODE, SECRET, USERNAME, World};

/// All that anybody can read who may not read Secrets.
async fn everything(world: &World, controller: &Controller) -> Vec<(&'static str, String)> {
    let all = ListParams::default();
    let exports: Api<CohortExport> = world.api();
    let exports = exports.list(&all).await.expect("exports");
    let connectors = world
        .api::<CleverTapConnector>()
        .list(&all)
        .await
        .expect("connectors");
    let events = world.api::<Event>().list(&all).await.expect("events");
    let (_, metrics) = controller.get("/metrics").await.expect("metrics");
    vec![
        ("logs", world.logs()),
        ("exports", json!(exports.items).to_string()),
        ("connectors", json!(connectors.items).to_string()),
        ("events", json!(events.items).to_string()),
        ("metrics", metrics),
    ]
}

/// Nothing of Secrets, members or presigned URLs stands in any of it.
async fn assert_silent(world: &World, controller: &Controller) {
    let words = words();
    for (place, text) in everything(world, controller).await {
        assert!(!text.is_empty(), "{place}: nothing to look at");
        let spec = ["exports", "connectors"].contains(&place);
        let words = words.iter().map(String::as_str);
        let words = words.chain((!spec).then_some(MAILBOX));
        assert_holds_none(place, &text, words);
    }
}

/// Asks for a run and waits until it ended.
async fn run_by(world: &World, export: &str, token: &str) -> CohortExportStatus {
    world.annotate(export, REQUESTED_AT, token).await;
    world.until_handled(export, token).await
}

/// 3 runs: 3 reads; 1 upload of all profiles and 1 of the new one; 3 lists.
#[tokio::test(flavor = "multi_thread")]
async fn a_happy_run_tells_nothing() {
    let Some(world) = World::new("happy").await else {
        return;
    };
    world.cohort_of(1, "Secretive", canaries(30));
    let controller = world.controller();
    world
        .dynamic(
            "secretive",
            1,
            json!({ "interval": "1h", "profileProperties": PROPERTIES }),
        )
        .await;
    let run = world
        .until_synced("secretive", "True", "Synced")
        .await
        .status
        .unwrap_or_default()
        .last_run
        .expect("a run");
    assert_eq!(
        (
            run.members,
            run.exported,
            run.skipped_anonymous,
            run.profiles_created
        ),
        (32, 31, 1, 31)
    );
    // The member with the odd values, and nobody else's.
    let warned = world.events("secretive").await;
    assert!(
        warned
            .iter()
            .any(|e| e.reason.as_deref() == Some("ValuesDropped")),
        "{warned:#?}"
    );
    let kept = world
        .sandbox
        .clevertap()
        .profile(ACCOUNT, "canary-own-7")
        .expect("a profile");
    assert_eq!(
        Value::Object(kept),
        json!({
            "Email": "canary-mail-7@example.com", "Phone": "+14155501907",
            "Name": "Canary-First Canary-Last-7", "favourite": "canary-favourite-7",
        })
    );
    run_by(&world, "secretive", "unchanged").await;
    world.cohort_of(1, "Secretive", canaries(31));
    let run = run_by(&world, "secretive", "changed")
        .await
        .last_run
        .expect("a run");
    assert_eq!((run.added, run.removed), (1, 0));
    assert_eq!(
        [Call::Engage, Call::Upload, Call::ListComplete].map(|c| world.calls(c)),
        [3, 2, 3]
    );
    assert_silent(&world, &controller).await;
}

/// 2 records fail: their echoes hold all that is known of two members.
#[tokio::test(flavor = "multi_thread")]
async fn rejected_profiles_are_told_by_number_and_code() {
    let Some(world) = World::new("rejected").await else {
        return;
    };
    world.cohort_of(1, "Rejected", canaries(10));
    for (record, code) in [(2, 515), (5, 516)] {
        world.sandbox.faults().add(
            Fault::new(Action::FailRecord { record, code })
                .call(Call::Upload)
                .scope(ACCOUNT),
        );
    }
    let controller = world.controller();
    world
        .one_time("rejected", 1, json!({ "profileProperties": PROPERTIES }))
        .await;
    let status = world
        .until_synced("rejected", "True", "Completed")
        .await
        .status
        .unwrap_or_default();
    let run = status.last_run.expect("a run");
    assert!(run.profiles_rejected > 0, "{run:?}");
    assert_eq!(run.profiles_created + run.profiles_rejected, 11);
    assert_eq!(
        run.rejected_codes.values().sum::<i64>(),
        run.profiles_rejected
    );
    let events = world.events("rejected").await;
    let told = events
        .iter()
        .find(|e| e.reason.as_deref() == Some("ProfilesRejected"))
        .and_then(|e| e.note.clone());
    assert!(told.is_some_and(|note| note.contains("51")), "{events:#?}");
    assert_silent(&world, &controller).await;
}

/// Both vendors refuse the credentials and quote them.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_check_tells_nothing() {
    let Some(world) = World::new("check").await else {
        return;
    };
    for (call, secrets) in [
        (Call::CohortsList, format!("{USERNAME}:{SECRET}")),
        (Call::ListUrl, PASSCODE.to_owned()),
    ] {
        let body =
            json!({ "status": "fail", "error": format!("{secrets} is invalid"), "code": 401 })
                .to_string();
        world
            .sandbox
            .faults()
            .add(Fault::new(Action::answer(401, body)).call(call));
    }
    let controller = world.controller();
    // A Secret whose values are no text is no reason to show them.
    world
        .put_secret("odd", "canary\u{7}passcode", "canary\nusername", "canary")
        .await;
    let mut spec = world.connector_spec();
    spec["passcodeSecretRef"]["name"] = json!("odd");
    world.create::<CleverTapConnector>("odd", spec).await;
    world
        .until_connected("odd", "False", "SecretKeyMissing")
        .await;
    let refused = world
        .until_connected("main", "False", "InvalidCredentials")
        .await
        .status
        .unwrap_or_default();
    let message = message_of(&refused.conditions, conditions::CONNECTED);
    assert!(message.contains("[redacted] is invalid"), "{message}");
    assert_eq!(world.all_calls(), (1, 1));
    let connectors = world.kubectl(&["describe", "clevertapconnectors"]);
    assert!(
        connectors.ok && !connectors.out.contains("canary"),
        "{}",
        connectors.out
    );
    assert_silent(&world, &controller).await;
}
