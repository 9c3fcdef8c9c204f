//! The runs of an export that are kept.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::words::{self, Way};
use crate::domain::Reason;
use crate::domain::counts::thousands;
use crate::domain::words::long;
use crate::page::model::State;
use crate::state::{PastCounts, PastRun};

/// The latest first.
pub fn runs(runs: &[PastRun], now: Timestamp) -> Markup {
    html! {
        div.scroll role="region" aria-labelledby="runs-title" tabindex="0" {
            table {
                caption.unseen { "Runs of this export, the latest first." }
                thead {
                    tr {
                        @for title in ["Started", "Took", "Why", "Outcome", "Members", "Added", "Removed", "Left out", "Profiles", "Sent"] {
                            th scope="col" { (title) }
                        }
                    }
                }
                tbody { @for run in runs { (row(run, now)) } }
            }
        }
    }
}

fn row(run: &PastRun, now: Timestamp) -> Markup {
    let took = run.finished_time.duration_since(run.started_time);
    let counts = run.counts.as_ref();
    let number = |of: fn(&PastCounts) -> u64| counts.map_or_else(dash, |c| thousands(of(c)));
    html! {
        tr data-run=(run.id) {
            th scope="row" { (words::time(run.started_time, now, Way::Ago)) span.sub { (words::exact(run.started_time)) } }
            td { (lasted(took)) }
            td { (why(&run.reason)) }
            td { (outcome(run)) }
            td.number { (number(|c| c.exported)) }
            td.number { (number(|c| c.added)) }
            td.number { (number(|c| c.removed)) }
            td { (counts.map_or_else(dash, left_out)) }
            td { (counts.map_or_else(dash, profiles)) }
            td { (counts.map_or_else(dash, |c| if c.uploaded { "The list" } else { "Nothing: unchanged" }.to_owned())) }
        }
    }
}

fn dash() -> String {
    "–".to_owned()
}

/// What takes no second takes none of a reader's time either.
fn lasted(took: SignedDuration) -> String {
    match took < SignedDuration::from_secs(1) {
        true => "under 1 second".to_owned(),
        false => long(took),
    }
}

/// The words of the reason, under the tag of what it means for the export.
fn outcome(run: &PastRun) -> Markup {
    let (tag, words) = match Reason::parse(&run.outcome) {
        Some(Reason::Synced) => (State::Synced, None),
        Some(Reason::Completed) => (State::Completed, None),
        Some(Reason::HeldEmpty | Reason::HeldShrink) => (State::Held, None),
        _ => (State::Failing, Some(spaced(&run.outcome))),
    };
    html! {
        (words::tag(tag.words()))
        @if let Some(words) = words { span.sub { (words) } }
        @if let Some(held) = &run.held {
            span.sub { (thousands(held.removed)) " of " (thousands(held.previous)) " would have gone" }
        }
    }
}

/// `SourceUnavailable` as people write it.
fn spaced(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        match at > 0 && letter.is_uppercase() {
            true => words.extend([' '].into_iter().chain(letter.to_lowercase())),
            false => words.push(letter),
        }
    }
    words
}

/// Members that aren't in the list, by what they lack.
fn left_out(counts: &PastCounts) -> String {
    let kinds = [
        (counts.skipped_anonymous, "anonymous"),
        (counts.skipped_no_identity, "without an identity"),
        (counts.duplicates, "duplicate"),
    ];
    list(
        kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, kind)| format!("{} {kind}", thousands(*count))),
    )
}

/// What CleverTap made of the profiles that were sent.
fn profiles(counts: &PastCounts) -> String {
    let codes = counts.rejected_codes.iter();
    let codes: Vec<_> = codes
        .map(|(code, n)| format!("{} by code {code}", thousands(*n)))
        .collect();
    let rejected = match codes.is_empty() {
        true => "rejected".to_owned(),
        false => format!("rejected ({})", codes.join(", ")),
    };
    let kinds = [
        (counts.profiles_created, "accepted".to_owned()),
        (counts.profiles_rejected, rejected),
        (counts.profiles_pending, "sent again later".to_owned()),
    ];
    list(
        kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, kind)| format!("{} {kind}", thousands(*count))),
    )
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<_> = items.collect();
    match items.is_empty() {
        true => "none".to_owned(),
        false => items.join(", "),
    }
}

/// Why a run ran.
fn why(reason: &str) -> &str {
    match reason {
        "First" => "First export",
        "NewShape" => "What the list holds was changed",
        "SpecChanged" => "The export was changed",
        "Scheduled" => "On schedule",
        "Requested" => "Asked for",
        "Released" => "A hold was released",
        "Retry" => "Tried again",
        "Resumed" => "Continued after an interruption",
        "Confirming" => "The same list once more, for new profiles",
        "Frozen" => "Became a one-time export",
        other => other,
    }
}
