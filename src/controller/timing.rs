//! When an export is looked at and run: the rules of `domain::schedule` on the object as it is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::context::Context;
use super::dereference::{Ready, token};
use crate::api::{CohortExport, CohortExportStatus, RELEASE_HOLD, conditions};
use crate::domain::Reason;
use crate::domain::outcome::export::Write;
use crate::domain::schedule::{self, Due, Input, Why};

/// When the next run is due, by the object as it is now.
pub fn due(export: &CohortExport, ready: &Ready, ctx: &Context, now: Timestamp) -> Due {
    let status = export.status.clone().unwrap_or_default();
    schedule::due(&input(export, &status, ready, ctx), now)
}

/// All that decides it.
pub fn input<'a>(
    export: &'a CohortExport,
    status: &'a CohortExportStatus,
    ready: &'a Ready,
    ctx: &Context,
) -> Input<'a> {
    Input {
        uid: export.metadata.uid.as_deref().unwrap_or_default(),
        group: &ready.group,
        generation: export.metadata.generation.unwrap_or_default(),
        plan: &ready.plan,
        shape: ready.shape,
        status,
        token: token(export),
        release: export.annotations().get(RELEASE_HOLD).map(String::as_str),
        min_interval: ctx.rules.min_interval,
        confirm_delay: schedule::signed(ctx.args.exports.confirm_delay),
    }
}

/// A wake-up at this time.
pub fn wake_at(next: Timestamp) -> Action {
    let wait = next
        .duration_since(Timestamp::now())
        .max(SignedDuration::ZERO);
    wake_in(wait.unsigned_abs())
}

/// A wake-up after this long.
pub fn wake_in(wait: Duration) -> Action {
    Action::requeue(wait + Duration::from_millis(10))
}

/// What a run that is due waits for.
#[derive(Clone, Copy)]
pub enum Wait {
    /// Its turn at the project's queries, likely for so long.
    Turn(Duration),
    /// The end of another run.
    Place,
}

/// Waiting is no failure: a first run says that it waits. Any other says how the last one ended,
/// once whatever hid that is over.
pub fn waiting(
    write: &Write<'_>,
    ready: &Ready,
    why: Why,
    wait: Wait,
    cycle: Option<SignedDuration>,
) -> CohortExportStatus {
    let old = write.old;
    match why {
        why if is_first(why) => queued(write, wait, cycle),
        Why::Scheduled | Why::Requested if old.last_failure.is_none() => {
            let next = old.next_sync_time.as_ref().map(|t| t.0);
            write.settled(ready.plan.sync_type, next)
        }
        _ => old.clone(),
    }
}

/// A first run waits: it says so again only once the time that it named is over.
pub fn queued(write: &Write<'_>, wait: Wait, cycle: Option<SignedDuration>) -> CohortExportStatus {
    let old = write.old;
    let (message, until) = match wait {
        Wait::Turn(wait) => {
            let until = write.now.checked_add(wait).unwrap_or(write.now);
            let message = "Waits for the Mixpanel project's query budget.";
            (message, Some(until))
        }
        Wait::Place => {
            let message = "Waits for one of this controller's runs to end (--concurrency).";
            (message, None)
        }
    };
    let synced = conditions::find(&old.conditions, conditions::SYNCED);
    let said = synced.is_some_and(|c| c.reason == Reason::Queued.as_str() && c.message == message)
        && old.observed_generation == Some(write.generation)
        && (until.is_none() || old.next_sync_time.as_ref().is_some_and(|t| t.0 > write.now));
    if said {
        return old.clone();
    }
    write.stretched(write.queued(message, until), cycle)
}

/// A first run, or the first of a new shape, says that it waits or works.
pub fn is_first(why: Why) -> bool {
    matches!(why, Why::First | Why::NewShape)
}
