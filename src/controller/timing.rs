//! When an export is looked at and run: the rules of `domain::schedule` on the object as it is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::context::Context;
use super::dereference::{Ready, token};
use crate::api::{CohortExport, CohortExportStatus, RELEASE_HOLD};
use crate::domain::outcome::export::Write;
use crate::domain::schedule::{self, Due, Input, Why};

/// When the next run is due, by the object as it is now.
pub fn due(export: &CohortExport, ready: &Ready, ctx: &Context, now: Timestamp) -> Due {
    let status = export.status.clone().unwrap_or_default();
    let uid = export.uid().unwrap_or_default();
    let input = Input {
        uid: &uid,
        generation: export.metadata.generation.unwrap_or_default(),
        plan: &ready.plan,
        shape: ready.shape,
        status: &status,
        token: token(export),
        release: export.annotations().get(RELEASE_HOLD).map(String::as_str),
        min_interval: signed(ctx.args.min_interval),
        confirm_delay: signed(ctx.args.confirm_delay),
    };
    schedule::due(&input, now)
}

/// A flag's duration as the rules take it.
pub fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// A wake-up at this time.
pub fn wake_at(next: Timestamp) -> Action {
    let wait = next
        .duration_since(Timestamp::now())
        .max(SignedDuration::ZERO);
    Action::requeue(wait.unsigned_abs() + Duration::from_millis(10))
}

/// Waiting for budget is no failure: only a first run says that it waits.
pub fn queued(
    old: &CohortExportStatus,
    export: &CohortExport,
    first: bool,
    wait: Duration,
) -> (CohortExportStatus, Action) {
    let action = Action::requeue(wait + Duration::from_millis(10));
    if !first {
        return (old.clone(), action);
    }
    let now = Timestamp::now();
    let generation = export.metadata.generation.unwrap_or_default();
    let next = now.checked_add(wait).unwrap_or(now);
    let message = "Waits for the Mixpanel project's query budget.";
    (
        Write {
            old,
            generation,
            now,
        }
        .queued(message, next),
        action,
    )
}

/// A first run, or the first of a new shape, says that it waits or works.
pub fn is_first(why: Why) -> bool {
    matches!(why, Why::First | Why::NewShape)
}
