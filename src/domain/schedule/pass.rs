//! A pass that somebody asks for, and the claim of a run.

use jiff::Timestamp;

use super::{Due, Input, Why, due, seconds};
use crate::api::CurrentRun;

/// What is due in a pass that a person, or a job of theirs, asks for: what runs at intervals runs now,
/// and what failed is tried again, whatever slot or back-off says. A one-time export that is done
/// rests.
pub fn due_in_pass(input: &Input<'_>, now: Timestamp) -> Due {
    let confirming = Why::Confirming;
    let (why, key) = match due(input, now) {
        Due::Now { why, key } => (why, key),
        Due::At(when) => match due(input, when) {
            Due::Now { why, key } if why != confirming => (why, key),
            _ => return Due::At(when),
        },
        Due::Never => return Due::Never,
    };
    if why == confirming {
        return Due::Now { why, key };
    }
    // Passes may follow each other within the second that status keeps: each knows the one before.
    let status = input.status;
    let last = status.last_run.as_ref().map(|run| &run.id);
    let failed = status.last_failure.as_ref().map(|failed| &failed.run_id);
    let key = format!("{key} after {:?}", (last, failed));
    Due::Now { why, key }
}

/// The run that is due now, as it is to be claimed.
pub fn claim(input: &Input<'_>, why: Why, key: &str, now: Timestamp) -> CurrentRun {
    let current = input.status.current_run.as_ref();
    let resumed = current.filter(|_| why == Why::Resumed);
    CurrentRun {
        id: resumed.map_or_else(|| input.shape.run_id(input.uid, key), |r| r.id.clone()),
        attempt: resumed.map_or(1, |r| r.attempt.saturating_add(1)),
        started_time: seconds(now),
        reason: resumed.map_or_else(|| why.as_str().to_owned(), |r| r.reason.clone()),
        generation: input.generation,
        request: match resumed {
            Some(run) => run.request.clone(),
            None => input.token.map(str::to_owned),
        },
    }
}
