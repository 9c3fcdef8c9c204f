//! Runs that fail by answers which quote secrets and members.

use mixtap::api::{CohortExport, conditions};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault, Moment};
use serde_json::json;

use super::assert_silent;
use crate::canaries::{PROPERTIES, canaries};
use crate::world::{ACCOUNT, PASSCODE, PROJECT, SECRET, USERNAME, World};

/// Answers that quote what must not be quoted, at every call of a run. Each is one run, which asks
/// this call at most 8 times (of two pages, each).
fn indiscretions() -> Vec<(&'static str, Call, Action)> {
    // Each call is quoted with what it was told.
    let error = |text: &str| {
        json!({ "status": "fail", "error": format!("no: {text}"), "code": 400 }).to_string()
    };
    let member = "canary-mail-1@example.com, +14155501901 of canary-own-1";
    let page = || {
        error(&format!(
            "canary-distinct-1, {member} by {USERNAME} {SECRET}"
        ))
    };
    let profile = || error(&format!("{member} by {PASSCODE}"));
    let list = || {
        error(&format!(
            "canary-own-1, \"canary-odd\" by {PASSCODE} for growth@example.com"
        ))
    };
    let row = json!({ "page": 0, "total": 1, "results": [{ "$distinct_id": { "canary": 1 } }] })
        .to_string();
    let odd = json!({ "page": "canary", "results": "canary-results" }).to_string();
    let url = |url: &str| json!({ "presignedS3URL": url, "status": "success" }).to_string();
    let moved = |body: &str| Action::Answer {
        at: Moment::BeforeWork,
        status: 307,
        headers: vec![(
            "location".to_owned(),
            "http://127.0.0.1:9/?X-Amz-Signature=canary".to_owned(),
        )],
        body: body.to_owned(),
    };
    let login =
        json!({ "error": format!("unknown: {USERNAME} {SECRET}"), "status": "error" }).to_string();
    let xml = "<Error><Code>Canary-Code</Code><StringToSign>X-Amz-Signature=canary</StringToSign></Error>";
    vec![
        (
            "engage-400",
            Call::Engage,
            Action::answer(400, login.clone()),
        ),
        (
            "engage-200",
            Call::Engage,
            Action::answer(200, login.clone()),
        ),
        ("engage-500", Call::Engage, Action::answer(500, login)),
        ("engage-row", Call::Engage, Action::answer(200, row)),
        ("engage-odd", Call::Engage, Action::answer(200, odd)),
        ("engage-cut", Call::Engage, Action::CutBody { after: 700 }),
        ("engage-moved", Call::Engage, moved("canary")),
        ("page-400", Call::EngagePage, Action::answer(400, page())),
        ("page-200", Call::EngagePage, Action::answer(200, page())),
        ("page-500", Call::EngagePage, Action::answer(500, page())),
        ("upload-400", Call::Upload, Action::answer(400, profile())),
        (
            "upload-200",
            Call::Upload,
            Action::answer(200, member.to_owned()),
        ),
        ("upload-500", Call::Upload, Action::answer(500, profile())),
        (
            "url-400",
            Call::ListUrl,
            Action::answer(
                400,
                json!({ "status": "fail", "error": format!("no {PASSCODE}") }).to_string(),
            ),
        ),
        (
            "url-private",
            Call::ListUrl,
            Action::answer(200, url("https://10.0.0.1/canary?X-Amz-Signature=canary")),
        ),
        (
            "url-refused",
            Call::ListUrl,
            Action::answer(200, url("http://127.0.0.1:9/canary?X-Amz-Signature=canary")),
        ),
        ("put-403", Call::ListPut, Action::answer(403, xml)),
        ("put-500", Call::ListPut, Action::answer(500, xml)),
        ("put-moved", Call::ListPut, moved(xml)),
        (
            "complete-400",
            Call::ListComplete,
            Action::answer(400, list()),
        ),
        (
            "complete-500",
            Call::ListComplete,
            Action::answer(500, list()),
        ),
        (
            "complete-reset",
            Call::ListComplete,
            Action::Reset {
                at: Moment::AfterWork,
            },
        ),
    ]
}

/// The list stays as it was, or is as it should be.
#[tokio::test(flavor = "multi_thread")]
async fn failing_runs_tell_nothing() {
    let Some(world) = World::new("failing").await else {
        return;
    };
    world
        .sandbox
        .mixpanel()
        .update_project(PROJECT, |project| project.page_size = 5)
        .expect("the project");
    world.cohort_of(1, "Failing", canaries(10));
    let controller = world.controller_with(&[
        "--min-interval=1ms",
        "--retry-first=5ms",
        "--retry-total=200ms",
    ]);
    for (name, call, action) in indiscretions() {
        let fault = world
            .sandbox
            .faults()
            .add(Fault::new(action).call(call).scope(match call {
                Call::Engage | Call::EngagePage => PROJECT.to_string(),
                _ => ACCOUNT.to_owned(),
            }));
        // A name of its own for each makes each a first run that goes all the way.
        world
            .one_time(
                name,
                1,
                json!({ "segmentName": name, "profileProperties": PROPERTIES }),
            )
            .await;
        let failed = world.until(name, "failed", |export| {
            let status = export.status.clone().unwrap_or_default();
            status.current_run.is_none() && status.last_failure.is_some()
        });
        let status = failed.await.status.unwrap_or_default();
        let synced = conditions::find(&status.conditions, conditions::SYNCED).expect("Synced");
        assert_eq!(synced.status, "False", "{name}: {synced:?}");
        let hits = world.sandbox.faults().hits(fault);
        world.sandbox.faults().remove(fault);
        let most = if call == Call::EngagePage { 2 * 8 } else { 8 };
        assert!((1..=most).contains(&hits), "{name}: {hits} calls");
        let held = world.size(name);
        assert_eq!(
            held,
            if name == "complete-reset" { 11 } else { 0 },
            "{name}"
        );
        world
            .patch::<CohortExport>(name, json!({ "spec": { "suspend": true } }))
            .await;
    }
    assert_silent(&world, &controller).await;
}
