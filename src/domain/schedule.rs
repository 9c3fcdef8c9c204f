//! When a run is due: a function of spec, status and time. Timers are only wake-ups.
//!
//! Slots are `k x interval + phase` since the epoch; the phase is a hash of what is read, so that
//! exports are spread, those of one connector on one cohort are due together, and a period never
//! drifts.

mod pass;
mod times;
mod why;

#[cfg(test)]
pub(crate) mod model;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use super::failure::Reason;
use super::plan::{CohortRef, ExportPlan};
use super::shape::Shape;
use crate::api::{CohortExportStatus, LastFailure, LastRun, SyncType, conditions};
pub use pass::{claim, due_in_pass};
pub use times::{backoff, retry_at, seconds, signed, slot_from};
use times::{furthest, plus, sane};
pub use why::Why;

/// A run that its controller left behind more often than this waits before the next attempt.
pub const PROMPT_ATTEMPTS: i32 = 2;
/// How long such a run waits.
pub const INTERRUPTED_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// When the next run is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Now, for this reason. `key` tells this run from every other one of the same object.
    Now {
        why: Why,
        key: String,
    },
    At(Timestamp),
    /// Not of itself.
    Never,
}

/// All that decides it.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub uid: &'a str,
    /// As [`group`] makes it.
    pub group: &'a str,
    pub generation: i64,
    pub plan: &'a ExportPlan,
    pub shape: Shape,
    pub status: &'a CohortExportStatus,
    /// The annotation `mixtap.dev/requested-at`, if it is a valid token.
    pub token: Option<&'a str>,
    /// The annotation `mixtap.dev/release-hold`.
    pub release: Option<&'a str>,
    pub min_interval: SignedDuration,
    pub confirm_delay: SignedDuration,
}

/// What the phase of an export's slots is made of: exports of one connector on one cohort are due
/// together and can share a read.
pub fn group(namespace: &str, connector: &str, cohort: &CohortRef) -> String {
    match cohort {
        CohortRef::Id(id) => format!("{namespace}/{connector}/id {id}"),
        CohortRef::Name(name) => format!("{namespace}/{connector}/name {name}"),
    }
}

/// Since when a run that is due now waits; the same after a restart. `created`: the object was.
pub fn waiting_since(input: &Input<'_>, why: Why, created: Timestamp, now: Timestamp) -> Timestamp {
    let status = input.status;
    let since = match why {
        Why::First => Some(created),
        Why::Scheduled => Some(next_slot(status, input.group, input.plan.interval, now)),
        Why::Resumed => status.current_run.as_ref().map(|run| run.started_time.0),
        Why::Retry => status.next_sync_time.as_ref().map(|t| t.0),
        _ => None,
    };
    since.map_or(now, |since| since.min(now))
}

/// When the next run of this export is due. Asked only once nothing stands in the way: the spec and
/// the connector are usable, nothing is suspended, and no other export has a better right to the
/// segment.
pub fn due(input: &Input<'_>, now: Timestamp) -> Due {
    let status = input.status;
    if let Some(run) = &status.current_run {
        if Shape::of_run(&run.id) != Some(input.shape) {
            return at_once(input, Why::NewShape);
        }
        let ready = plus(run.started_time.0, INTERRUPTED_WAIT);
        return match sane(ready, INTERRUPTED_WAIT, now) {
            Some(ready) if run.attempt >= PROMPT_ATTEMPTS && ready > now => Due::At(ready),
            _ => at_once(input, Why::Resumed),
        };
    }
    // A failed run of another shape may have reached CleverTap: only a run of this one settles it.
    match (&status.last_failure, &status.last_run) {
        (Some(failed), _) if Shape::of_run(&failed.run_id) == Some(input.shape) => {
            due_after_failure(input, failed, now)
        }
        (None, None) => match &status.restored_run {
            None => at_once(input, Why::First),
            // Only a token or a change asks again what the state has answered: it may be lost since.
            Some(run) if rests(input, run) => by_token(input, now).unwrap_or(Due::Never),
            Some(_) => at_once(input, Why::NewShape),
        },
        // Who asks has looked: the conflict is over, but its winner may have written the list.
        (None, Some(run)) if Shape::of_run(&run.id) == Some(input.shape) => {
            match shown(status) == Some(Reason::SegmentConflict.as_str()) {
                true => at_once(input, Why::Retry),
                false => due_after_success(input, now),
            }
        }
        _ => at_once(input, Why::NewShape),
    }
}

/// A restored one-time export that was found done.
fn rests(input: &Input<'_>, run: &str) -> bool {
    input.plan.sync_type == SyncType::OneTime && Shape::of_run(run) == Some(input.shape)
}

fn due_after_failure(input: &Input<'_>, failure: &LastFailure, now: Timestamp) -> Due {
    let status = input.status;
    let token = by_token(input, now);
    // A confirming upload is never made up for by a run, which would read the cohort anew.
    let confirming = status.last_run.as_ref().is_some_and(|run| {
        let id = input.shape.run_id(input.uid, &confirming_key(run));
        input.plan.sync_type == SyncType::OneTime && failure.run_id == id
    });
    if confirming && let Some(token) = token {
        return token;
    }
    let retry = |why| if confirming { Why::Confirming } else { why };
    // What stood in the way, and ran nothing, is gone: the run that it kept back is due.
    let failed = failure.reason.as_str();
    let conflict = [shown(status), Some(failed)].contains(&Some(Reason::SegmentConflict.as_str()));
    let unready = Reason::ConnectorNotReady.as_str();
    if conflict || shown(status) == Some(unready) && failed != unready {
        return at_once(input, retry(Why::Retry));
    }
    if status.observed_generation != Some(input.generation) {
        return at_once(input, retry(Why::SpecChanged));
    }
    let held = status.held.as_ref().map(|h| h.id.as_str());
    if held.is_some() && held == input.release && failure.reason.starts_with("Held") {
        return at_once(input, Why::Released);
    }
    let furthest = furthest(Reason::parse(&failure.reason), input.plan.interval);
    let stored = status.next_sync_time.as_ref().map(|t| t.0);
    let when = stored
        .and_then(|t| sane(t, furthest, now))
        .unwrap_or_else(|| {
            let wait = backoff(status.consecutive_failures.unwrap_or(1));
            plus(failure.time.0, wait)
        });
    let when = sane(when, furthest, now).unwrap_or(now);
    sooner(token, at(when, now, input, retry(Why::Retry)))
}

/// The reason of `Synced`.
fn shown(status: &CohortExportStatus) -> Option<&str> {
    conditions::find(&status.conditions, conditions::SYNCED).map(|c| c.reason.as_str())
}

fn due_after_success(input: &Input<'_>, now: Timestamp) -> Due {
    let token = by_token(input, now);
    match input.plan.sync_type {
        SyncType::OneTime => {
            let frozen = shown(input.status) == Some(Reason::Synced.as_str());
            match (token, confirmation(input.status, input.confirm_delay)) {
                // A token goes first: it wants a read, and a confirming upload makes none.
                (Some(token), _) => token,
                (None, Some(when)) if !frozen => {
                    let when = sane(when, input.confirm_delay, now).unwrap_or(now);
                    at(when, now, input, Why::Confirming)
                }
                _ => Due::Never,
            }
        }
        SyncType::Dynamic => {
            let slot = next_slot(input.status, input.group, input.plan.interval, now);
            sooner(token, at(slot, now, input, Why::Scheduled))
        }
    }
}

/// A token that no run has handled, once the shortest interval since the last attempt is over.
fn by_token(input: &Input<'_>, now: Timestamp) -> Option<Due> {
    let token = input.token?;
    if input.status.last_handled_request.as_deref() == Some(token) {
        return None;
    }
    let last = input.status.last_attempt_time.as_ref();
    let ready = last
        .and_then(|t| sane(t.0, SignedDuration::ZERO, now))
        .map_or(now, |t| plus(t, input.min_interval));
    Some(at(ready, now, input, Why::Requested))
}

/// Whichever comes first; any run handles the token.
fn sooner(token: Option<Due>, other: Due) -> Due {
    match (token, other) {
        (None, other) => other,
        (Some(Due::At(token)), Due::At(other)) => Due::At(token.min(other)),
        (Some(Due::At(_)), now @ Due::Now { .. }) => now,
        (Some(token), _) => token,
    }
}

/// When a one-time list that came with new profiles is uploaded once more: CleverTap may have
/// processed it before it saw them.
pub fn confirmation(status: &CohortExportStatus, delay: SignedDuration) -> Option<Timestamp> {
    let run = status.last_run.as_ref()?;
    let settled = [Why::Confirming, Why::Frozen].map(Why::as_str);
    let pending = run.profiles_created > 0 && run.uploaded && !settled.contains(&&*run.reason);
    pending.then_some(plus(run.finished_time.0, delay))
}

/// The slot after the last attempt: not less than half an interval after its start, and not while
/// it was running.
pub fn next_slot(
    status: &CohortExportStatus,
    group: &str,
    interval: SignedDuration,
    now: Timestamp,
) -> Timestamp {
    let ended = [
        status.last_run.as_ref().map(|r| r.finished_time.0),
        status.last_failure.as_ref().map(|f| f.time.0),
    ];
    // The end is kept in whole seconds: a slot in the same one met the run.
    let ended = ended.into_iter().flatten().max();
    let ended = ended.map(|t| plus(t, SignedDuration::from_secs(1)));
    let last = status.last_attempt_time.as_ref();
    let earliest = last.map(|t| plus(t.0, interval / 2));
    let after = [earliest, ended].into_iter().flatten().max();
    match after.and_then(|t| sane(t, interval, now)) {
        Some(after) => slot_from(after, interval, group),
        None => now,
    }
}

fn at(when: Timestamp, now: Timestamp, input: &Input<'_>, why: Why) -> Due {
    if when <= now {
        at_once(input, why)
    } else {
        Due::At(when)
    }
}

fn at_once(input: &Input<'_>, why: Why) -> Due {
    let status = input.status;
    let key = match (why, &status.last_run) {
        (Why::Confirming, Some(run)) => confirming_key(run),
        _ => {
            let last = status.last_attempt_time.as_ref().map(|t| t.0.to_string());
            let failures = status.consecutive_failures.unwrap_or(0);
            // Two runs may begin within the second that status keeps: what they answer to differs.
            let asked = [input.token, status.last_handled_request.as_deref()];
            let rest = (input.generation, last, failures, asked);
            format!("{} {rest:?}", why.as_str())
        }
    };
    Due::Now { why, key }
}

/// The same whenever it is tried: by its id alone a failed confirming upload is told from a failed
/// run.
fn confirming_key(run: &LastRun) -> String {
    format!("{} {}", Why::Confirming.as_str(), run.id)
}
