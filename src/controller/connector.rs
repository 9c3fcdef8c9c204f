//! Reconciles a `CleverTapConnector`: are both vendors' credentials accepted?

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::api::Api;
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use kube::{Resource, ResourceExt};

use super::context::{Connector, Context};
use super::credentials;
use super::error::{Error, call};
use super::timing::wake_at;
use super::undecodable;
use crate::api::{CleverTapConnector, CleverTapConnectorStatus, conditions};
use crate::domain::outcome::connector::{Check, Write, check_due};
use crate::domain::outcome::{lint, note, ready};
use crate::domain::schedule::backoff;
use crate::domain::{Failure, Kind, Reason, validate};
use crate::export::{self, Checked, Vouched, seat};
use crate::telemetry::metrics as labels;
use crate::telemetry::traces::{self, Instrument as _};

/// Looks at one connector and writes what it found.
pub async fn reconcile(object: Arc<Connector>, ctx: Arc<Context>) -> Result<Action, Error> {
    let started = Instant::now();
    let (kind, meta) = (labels::Kind::CleverTapConnector, object.meta());
    let span = traces::reconcile(kind, meta.namespace.as_deref(), meta.name.as_deref());
    let result = async {
        match &object.0 {
            Ok(connector) => look(connector, &ctx).await,
            Err(invalid) => {
                undecodable::report::<CleverTapConnector>(&ctx, invalid, conditions::CONNECTED)
                    .await
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

async fn look(seen: &CleverTapConnector, ctx: &Context) -> Result<Action, Error> {
    // Read live: what the watch delivered may be older than the last check's result, and would make
    // one too many.
    let namespace = seen.namespace().unwrap_or_default();
    let api: Api<CleverTapConnector> = Api::namespaced(ctx.client.clone(), &namespace);
    let connector = match call("read a connector", api.get_opt(&seen.name_any())).await? {
        Some(connector) if connector.metadata.deletion_timestamp.is_none() => connector,
        _ => return Ok(Action::await_change()),
    };
    let connector = &connector;
    let old = connector.status.clone().unwrap_or_default();
    let generation = connector.metadata.generation.unwrap_or_default();
    let write = Write {
        old: &old,
        generation,
        now: Timestamp::now(),
    };
    let settle = |status: CleverTapConnectorStatus, action: Action| {
        settle(ctx, connector, &old, status, action)
    };

    if connector.spec.suspend == Some(true) {
        return settle(write.suspended(), Action::await_change()).await;
    }
    let plan = match validate::connector(&connector.spec, &ctx.rules) {
        Ok(plan) => plan,
        Err(problems) => {
            let failure = Failure::new(Reason::InvalidSpec, validate::sentence(&problems));
            return settle(write.failed(&failure, None), Action::await_change()).await;
        }
    };
    let credentials = match credentials::read(&ctx.client, &namespace, &connector.spec).await? {
        Ok(credentials) => credentials,
        Err(failure) => {
            let status = write.failed(&failure, None);
            let wake = retry(&status, &failure);
            return settle(status, wake).await;
        }
    };

    let uid = connector.uid().unwrap_or_default();
    let seen = ctx.checks.seen(&uid);
    let due = |status: &CleverTapConnectorStatus, asked: bool, now: Timestamp| {
        let (versions, interval) = (&credentials.versions, plan.check_interval);
        check_due(status, generation, versions, asked, &uid, interval, now)
    };
    if let Check::At(next) = due(&old, seen.refused, write.now) {
        return settle(old.clone(), wake_at(next)).await;
    }
    if conditions::find(&old.conditions, conditions::CONNECTED).is_none() {
        // Said first: a vendor that hangs takes its time.
        return settle(write.checking(), Action::requeue(Duration::ZERO)).await;
    }
    let steady = old.observed_generation == Some(generation)
        && old.observed_secrets.as_ref() == Some(&credentials.versions)
        && old.consecutive_failures.is_none()
        && !seen.refused;
    let since = steady.then(|| {
        old.last_check_time
            .as_ref()
            .map(|t| t.0 + plan.check_interval / 2)
    });
    let vouched = Vouched::of(&seen, since.flatten());
    let seat = seat(&plan, &uid);
    let budget = match steady {
        true => ctx.budgets.patient(&seat),
        // Credentials that aren't known to be good mustn't use up what others share.
        false => ctx.budgets.trial(&seat),
    };
    let checked = Box::pin(export::check(
        &ctx.clients,
        &ctx.lists,
        &plan,
        &uid,
        &credentials,
        vouched,
        budget,
    ))
    .await;
    ctx.checks.note(&uid, |seen| seen.refused = false);
    let write = Write {
        now: Timestamp::now(),
        ..write
    };
    let status = match &checked {
        Checked::Accepted(when) => write.connected_both(credentials.versions.clone(), *when),
        // That the budget is used up says nothing of the credentials.
        Checked::Later(wait) if steady => {
            return settle(old.clone(), Action::requeue(*wait)).await;
        }
        Checked::Later(wait) => {
            write.failed(&export::later(*wait), Some(credentials.versions.clone()))
        }
        Checked::Failed(failure) => write.failed(failure, Some(credentials.versions.clone())),
    };
    let wake = match &checked {
        Checked::Later(wait) => Action::requeue(*wait),
        Checked::Failed(failure) if failure.reason.kind() == Kind::Transient => {
            retry(&status, failure)
        }
        Checked::Accepted(_) | Checked::Failed(_) => match due(&status, false, write.now) {
            Check::Now => Action::requeue(Duration::from_secs(1)),
            Check::At(next) => wake_at(next),
        },
    };
    settle(status, wake).await
}

/// Back-off, or the server's word where that is longer.
fn retry(status: &CleverTapConnectorStatus, failure: &Failure) -> Action {
    let own = backoff(status.consecutive_failures.unwrap_or(1)).unsigned_abs();
    let asked = failure
        .retry_after
        .unwrap_or_default()
        .min(Duration::from_secs(3600));
    Action::requeue(own.max(asked))
}

/// Writes the status, tells of a changed reason and sets the gauges.
async fn settle(
    ctx: &Context,
    connector: &CleverTapConnector,
    old: &CleverTapConnectorStatus,
    new: CleverTapConnectorStatus,
    action: Action,
) -> Result<Action, Error> {
    debug_assert_eq!(
        lint::connector(&new, connector.metadata.generation),
        Vec::<String>::new()
    );
    super::status::write(&ctx.client, connector, connector.status.as_ref(), &new).await?;
    if let Some(note) = note(&old.conditions, &new.conditions, conditions::CONNECTED) {
        let (namespace, name) = (connector.namespace(), connector.name_any());
        tracing::info!(namespace, name, reason = note.reason, "{}", note.message);
        let kind = if note.warning {
            EventType::Warning
        } else {
            EventType::Normal
        };
        ctx.events
            .publish(
                &connector.object_ref(&()),
                kind,
                &note.reason,
                &note.message,
            )
            .await;
    }
    let connected = conditions::find(&new.conditions, conditions::CONNECTED);
    let gauges = labels::ConnectorGauges {
        connected: connected.is_some_and(|c| c.status == "True"),
        project: Some(connector.spec.mixpanel.project_id),
        ready: ready(&new.conditions),
    };
    ctx.metrics.objects().connector(
        &connector.namespace().unwrap_or_default(),
        &connector.name_any(),
        gauges,
    );
    Ok(action)
}
