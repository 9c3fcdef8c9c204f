//! One run of an export: claim, export, close. Two writes of status, whatever happens between.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::claim::claim;
use super::close::close;
use super::context::Context;
use super::dereference::{Ready, reference, token};
use super::error::Error;
use super::places::{self, Place};
use super::report::settle;
use super::sharing;
use super::timing::{Wait, waiting, wake_in};
use super::turns;
use super::work::work;
use crate::api::{CohortExport, CohortStatus, SegmentStatus};
use crate::domain::outcome::export::Write;
use crate::domain::schedule::Why;
use crate::telemetry::traces::{self, Instrument as _};
use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::runtime::controller::Action;

/// How long a run waits for its place before its status says so.
const SILENT: Duration = Duration::from_secs(15);

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
    let asked = token(export);
    match found
        .one_time(ctx)
        .already(export.status.as_ref(), asked)
        .await
    {
        None => {}
        Some(Ok(record)) => {
            ctx.places.leave(&reference(export));
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
            ctx.places.leave(&reference(export));
            let wait = Action::requeue(Duration::from_secs(30));
            return settle(ctx, export, write.blocked(&failure), wait).await;
        }
    }
    let place = match ctx.places.take(&reference(export)) {
        Ok(place) => place,
        Err(waited) => {
            ctx.budgets.keep(&turns::key(export), places::COME);
            // A short wait isn't worth a word: writing each would make the others wait.
            if waited < SILENT {
                return Ok(Action::requeue(SILENT - waited));
            }
            let cycle = turns::cycle(ctx, found);
            let status = waiting(&write, found, why, Wait::Place, cycle);
            return settle(ctx, export, status, Action::requeue(places::COME)).await;
        }
    };
    Box::pin(with_place(ctx, export, found, why, place)).await
}

/// The same with one of `--concurrency` places, which is given back where the run has to wait for
/// its turn: whoever waits for either holds nothing that another could use.
async fn with_place(
    ctx: &Context,
    export: &CohortExport,
    found: &Ready,
    why: Why,
    place: Place,
) -> Result<Action, Error> {
    let old = export.status.clone().unwrap_or_default();
    let resumed = old.current_run.as_ref().map(|run| run.reason.as_str());
    let confirming = why == Why::Confirming || resumed == Some(Why::Confirming.as_str());
    // Who waited for its place may have been retired since: it isn't admitted anew.
    let budget = found.budget(ctx);
    // A confirming upload asks Mixpanel nothing. Nothing is claimed by who waits for a turn.
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
        drop(place);
        let cycle = turns::cycle(ctx, found);
        let write = Write {
            old: &old,
            generation: export.metadata.generation.unwrap_or_default(),
            now: Timestamp::now(),
        };
        let status = waiting(&write, found, why, Wait::Turn(wait), cycle);
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
    let Some(claim) = claim(ctx, export, found).await? else {
        return Ok(Action::requeue(Duration::from_secs(1)));
    };
    let started = Instant::now();
    // Until its result is written.
    let going = ctx.under_way.begin(&claim.export.uid().unwrap_or_default());
    let running = async {
        let outcome = work(ctx, &claim, &going.progress, budget, shared, &read).await;
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
