//! Reconciles a `CohortExport`: what stands in the way, what is due, and the run itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use kube::Resource as _;
use kube::runtime::controller::Action;

use super::context::{Context, Export};
use super::dereference::{Blocked, ready, reference};
use super::error::Error;
use super::report::settle;
use super::timing::{due, wake_at};
use super::{conflict, run, tell, turns, undecodable};
use crate::api::{CohortExport, CohortExportStatus, SyncType, conditions};
use crate::domain::outcome::export::{Write, next_shown};
use crate::domain::schedule::Due;
use crate::telemetry::metrics as labels;
use crate::telemetry::traces::{self, Instrument as _};

/// Looks at one export, runs it if that is due, and writes what came of it.
pub async fn reconcile(object: Arc<Export>, ctx: Arc<Context>) -> Result<Action, Error> {
    let started = Instant::now();
    let (kind, meta) = (labels::Kind::CohortExport, object.meta());
    let span = traces::reconcile(kind, meta.namespace.as_deref(), meta.name.as_deref());
    let result = async {
        match &object.0 {
            Ok(export) => look(export, &ctx).await,
            Err(invalid) => {
                turns::retire(&ctx, &*object);
                undecodable::report::<CohortExport>(&ctx, invalid, conditions::SYNCED).await
            }
        }
    };
    let result = result.instrument(span).await;
    let outcome = match result {
        Ok(_) => labels::ReconcileOutcome::Success,
        Err(_) => labels::ReconcileOutcome::Error,
    };
    let took = started.elapsed().as_secs_f64();
    ctx.metrics.reconciled(kind, outcome, took);
    result
}

async fn look(export: &CohortExport, ctx: &Context) -> Result<Action, Error> {
    ctx.filling.all_done().await;
    if export.metadata.deletion_timestamp.is_some() {
        turns::retire(ctx, export);
        return Ok(Action::await_change());
    }
    let old = export.status.clone().unwrap_or_default();
    let generation = export.metadata.generation.unwrap_or_default();
    let write = Write {
        old: &old,
        generation,
        now: Timestamp::now(),
    };
    tell::bad_annotations(ctx, export).await;
    let ready = match ready(export, ctx) {
        Ok(ready) => ready,
        Err(Blocked::Suspended) => {
            turns::retire(ctx, export);
            return settle(ctx, export, write.suspended(), Action::await_change()).await;
        }
        Err(Blocked::Checking) => {
            turns::leave(ctx, export);
            return Ok(Action::requeue(Duration::from_secs(30)));
        }
        Err(Blocked::Failure(failure)) => {
            turns::retire(ctx, export);
            return settle(ctx, export, write.blocked(&failure), Action::await_change()).await;
        }
    };
    if conflict::before_run(ctx, export, &ready).is_some() {
        ctx.losers.insert(reference(export));
        // Once more: what ended the conflict may have come before it could wake this one.
        if let Some(failure) = conflict::before_run(ctx, export, &ready) {
            turns::retire(ctx, export);
            return settle(ctx, export, write.blocked(&failure), Action::await_change()).await;
        }
    }
    turns::admit(ctx, export, &ready);
    let due = due(export, &ready, ctx, write.now);
    if !matches!(due, Due::Now { .. }) {
        turns::leave(ctx, export);
    }
    match due {
        // On the heap: looks are many and small, and few of them run.
        Due::Now { why, .. } => Box::pin(run::run(ctx, export, &ready, why)).await,
        Due::At(next) => {
            let cycle = || turns::cycle(ctx, &ready);
            let status = waiting(&write, ready.plan.sync_type, next, cycle);
            settle(ctx, export, status, wake_at(next)).await
        }
        Due::Never => {
            let status = write.settled(ready.plan.sync_type, None);
            if reason(&old) == Some("Synced") {
                Box::pin(ready.one_time(ctx).record_frozen(&status)).await;
            }
            settle(ctx, export, status, Action::await_change()).await
        }
    }
}

/// The reason of `Synced`.
fn reason(status: &CohortExportStatus) -> Option<&str> {
    conditions::find(&status.conditions, conditions::SYNCED).map(|c| c.reason.as_str())
}

/// `cycle` is how often the budget permits a run, where that is less often than asked for.
fn waiting(
    write: &Write<'_>,
    sync_type: SyncType,
    next: Timestamp,
    cycle: impl FnOnce() -> Option<SignedDuration>,
) -> CohortExportStatus {
    let old = write.old;
    match &old.current_run {
        Some(run) => write.interrupted(run.attempt, next),
        // What is left of a completed one-time export is its confirming upload, and no run.
        None if sync_type == SyncType::OneTime && old.last_failure.is_none() => {
            write.settled(sync_type, None)
        }
        // A spec that changed without a run may ask for less, or for more.
        None if old.observed_generation != Some(write.generation) => {
            write.stretched(write.settled(sync_type, Some(next)), cycle())
        }
        None => write.settled(sync_type, Some(next_shown(old, next))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schedule::seconds;

    #[test]
    fn a_look_is_small_for_there_are_many_at_once() {
        fn size<F: Future>(_: impl FnOnce(Arc<Export>, Arc<Context>) -> F) -> usize {
            std::mem::size_of::<F>()
        }
        let size = size(reconcile);
        assert!(size <= 8 << 10, "{size} bytes");
    }

    #[test]
    fn an_interval_that_is_lengthened_is_stretched_no_more() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let write = |old, generation| Write {
            old,
            generation,
            now: at(10_000),
        };
        let synced = CohortExportStatus {
            observed_generation: Some(1),
            last_attempt_time: Some(seconds(at(9_000))),
            ..Default::default()
        };
        let hours = |hours| Some(SignedDuration::from_hours(hours));
        let old = write(&synced, 1).stretched(synced.clone(), hours(2));
        let next = at(12_600);
        let told = |generation, cycle: Option<SignedDuration>| {
            let status = waiting(&write(&old, generation), SyncType::Dynamic, next, || cycle);
            let stretched = conditions::find(&status.conditions, conditions::INTERVAL_STRETCHED);
            let next = status.next_sync_time.map(|t| t.0.as_second());
            (stretched.is_some(), status.effective_interval, next)
        };
        // The cycle moves a little with each export, which is told as runs end.
        assert_eq!(told(1, None), (true, Some("2h".into()), Some(16_200)));
        assert_eq!(told(2, None), (false, None, Some(12_600)));
        let longer = told(2, hours(3));
        assert_eq!(longer, (true, Some("3h".into()), Some(19_800)));
    }
}
