//! How a run ends: its outcome becomes status, whatever happened to the API server meanwhile.

use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::controller::Action;

use super::claim::Claim;
use super::context::Context;
use super::dereference::reference;
use super::error::{Error, call};
use super::history;
use super::report::write;
use super::tell::tell;
use super::timing::{Wait, queued, wake_at};
use super::turns;
use crate::api::{CohortExport, CohortExportStatus, SyncType};
use crate::domain::outcome::export::Write;
use crate::domain::{Reason, schedule};
use crate::export::{Claimed, Outcome, RunError, Stop, next_status};

/// How long a result is kept although the API server denies access.
const DENIED_FOR: Duration = Duration::from_secs(300);

/// Writes what the run brought and says when to look again.
///
/// # Errors
/// The API server refuses for good.
pub async fn close(
    ctx: &Context,
    claim: &Claim,
    outcome: Outcome,
    took: Duration,
) -> Result<Action, Error> {
    ctx.wake_losers();
    tell(ctx, claim, &outcome, took).await;
    if let Outcome::Error(RunError::Stopped(Stop::LeaseLost | Stop::LeaseLapsed)) = outcome {
        // Not ours to write any more: the next leader resumes the run.
        return Ok(Action::requeue(Duration::from_secs(30)));
    }
    match &outcome {
        Outcome::Done(done) => {
            let (run, record) = (&claim.run, claim.ready.one_time(ctx));
            record
                .record_run(&run.id, run.request.as_deref(), done)
                .await;
        }
        Outcome::Error(RunError::Failed(failure)) if failure.reason == Reason::SegmentConflict => {
            // Woken by what this run's own status write brings, if not by the winner's.
            ctx.losers.insert(reference(&claim.export));
        }
        _ => {}
    }
    let now = Timestamp::now();
    history::remember(ctx, claim, &outcome, now).await;
    let mut pause = Duration::from_millis(200);
    let ended = std::time::Instant::now();
    loop {
        let error = match store(ctx, claim, &outcome, now).await {
            Ok(action) => return Ok(action),
            // An API server that has just started may forbid what it permits a moment later.
            Err(error)
                if !ctx.shutdown.is_cancelled()
                    && (error.is_passing()
                        || error.is_denied() && ended.elapsed() < DENIED_FOR) =>
            {
                error
            }
            Err(error) => return Err(error),
        };
        tracing::warn!(run = claim.run.id, %error, "the run's result is kept and written later");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}

async fn store(
    ctx: &Context,
    claim: &Claim,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Action, Error> {
    let namespace = claim.export.namespace().unwrap_or_default();
    let api: Api<CohortExport> = Api::namespaced(ctx.client.clone(), &namespace);
    let live = call("read an export", api.get_opt(&claim.export.name_any())).await?;
    let Some(live) = live.filter(|live| live.uid() == claim.export.uid()) else {
        tracing::warn!(
            run = claim.run.id,
            "the run's result is dropped: its object was deleted"
        );
        let uid = claim.export.uid().unwrap_or_default();
        ctx.destinations.forget(&uid);
        return Ok(Action::await_change());
    };
    let current = live.status.as_ref().and_then(|s| s.current_run.as_ref());
    let ours =
        current.is_some_and(|run| run.id == claim.run.id && run.attempt == claim.run.attempt);
    if !ours {
        tracing::warn!(
            run = claim.run.id,
            "the run's result is dropped: its claim was taken away meanwhile"
        );
        // No change of status wakes us, so we look ourselves.
        return Ok(Action::requeue(Duration::from_secs(1)));
    }
    let old = live.status.clone().unwrap_or_default();
    if let Outcome::Error(RunError::Queued { retry_after }) = outcome {
        let unclaimed = unclaimed(claim, old);
        let cycle = turns::cycle(ctx, &claim.ready);
        let before = Write {
            old: &unclaimed,
            generation: live.metadata.generation.unwrap_or_default(),
            now,
        };
        let status = match claim.first {
            true => queued(&before, Wait::Turn(*retry_after), cycle),
            false => unclaimed.clone(),
        };
        write(ctx, &live, &status).await?;
        // It asks again at once, for its place in the queue.
        return Ok(Action::requeue(Duration::from_secs(1)));
    }
    let claimed = Claimed {
        run: &claim.run,
        plan: &claim.ready.plan,
        group: &claim.ready.group,
        connector: &claim.ready.connector.name_any(),
    };
    let status = next_status(&claimed, outcome, &old, now);
    let shown = match outcome {
        Outcome::Error(RunError::Stopped(_)) => status.clone(),
        _ => Write {
            old: &old,
            generation: claim.run.generation,
            now,
        }
        .stretched(status.clone(), turns::cycle(ctx, &claim.ready)),
    };
    write(ctx, &live, &shown).await?;
    let confirm = schedule::confirmation(&status, claim.confirm_delay);
    let one_time = claim.ready.plan.sync_type == SyncType::OneTime;
    let next = status.next_sync_time.map(|t| t.0);
    let next = next.or(confirm.filter(|_| one_time));
    Ok(next.map_or_else(Action::await_change, wake_at))
}

/// The status as if the run had not been claimed.
fn unclaimed(claim: &Claim, live: CohortExportStatus) -> CohortExportStatus {
    let before = claim.export.status.clone().unwrap_or_default();
    CohortExportStatus {
        current_run: None,
        last_attempt_time: before.last_attempt_time,
        next_sync_time: before.next_sync_time,
        ..live
    }
}
