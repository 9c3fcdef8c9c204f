//! The work of a claimed run: what the export needs, and when it may write.

use std::sync::{Mutex, PoisonError};

use kube::ResourceExt;

use super::claim::Claim;
use super::conflict;
use super::context::Context;
use super::credentials;
use super::dereference::{Blocked, reference, specs};
use crate::api::RELEASE_HOLD;
use crate::domain::{Destination, Failure, Reason};
use crate::export::{self, Gate, Outcome, Progress, Request, RunError, Shared, Stop, Tools};
use crate::mixpanel::Budget;

/// Exports what was claimed, within the run's deadline, and notes in `progress` how far it is. `read`
/// is called once Mixpanel's pages are needed no more.
pub async fn work(
    ctx: &Context,
    claim: &Claim,
    progress: &Progress,
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
    let plan = &ready.connector_plan;
    let mixpanel = ctx.clients.mixpanel(plan, &credentials, budget);
    let connector = ready.connector.uid().unwrap_or_default();
    let clevertap = ctx.clients.clevertap(plan, &connector, &credentials);
    let tools = Tools {
        mixpanel: &mixpanel,
        clevertap: &clevertap,
        state: &ctx.state,
        lists: &ctx.lists,
        reads: &ctx.reads,
        key: &ctx.key,
        scratch: &ctx.scratch,
        progress,
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
    let status = export.status.clone().unwrap_or_default();
    let released = export.annotations().get(RELEASE_HOLD).map(String::as_str);
    let (connector, plan) = (&ready.connector_plan, &ready.plan);
    let request = Request {
        shared,
        ..Request::of(&run.id, connector, plan, &status, released)
    };
    let (confirming, deadline) = (
        export::confirming(run, &status),
        ctx.args.exports.run_deadline,
    );
    let outcome = export::work(&tools, &request, confirming, &gate, deadline).await;
    if let Outcome::Done(done) = &outcome {
        // While the list is held: whoever waits for it must find it taken.
        let written = ready.connector_plan.destination(&done.segment.0);
        ctx.destinations.wrote(&uid, &written);
    }
    outcome
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
