//! The work of a claimed run: what the export needs, and when it may write.

use std::sync::{Mutex, PoisonError};

use kube::ResourceExt;

use super::claim::Claim;
use super::context::Context;
use super::credentials;
use super::dereference::{Blocked, reference, specs};
use super::{conflict, vendors};
use crate::api::RELEASE_HOLD;
use crate::domain::schedule::Why;
use crate::domain::segment::fixed_default;
use crate::domain::{Destination, Failure, Reason, Shape};
use crate::export::{self, Confirmed, Gate, Release, Request, RunError, Shared, Stop, Tools};
use crate::mixpanel::Budget;

/// What a run brought.
pub enum Outcome {
    Done(Box<export::Done>),
    /// The confirming upload of a one-time list.
    Confirmed(Confirmed),
    Error(RunError),
}

/// Exports what was claimed, within the run's deadline. `read` is called once Mixpanel's pages are
/// needed no more.
pub async fn work(
    ctx: &Context,
    claim: &Claim,
    budget: Budget,
    shared: Option<Shared>,
    read: &(dyn Fn() + Send + Sync),
) -> Outcome {
    let Claim {
        export, ready, run, ..
    } = claim;
    let uid = export.uid().unwrap_or_default();
    let namespace = export.namespace().unwrap_or_default();
    let credentials = match credentials::read(&ctx.client, &namespace, &ready.connector.spec).await
    {
        Ok(Ok(credentials)) => credentials,
        Ok(Err(failure)) => {
            let failure = Failure::new(Reason::ConnectorNotReady, failure.message);
            return Outcome::Error(RunError::Failed(failure));
        }
        Err(error) => {
            tracing::warn!(%error, run = run.id, "the connector's Secrets can't be read");
            let message = "The connector's Secrets can't be read: the API server is away, or denies \
                           the controller `get` on them.";
            let failure = Failure::new(Reason::ConnectorNotReady, message);
            return Outcome::Error(RunError::Failed(failure));
        }
    };
    let mixpanel = vendors::mixpanel(ctx, &ready.connector_plan, &credentials, budget);
    let connector = ready.connector.uid().unwrap_or_default();
    let clevertap = vendors::clevertap(ctx, &ready.connector_plan, &connector, &credentials);
    let tools = Tools {
        mixpanel: &mixpanel,
        clevertap: &clevertap,
        state: &ctx.state,
        lists: &ctx.lists,
        reads: &ctx.reads,
        key: &ctx.key,
        scratch: &ctx.scratch,
    };
    let hold = Mutex::new(None);
    let resolved = |destination: &Destination| {
        ctx.destinations.resolve(&uid, ready.shape, destination);
        if let Some(failure) = conflict::find(ctx, export, ready, destination) {
            return Err(failure);
        }
        let held = ctx.destinations.hold(destination, &uid);
        let mine = held.is_some();
        *hold.lock().unwrap_or_else(PoisonError::into_inner) = held;
        if mine {
            Ok(())
        } else {
            Err(conflict::just_written())
        }
    };
    let may_write = |_: &Destination| may_write(ctx, claim);
    let gate = Gate {
        resolved: &resolved,
        write: &may_write,
        read,
    };
    let request = Request {
        shared,
        ..request(claim)
    };
    let working = async {
        match &claim.export.status {
            Some(status) if claim.run.reason == Why::Confirming.as_str() => {
                let of = status
                    .last_run
                    .as_ref()
                    .map(|r| r.id.clone())
                    .unwrap_or_default();
                match export::confirm(&tools, &request, &of, &gate).await {
                    Ok(confirmed) => Outcome::Confirmed(confirmed),
                    Err(error) => Outcome::Error(error),
                }
            }
            _ => match export::run(&tools, &request, &gate).await {
                Ok(done) => {
                    // While the list is held: whoever waits for it must find it taken.
                    let written = ready.connector_plan.destination(&done.segment.0);
                    ctx.destinations.wrote(&uid, &written);
                    Outcome::Done(Box::new(done))
                }
                Err(error) => Outcome::Error(error),
            },
        }
    };
    let deadline = ctx.args.run_deadline;
    tokio::time::timeout(deadline, working)
        .await
        .unwrap_or_else(|_| {
            let message = format!("The run {} took longer than --run-deadline.", run.id);
            Outcome::Error(RunError::Failed(Failure::new(
                Reason::RunInterrupted,
                message,
            )))
        })
}

/// What the run needs to know of earlier ones.
fn request(claim: &Claim) -> Request {
    let Claim {
        export, ready, run, ..
    } = claim;
    let status = export.status.clone().unwrap_or_default();
    let last = status.last_run.as_ref();
    let last_shape = last.and_then(|r| Shape::of_run(&r.id));
    let same_basis = last_shape.is_some_and(|s| s.basis == ready.shape.basis);
    let held = status.held.as_ref();
    let released = export.annotations().get(RELEASE_HOLD);
    Request {
        run_id: run.id.clone(),
        shape: ready.shape,
        connector: ready.connector_plan.clone(),
        export: ready.plan.clone(),
        known_cohort: status
            .cohort
            .as_ref()
            .filter(|_| same_basis)
            .map(|c| (c.id, c.name.clone())),
        known_segment: fixed_default(&ready.plan.cohort, Some(ready.shape), &status),
        previous_exported: last
            .filter(|_| same_basis)
            .and_then(|r| u64::try_from(r.exported).ok()),
        shared: None,
        release: held
            .filter(|h| released == Some(&h.id))
            // A hold of another shape says nothing of this one.
            .filter(|h| Shape::of_run(&h.id) == Some(ready.shape))
            .and_then(|h| u64::try_from(h.removed).ok())
            .map(|removed| Release { removed }),
        // A list of another account or name may be somebody else's.
        first: !same_basis,
    }
}

/// Asked right before every vendor write, from memory alone.
fn may_write(ctx: &Context, claim: &Claim) -> Result<(), Stop> {
    match (ctx.leadership.valid(), ctx.shutdown.is_cancelled()) {
        (true, false) => {}
        (true, true) => return Err(Stop::Shutdown),
        (false, false) => return Err(Stop::LeaseLapsed),
        // A process that ends doesn't wait for it to come back.
        (false, true) => return Err(Stop::LeaseLost),
    }
    let key = reference(&claim.export);
    let namespace = key.namespace.clone().unwrap_or_default();
    let now = match ctx.export(&namespace, &key.name) {
        Some(now) => now,
        None => return Err(Stop::Gone),
    };
    let Ok(now) = &now.0 else {
        return Err(Stop::Changed);
    };
    if now.uid() != claim.export.uid() || now.metadata.deletion_timestamp.is_some() {
        return Err(Stop::Gone);
    }
    // Not what the connector's check found: its answers tell the run itself.
    match specs(now, ctx) {
        Ok(ready) if ready.shape == claim.ready.shape => Ok(()),
        Err(Blocked::Suspended) => Err(Stop::Suspended),
        _ => Err(Stop::Changed),
    }
}
