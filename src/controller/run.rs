//! One run of an export: claim, export, close. Two writes of status, whatever happens between.

use std::sync::{Mutex, MutexGuard, PoisonError};
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
use super::sharing;
use super::timing::{is_first, queued, wake_in};
use super::turns;
use super::work::work;
use crate::api::{CohortExport, CohortStatus, SegmentStatus};
use crate::domain::outcome::export::Write;
use crate::domain::schedule::Why;
use crate::telemetry::traces::{self, Instrument as _};

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
    // Nobody's turn is taken, and nothing claimed, that another leader may have under way.
    if !ctx.leadership.valid() {
        return Ok(Action::requeue(Duration::from_secs(1)));
    }
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
    let resumed = old.current_run.as_ref().map(|run| run.reason.as_str());
    let confirming = why == Why::Confirming || resumed == Some(Why::Confirming.as_str());
    // A confirming upload asks Mixpanel nothing. Nothing is claimed, and no place taken, by who
    // waits for a turn.
    let budget = turns::admit(ctx, export, found);
    let since = turns::since(ctx, export, found, why);
    let shared = match confirming {
        true => None,
        false => sharing::together(ctx, export, found, since),
    };
    let carried = shared.as_ref();
    let carried = carried.and_then(|shared| sharing::carried(ctx, export, found, shared));
    if carried.is_some() {
        ctx.budgets.leave_queue(&turns::key(export));
    }
    let asks = !confirming && carried.is_none();
    let turn = asks.then(|| turns::ask(export, why, since, &budget));
    if let Some(Err(wait)) = turn {
        let cycle = turns::cycle(ctx, found);
        let mut status = queued(&old, export, is_first(why), wait, cycle);
        if matches!(why, Why::Scheduled | Why::Requested) && old.last_failure.is_none() {
            // Whatever hid the last run's outcome is over, though this run has to wait.
            let next = old.next_sync_time.as_ref().map(|t| t.0);
            status = write.settled(found.plan.sync_type, next);
        }
        return settle(ctx, export, status, wake_in(wait)).await;
    }
    let turn = turn.and_then(Result::ok);
    let budget = match &turn {
        Some(turn) => turn.budget().clone(),
        None => carried.unwrap_or(budget),
    };
    let leads = shared.as_ref().filter(|_| turn.is_some());
    let leading = leads.map(|shared| sharing::lead(ctx, export, found, shared, &budget));
    // Others read meanwhile as this one uploads; who comes late to a read that is shared finds it.
    let reading = Mutex::new((turn, leading));
    let read = || drop(std::mem::take(&mut *held(&reading)));
    let _place = tokio::select! {
        () = ctx.shutdown.cancelled() => return Ok(Action::await_change()),
        place = ctx.runs.acquire() => place,
    };
    let Some(claim) = claim(ctx, export, found).await? else {
        return Ok(Action::requeue(Duration::from_secs(1)));
    };
    let started = Instant::now();
    let running = async {
        let outcome = work(ctx, &claim, budget, shared, &read).await;
        // However it ended.
        read();
        close(ctx, &claim, outcome, started.elapsed()).await
    };
    let span = traces::run(&claim.run, claim.ready.plan.sync_type);
    running.instrument(span).await
}

fn held<T>(by: &Mutex<T>) -> MutexGuard<'_, T> {
    // It is only ever emptied.
    by.lock().unwrap_or_else(PoisonError::into_inner)
}
