//! The messages that close a run.

use crate::api::{Held, LastRun, SegmentStatus};
use crate::domain::counts::thousands;
use crate::domain::failure::Reason;

pub(super) fn accepted(run: &LastRun, segment: Option<&SegmentStatus>) -> String {
    let members = thousands(run.exported);
    match segment.and_then(|s| s.id.as_ref()) {
        Some(id) => format!("{members} members accepted by CleverTap as segment {id}"),
        None => format!("{members} members accepted by CleverTap"),
    }
}

pub(super) fn held(reason: Reason, hold: &Held) -> String {
    let what = match reason {
        Reason::HeldEmpty => "The cohort read without a member to export".to_owned(),
        _ => format!(
            "The segment would lose {} of its {} members",
            thousands(hold.removed),
            thousands(hold.previous)
        ),
    };
    format!(
        "{what}, so CleverTap keeps the previous list. If that is right, annotate with mixtap.dev/release-hold={}",
        hold.id
    )
}
