//! Faults in the very first run, of a one-time export by the cohort's name.

use mixtap::sandbox::calls::Call::{
    AppCohort, CohortsList, Engage, EngagePage, ListComplete, ListPut, ListUrl, Upload,
};
use mixtap::sandbox::calls::Vendor;
use mixtap::sandbox::faults::{Action, Moment};
use mixtap::sandbox::mixpanel::CohortChange;

use crate::lane::{COHORT, COHORT_NAME, Lane};
use crate::trouble::{End, PLAIN, QUERIES, TRIES, play_first, row};

/// The list of cohorts gives the name its id.
const NAMED: u64 = 1;

fn rename(lane: &Lane, name: &str) {
    let change = CohortChange {
        name: Some(name.to_owned()),
        ..CohortChange::default()
    };
    lane.sandbox()
        .mixpanel()
        .change_cohort(lane.project, COHORT, change)
        .expect("the cohort");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_gets_over_what_happens_once() {
    let plain = NAMED + PLAIN;
    let mut rows = vec![];
    for (what, call) in [
        ("list", CohortsList),
        ("engage", Engage),
        ("page", EngagePage),
        ("upload", Upload),
        ("url", ListUrl),
        ("put", ListPut),
        ("complete", ListComplete),
    ] {
        for (name, action) in [
            ("500", Action::answer(500, "")),
            (
                "reset",
                Action::Reset {
                    at: Moment::AfterWork,
                },
            ),
            ("stall", Action::StallBody { after: 3 }),
            ("garbage", Action::garbage()),
        ] {
            let more = if call == EngagePage { 3 } else { 1 };
            rows.push(row(format!("{what}-{name}"), End::Heals, plain + more).once(call, action));
        }
    }
    play_first("first-once", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_that_fails_leaves_no_segment() {
    use End::{Fails, Lost, Refused};
    let (source, down) = (Fails("SourceUnavailable"), Fails("DestinationUnavailable"));
    let fails = || Action::answer(500, "");
    let denied = || {
        Action::answer(
            401,
            r#"{"status":"fail","error":"Invalid Credentials","code":401}"#,
        )
    };
    play_first(
        "first-always",
        vec![
            row("list", source, QUERIES).always(CohortsList, fails()),
            row("list-garbage", source, 2).always(CohortsList, Action::garbage()),
            row("engage", source, NAMED + QUERIES).always(Engage, fails()),
            row("page", source, NAMED + 1 + 2 * TRIES).always(EngagePage, fails()),
            row("upload", down, NAMED + 3 + TRIES).always(Upload, fails()),
            row("url", down, NAMED + 4 + TRIES).always(ListUrl, fails()),
            row("put", down, NAMED + 5 + TRIES).always(ListPut, fails()),
            row("complete", down, NAMED + 6 + TRIES).always(ListComplete, fails()),
            row(
                "complete-lost",
                Lost("DestinationUnavailable"),
                NAMED + 6 + TRIES,
            )
            .always(ListComplete, Action::answer_after_work(500, "")),
            row("denied-source", Refused("InvalidCredentials"), 1 + 2)
                .all(Vendor::Mixpanel, denied()),
            row(
                "denied-destination",
                Refused("InvalidCredentials"),
                NAMED + 3 + 1 + 2,
            )
            .all(Vendor::Clevertap, denied()),
            // The name is looked for twice at most: an answer from before the question isn't proof.
            row("no-such-name", Fails("CohortNotFound"), 2).world(
                |lane| rename(lane, "Another"),
                |lane| rename(lane, COHORT_NAME),
            ),
        ],
    )
    .await;
}

/// Once the name is known by its id, that id is asked for first: it is free.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_looked_up_again() {
    crate::trouble::in_a_lane("named", async |lane, _| {
        lane.first_run(serde_json::json!({ "cohort": { "name": COHORT_NAME } }))
            .await;
        lane.set_members(crate::lane::CHANGED);
        for (token, app, requests) in [
            ("free", None, 1 + PLAIN),
            (
                "listed",
                Some(Action::answer(404, r#"{"status":"error"}"#)),
                2 + PLAIN,
            ),
        ] {
            lane.forget_requests();
            app.map(|action| {
                lane.fault(mixtap::sandbox::faults::Fault::new(action).call(AppCohort))
            });
            lane.ask(token).await;
            lane.until_handled(token, "True", "Synced").await;
            assert!(
                lane.requests() <= requests,
                "{token}: {} requests",
                lane.requests()
            );
        }
        assert_eq!(
            lane.list(),
            Some(crate::lane::list_of(crate::lane::CHANGED))
        );
        // Renamed, it isn't the one that is meant any more.
        rename(&lane, "Another");
        lane.clear_faults();
        lane.ask("renamed").await;
        lane.until_handled("renamed", "False", "CohortNotFound")
            .await;
        assert_eq!(
            lane.list(),
            Some(crate::lane::list_of(crate::lane::CHANGED))
        );
    })
    .await;
}
