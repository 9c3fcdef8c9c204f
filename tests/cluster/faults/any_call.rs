//! What can go wrong with any call: each of them, on each call that an export makes.

use mixtap::api::CohortExportStatus;
use mixtap::sandbox::calls::Call::{
    self, Engage, EngagePage, ListComplete, ListPut, ListUrl, Upload,
};
use mixtap::sandbox::faults::{Action, Fault, Moment};
use serde_json::json;

use crate::lane::{CHANGED, assert_changed};
use crate::trouble::{End, NARROWED, PLAIN, QUERIES, Row, TRIES, in_a_lane, play, row};

fn actions() -> Vec<(&'static str, Action)> {
    use Moment::{AfterWork, BeforeWork};
    vec![
        ("500", Action::answer(500, "")),
        ("502", Action::answer(502, "<html>bad gateway</html>")),
        ("503", Action::answer(503, "")),
        ("504", Action::answer(504, "")),
        (
            "429",
            Action::answer(429, r#"{"error":"Too many concurrent requests"}"#),
        ),
        ("500-after-work", Action::answer_after_work(500, "")),
        ("reset", Action::Reset { at: BeforeWork }),
        ("reset-after-work", Action::Reset { at: AfterWork }),
        ("hold", Action::Hold { at: BeforeWork }),
        ("hold-after-work", Action::Hold { at: AfterWork }),
        ("garbage", Action::garbage()),
        ("cut", Action::CutBody { after: 3 }),
        ("stall", Action::StallBody { after: 3 }),
        (
            "dribble",
            Action::Dribble {
                chunk: 100,
                pause_ms: 5,
            },
        ),
        ("delay", Action::Delay { ms: 300 }),
    ]
}

/// Once: the same run gets over it, by one more request.
fn once(what: &str, call: Call) -> Vec<Row> {
    let bodies = ["cut", "stall", "dribble"];
    // The storage's answer has no body. Cut, its connection would go on to serve another lane first.
    let actions = actions()
        .into_iter()
        .filter(|(name, _)| call != ListPut || !bodies.contains(name));
    let rows = actions.map(|(name, action)| {
        // A page that can't be used may cost a new session.
        let more = if call == EngagePage { 3 } else { 1 };
        row(format!("{what}-{name}"), End::Heals, PLAIN + more).once(call, action)
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_gets_over_what_happens_once() {
    play(
        "once-read",
        [once("engage", Engage), once("page", EngagePage)]
            .into_iter()
            .flatten()
            .collect(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_gets_over_what_happens_once() {
    play(
        "once-write",
        [once("upload", Upload), once("url", ListUrl)]
            .into_iter()
            .flatten()
            .collect(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_gets_over_what_happens_once() {
    play(
        "once-list",
        [once("put", ListPut), once("complete", ListComplete)]
            .into_iter()
            .flatten()
            .collect(),
    )
    .await;
}

/// Every time: it is tried a bounded number of times, and told.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_always_fails_is_told() {
    use End::Fails;
    let reset = Action::Reset {
        at: Moment::BeforeWork,
    };
    let mut rows = vec![];
    // Page 0 is a query each time, though not if it is a 429, and one that can't be read is asked for
    // twice. Two later pages are asked for at once, in two sessions where the first one is of no use.
    // Whether the cohort still exists is one request more.
    let pages = 1 + 2 * TRIES;
    for (what, call, tries, limited, cut, garbage) in [
        ("engage", Engage, QUERIES, TRIES, QUERIES + 1, 2 + 1),
        (
            "page",
            EngagePage,
            pages,
            pages,
            2 * pages + 1,
            2 * pages + 1,
        ),
    ] {
        rows.extend([
            row(format!("{what}-500"), Fails("SourceUnavailable"), tries)
                .always(call, Action::answer(500, "")),
            row(format!("{what}-429"), Fails("RateLimited"), limited)
                .always(call, Action::answer(429, "")),
            row(format!("{what}-reset"), Fails("SourceUnavailable"), tries)
                .always(call, reset.clone()),
            row(format!("{what}-cut"), Fails("IncompleteRead"), cut)
                .always(call, Action::CutBody { after: 3 }),
            row(format!("{what}-garbage"), Fails("IncompleteRead"), garbage)
                .always(call, Action::garbage()),
        ]);
    }
    play("always-read", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_always_fails_is_told() {
    use End::{Fails, Lost};
    use Moment::{AfterWork, BeforeWork};
    let down = Fails("DestinationUnavailable");
    let lost = Lost("DestinationUnavailable");
    let mut rows = vec![];
    // What comes before each call in an undisturbed run.
    for (what, call, before) in [
        ("upload", Upload, 3),
        ("url", ListUrl, 4),
        ("put", ListPut, 5),
        ("complete", ListComplete, 6),
    ] {
        let most = before + TRIES;
        let limited = if call == ListPut {
            down
        } else {
            Fails("RateLimited")
        };
        rows.extend([
            row(format!("{what}-500"), down, most).always(call, Action::answer(500, "")),
            row(format!("{what}-429"), limited, most + NARROWED)
                .always(call, Action::answer(429, "")),
            row(format!("{what}-reset"), down, most).always(call, Action::Reset { at: BeforeWork }),
        ]);
        let unheard = if call == ListComplete { lost } else { down };
        rows.extend([
            row(format!("{what}-500-after"), unheard, most)
                .always(call, Action::answer_after_work(500, "")),
            row(format!("{what}-reset-after"), unheard, most)
                .always(call, Action::Reset { at: AfterWork }),
        ]);
        // The storage's answer has no body that anybody reads.
        if call != ListPut {
            rows.extend([
                row(format!("{what}-cut"), unheard, most)
                    .always(call, Action::CutBody { after: 3 }),
                row(format!("{what}-garbage"), unheard, most).always(call, Action::garbage()),
            ]);
        }
    }
    play("always-write", rows).await;
}

/// Nobody asks: a failed run is due again after 10 s, and a second failure would wait longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_comes_back_by_itself() {
    in_a_lane("comes-back", async |lane, _| {
        lane.first_run(json!({})).await;
        lane.set_members(CHANGED);
        lane.forget_requests();
        let down = Fault::new(Action::answer(503, "")).call(ListUrl);
        let down = lane.fault(down.times(TRIES));
        lane.ask("down").await;
        let status = lane
            .until_handled("down", "False", "DestinationUnavailable")
            .await;
        assert_eq!(status.consecutive_failures, Some(1));
        let (failed, next) = (
            status.last_failure.unwrap().time.0,
            status.next_sync_time.unwrap().0,
        );
        let wait = next.duration_since(failed).as_secs();
        assert!((10..=11).contains(&wait), "whole seconds: {wait}");
        // Retries are bounded in time as well, so that some of the faults may be left.
        lane.sandbox().faults().remove(down);
        let again = |status: &CohortExportStatus| status.last_failure.is_none();
        assert_changed(&lane.until("Synced again", again).await);
        assert!(lane.requests() <= 4 + TRIES + PLAIN, "{:?}", lane.log());
        assert_eq!(lane.history(), [25, 27]);
    })
    .await;
}
