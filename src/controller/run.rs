//! One run of an export: claim, export, close. Two writes of status, whatever happens between.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::runtime::controller::Action;

use super::claim::claim;
use super::close::close;
use super::context::Context;
use super::dereference::Ready;
use super::error::Error;
use super::once;
use super::report::settle;
use super::timing::{is_first, queued};
use super::vendors;
use super::work::work;
use crate::api::{CohortExport, CohortStatus, SegmentStatus};
use crate::domain::outcome::export::Write;
use crate::domain::schedule::Why;

/// Runs an export that is due.
///
/// # Errors
/// The API server is away or refuses.
pub async fn run(
    ctx: &Context,
    export: &CohortExport,
    found: &Ready,
    why: Why,
) -> Result<Action, Error> {
    let old = export.status.clone().unwrap_or_default();
    let generation = export.metadata.generation.unwrap_or_default();
    let write = Write {
        old: &old,
        generation,
        now: Timestamp::now(),
    };
    match once::already(ctx, export, found).await {
        None => {}
        Some(Ok(record)) => {
            let cohort = CohortStatus {
                id: record.cohort_id,
                name: record.cohort_name,
            };
            let segment = SegmentStatus {
                name: record.segment_name,
                id: record.segment_id,
            };
            let status =
                write.already_exported(cohort, segment, record.run_id, record.handled_token);
            return settle(ctx, export, status, Action::await_change()).await;
        }
        Some(Err(failure)) => {
            let wait = Action::requeue(Duration::from_secs(30));
            return settle(ctx, export, write.blocked(&failure), wait).await;
        }
    }
    let budget = vendors::budget(ctx, &found.connector_plan);
    // Few runs at once, and few of one project; nothing is claimed while it waits.
    let turns = async { (budget.turn().await, ctx.runs.acquire().await) };
    let _turns = tokio::select! {
        () = ctx.shutdown.cancelled() => return Ok(Action::await_change()),
        turns = turns => turns,
    };
    let resumed = old.current_run.as_ref().map(|run| run.reason.as_str());
    let confirming = why == Why::Confirming || resumed == Some(Why::Confirming.as_str());
    if !confirming && let Some(wait) = budget.wait() {
        let (mut status, action) = queued(&old, export, is_first(why), wait);
        if matches!(why, Why::Scheduled | Why::Requested) && old.last_failure.is_none() {
            // Whatever hid the last run's outcome is over, though this run has to wait.
            let next = old.next_sync_time.as_ref().map(|t| t.0);
            status = write.settled(found.plan.sync_type, next);
        }
        return settle(ctx, export, status, action).await;
    }
    let Some(claim) = claim(ctx, export).await? else {
        return Ok(Action::requeue(Duration::from_secs(1)));
    };
    let started = Instant::now();
    let outcome = work(ctx, &claim).await;
    close(ctx, &claim, outcome, started.elapsed()).await
}
