//! Of an export whose run failed, or that can't run.

mod words;

use super::command::{Command, Object};
use super::{Advice, DEFINITIONS, UNKNOWN};
use crate::domain::Reason;
use crate::domain::failure::Kind;
use crate::domain::printable::printable;
use crate::page::model::Export;

/// What went wrong.
pub(super) fn advice(export: &Export) -> Advice {
    let Some(reason) = export.reason() else {
        return unknown(export);
    };
    if reason == Reason::ConnectorNotReady {
        return connector(export);
    }
    let Some((what, steps)) = words::of(reason) else {
        return unknown(export);
    };
    let means = format!(
        "{what} {} {}",
        segment(reason, export),
        next(reason, export)
    );
    let mut all = steps.to_vec();
    if reason == Reason::InvalidSpec && export.sync_type.is_none() {
        all.push(DEFINITIONS);
    }
    Advice::new(means, &all, describe(export))
}

/// What became of the segment.
fn segment(reason: Reason, export: &Export) -> &'static str {
    match (reason, export.last_sync) {
        (Reason::SegmentConflict, _) if export.next_segment.is_some() => {
            "The new segment is that of the other one; this export's own stays as it was after the last \
             sync."
        }
        (Reason::SegmentConflict, _) => "The segment is that of the other one.",
        // After the list was sent, perhaps.
        (
            Reason::DestinationUnavailable
            | Reason::RunInterrupted
            | Reason::StateUnavailable
            | Reason::ScratchUnavailable,
            _,
        ) => {
            "The segment is as it was or, where CleverTap had the whole list already, as it should be."
        }
        (_, Some(_)) => "The segment stays as it was after the last sync.",
        (_, None) => "Nothing has reached the segment so far.",
    }
}

/// Whether it goes on by itself.
fn next(reason: Reason, export: &Export) -> String {
    let next = match reason.kind() {
        Kind::Transient => {
            "It is tried again by itself, and nothing is lost: the next run that succeeds makes up \
             for it."
        }
        Kind::Fine | Kind::Stalled => {
            "This export waits until that is put right; then it goes on by itself, at the latest at \
             its usual time."
        }
    };
    let failures = match export.failures {
        failures if failures > 1 && reason.kind() == Kind::Transient => {
            format!(" It failed {failures} times in a row.")
        }
        _ => String::new(),
    };
    let now = match export.running {
        Some(_) => " It is being tried again now.",
        None => "",
    };
    format!("{next}{failures}{now}")
}

fn describe(export: &Export) -> Option<Command> {
    Object::export(export).describe("Show all that is known of it, and what happened lately")
}

fn connector(export: &Export) -> Advice {
    let reason = Reason::ConnectorNotReady;
    let means = format!(
        "Its connector isn't connected, so nothing can be exported. {} It goes on by itself once the \
         connector is connected.",
        segment(reason, export)
    );
    let look = format!(
        "Look at the card of its connector, {}: it says what is wrong there and what to do.",
        printable(&export.connector)
    );
    let steps = [
        look.as_str(),
        "If there is no such card, whoever set up this export names a connector that is there, or \
         sets it up.",
    ];
    let command = Object::connector_of(export).describe("Show all that is known of the connector");
    Advice::new(means, &steps, command)
}

/// What no release up to this one says of an export.
pub(super) fn unknown(export: &Export) -> Advice {
    let (means, steps) = UNKNOWN;
    Advice::new(means, steps, describe(export))
}
