//! What only Mixpanel can do to a read.

use mixtap::sandbox::calls::Call::{Engage, EngagePage};
use mixtap::sandbox::calls::Vendor;
use mixtap::sandbox::faults::Action;
use mixtap::sandbox::mixpanel::LaterPages;

use crate::lane::Lane;
use crate::trouble::{End, PLAIN, TRIES, play, row};

/// A session costs page 0 and two more; a read takes two sessions at most, and whether the cohort
/// still exists is asked once then.
const SESSION: u64 = 3;
const TWO_READS: u64 = 2 * SESSION + 1;

fn says(status: u16, error: &str) -> Action {
    Action::answer(
        status,
        serde_json::json!({ "error": error, "status": "error" }).to_string(),
    )
}

/// The rolling hour is used up, so the vendor says.
fn hourly() -> Action {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Action::Answer {
        at: Default::default(),
        status: 429,
        headers: vec![
            header("ratelimit-policy", r#""project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests""#),
            header("ratelimit", r#""project";r=0;t=1, "project-concurrency";r=3"#),
            header("retry-after", "1"),
        ],
        body: r#"{"error":"Query rate limit exceeded for project_id: 1. This request exceeded the rate limit (61/60 queries running in the last hour)."}"#.to_owned(),
    }
}

fn settings(lane: &Lane, change: impl FnOnce(&mut mixtap::sandbox::mixpanel::ProjectSettings)) {
    lane.sandbox()
        .mixpanel()
        .update_project(lane.project, change)
        .expect("the project");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_apart() {
    use End::{Fails, Refused};
    let gone = "Unable to authenticate request";
    // One query, and its check asks each vendor once; a query that is refused by itself costs the
    // question whether the cohort exists.
    let (checked, proven) = (1 + 2, 1 + 1);
    play(
        "mixpanel-refuses",
        vec![
            row("all-401", Refused("InvalidCredentials"), checked)
                .all(Vendor::Mixpanel, says(401, "Unauthorized")),
            row("all-400", Refused("InvalidCredentials"), checked)
                .all(Vendor::Mixpanel, says(400, gone)),
            row("all-402", Refused("PlanWithoutApi"), checked).all(
                Vendor::Mixpanel,
                Action::answer(402, "Your plan does not allow API calls"),
            ),
            row("all-403", Refused("Forbidden"), checked)
                .all(Vendor::Mixpanel, says(403, "no access to this project")),
            // The check finds nothing amiss: the connector stays as it is.
            row("engage-401", Fails("ConnectorNotReady"), checked)
                .once(Engage, says(401, "Unauthorized")),
            row("page-403", Fails("ConnectorNotReady"), SESSION + 2)
                .once(EngagePage, says(403, "no access")),
            row("engage-400", Fails("SourceRefused"), proven)
                .always(Engage, says(400, "invalid selector")),
            row("engage-404", Fails("SourceRefused"), proven).always(Engage, says(404, "")),
            row("engage-302", Fails("SourceUnavailable"), 1)
                .always(Engage, Action::answer(302, "")),
            row("engage-error-in-200", Fails("IncompleteRead"), proven)
                .always(Engage, Action::error_in_200("internal")),
            row("engage-empty-object", Fails("IncompleteRead"), proven)
                .always(Engage, Action::answer(200, "{}")),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_kept() {
    use End::{Fails, Heals};
    let shed = || Action::load_shedding(1);
    play(
        "mixpanel-limits",
        vec![
            row("shed-once", Heals, PLAIN + 1).once(Engage, shed()),
            row("shed-page", Heals, PLAIN + 1).once(EngagePage, shed()),
            row("shed", Fails("RateLimited"), TRIES).always(Engage, shed()),
            row("hour", Fails("RateLimited"), 1).once(Engage, hourly()),
            row("concurrency", Fails("RateLimited"), TRIES).world(
                |lane| settings(lane, |s| s.concurrency = 0),
                |lane| settings(lane, |s| s.concurrency = 5),
            ),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_does_not_add_up_writes_nothing() {
    use End::{Fails, Heals};
    let unread = Fails("IncompleteRead");
    let mut rows = vec![];
    for (name, action) in [
        ("lost-session", Action::LoseSession),
        ("rows-skipped", Action::ShiftRows { by: 1 }),
        ("rows-again", Action::ShiftRows { by: -1 }),
        ("hidden", Action::HidePage),
        ("duplicate", Action::DuplicatePage),
        ("error-in-200", Action::error_in_200("internal")),
        (
            "400",
            says(400, "request for page in uncached query for params"),
        ),
        ("404", says(404, "")),
        ("empty-object", Action::answer(200, "{}")),
    ] {
        // A last page that comes full is looked behind, which is free.
        let behind = u64::from(action == Action::DuplicatePage);
        // A second session heals it, if it comes whole; three pages then come twice.
        rows.push(
            row(format!("{name}-once"), Heals, PLAIN + SESSION + behind)
                .once(EngagePage, action.clone()),
        );
        // On every page alike, rows that come again leave none out: that is a whole read.
        let whole = action == Action::ShiftRows { by: -1 };
        let (end, most) = if whole {
            (Heals, PLAIN)
        } else {
            (unread, TWO_READS + 2 * behind)
        };
        rows.push(row(name, end, most).always(EngagePage, action));
    }
    play("mixpanel-adds-up", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_may_come_in_any_form() {
    use End::Heals;
    let odd = |name, spoil: fn(&Lane)| row(name, Heals, PLAIN + 1).world(spoil, |_| {});
    play(
        "mixpanel-forms",
        vec![
            odd("full", |lane| {
                settings(lane, |s| s.later_pages = LaterPages::Full)
            }),
            odd("null-at-end", |lane| {
                settings(lane, |s| s.later_pages = LaterPages::NullSessionAtEnd)
            }),
            // 27 members are three whole pages of nine.
            odd("multiple", |lane| settings(lane, |s| s.page_size = 9)),
            odd("one-page", |lane| settings(lane, |s| s.page_size = 100)),
        ],
    )
    .await;
}
