//! The messages that close a run.

use crate::api::{Held, LastRun, SegmentStatus};
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

/// 1204 as `1,204`.
fn thousands(count: i64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
