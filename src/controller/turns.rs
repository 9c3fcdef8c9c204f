//! Who waits for a run: for its turn at the project's queries, who asks and who is called; and who
//! doesn't wait any more.

use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;

use super::context::Context;
use super::dereference::{Ready, reference};
use super::members;
use super::timing::input;
use crate::api::{CohortExport, SyncType};
use crate::domain::schedule::{self, PROMPT_ATTEMPTS, Why};
use crate::mixpanel::{Budget, Turn, Waiting};

/// How queues name an export, whether or not it can be read.
pub fn key(export: &impl ResourceExt) -> String {
    let namespace = export.namespace().unwrap_or_default();
    format!("{namespace}/{}", export.name_any())
}

/// The export is ready: what it asks of its project's budget from now on.
pub fn admit(ctx: &Context, export: &CohortExport, ready: &Ready) {
    members::recall(ctx, export, ready);
    let budget = ready.budget(ctx);
    let dynamic = ready.plan.sync_type == SyncType::Dynamic;
    let interval = dynamic.then(|| ready.plan.interval.unsigned_abs());
    ctx.budgets
        .admit(&key(export), &ready.group, &budget, interval);
}

/// The export isn't due any more.
pub fn leave(ctx: &Context, export: &impl ResourceExt) {
    ctx.places.leave(&reference(export));
    ctx.budgets.leave_queue(&key(export));
}

/// The export can't run any more: suspended, blocked or deleted.
pub fn retire(ctx: &Context, export: &impl ResourceExt) {
    ctx.places.leave(&reference(export));
    ctx.budgets.retire(&key(export));
}

/// Asks for the turn of a run that is due; otherwise how long it is likely to wait.
pub fn ask(
    export: &CohortExport,
    why: Why,
    since: Timestamp,
    budget: &Budget,
) -> Result<Turn, Duration> {
    let now = Timestamp::now();
    let status = export.status.clone().unwrap_or_default();
    let age = |time: Timestamp| now.duration_since(time).unsigned_abs();
    // What a person asks for, or a crash left, isn't one of the interval's runs.
    let own = matches!(why, Why::Scheduled | Why::Retry);
    let last = status.last_attempt_time.as_ref().map(|t| t.0);
    let interrupted = status.current_run.as_ref().map_or(0, |run| run.attempt);
    budget.turn(&Waiting {
        key: &key(export),
        due: age(since),
        last: last.filter(|last| own && *last <= now).map(age),
        failing: status.consecutive_failures.is_some() || interrupted >= PROMPT_ATTEMPTS,
    })
}

/// Since when a run that is due now waits.
pub fn since(ctx: &Context, export: &CohortExport, ready: &Ready, why: Why) -> Timestamp {
    let now = Timestamp::now();
    let status = export.status.clone().unwrap_or_default();
    let created = export.creation_timestamp().map_or(now, |t| t.0);
    schedule::waiting_since(&input(export, &status, ready, ctx), why, created, now)
}

/// How often the project's budget lets this export run, where it asks for more.
pub fn cycle(ctx: &Context, ready: &Ready) -> Option<jiff::SignedDuration> {
    let dynamic = ready.plan.sync_type == SyncType::Dynamic;
    let interval = ready.plan.interval.unsigned_abs();
    let cycle = dynamic.then(|| ready.budget(ctx).stretched(interval))?;
    cycle.map(schedule::signed)
}

/// Has those looked at whose turn has come, as long as this controller leads.
pub async fn call(ctx: &Context) {
    loop {
        for key in ctx.budgets.turns().await {
            if let Some((namespace, name)) = key.split_once('/') {
                ctx.wake_exports
                    .wake(&ObjectRef::new(name).within(namespace));
            }
        }
    }
}
