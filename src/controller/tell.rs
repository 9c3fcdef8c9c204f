//! What a run taught that its status doesn't hold: metrics, warnings, and what it says of the
//! connector's credentials.

use std::time::Duration;

use jiff::Timestamp;
use kube::runtime::events::EventType;
use kube::runtime::reflector::ObjectRef;
use kube::{Resource, ResourceExt};

use super::claim::Claim;
use super::context::Context;
use super::dereference::token;
use crate::api::{CohortExport, RELEASE_HOLD, REQUESTED_AT, SyncType};
use crate::domain::{Counts, Reason};
use crate::export::{Confirmed, Done, Outcome, RunError, Vendor, Warning};
use crate::telemetry::metrics::{ListOutcome, ProfileOutcome, SkipReason};
use crate::telemetry::traces;

/// Tells of one run.
pub async fn tell(ctx: &Context, claim: &Claim, outcome: &Outcome, took: Duration) {
    let uid = claim.ready.connector.uid().unwrap_or_default();
    let started = claim.run.started_time.0;
    if let Some(reason) = reason(claim, outcome) {
        ctx.metrics
            .exported(claim.ready.plan.sync_type, reason, took.as_secs_f64());
        let well = matches!(outcome, Outcome::Done(_) | Outcome::Confirmed(_));
        traces::run_ended(reason, well);
    }
    match outcome {
        Outcome::Done(done) => {
            done_well(ctx, claim, done).await;
            ctx.checks.note(&uid, |seen| {
                seen.mixpanel = (!done.resumed).then_some(started).or(seen.mixpanel);
                let wrote = done.counts.uploaded && !done.resumed;
                seen.clevertap = wrote.then(Timestamp::now).or(seen.clevertap);
            });
        }
        Outcome::Confirmed(Confirmed::Lost) => {
            let message = "What was kept for the confirming upload of the list was lost; \
                           ask for another run if CleverTap shows fewer members.";
            warn(ctx, claim, "ConfirmationLost", message).await;
        }
        Outcome::Error(RunError::CredentialsRefused { vendor, .. }) => {
            tracing::warn!(
                run = claim.run.id,
                ?vendor,
                "credentials refused in the middle of a run"
            );
            ctx.checks.note(&uid, |seen| {
                match vendor {
                    Vendor::Mixpanel => seen.mixpanel = None,
                    Vendor::CleverTap => seen.clevertap = None,
                }
                seen.refused = true;
            });
            let connector = &claim.ready.connector;
            let namespace = connector.namespace().unwrap_or_default();
            ctx.wake_connectors
                .wake(&ObjectRef::new(&connector.name_any()).within(&namespace));
        }
        Outcome::Error(error) => {
            if let Some(outcome) = list_outcome(error) {
                ctx.metrics.list_uploaded(outcome);
            }
            tracing::info!(run = claim.run.id, %error, "a run ended without a list");
        }
        Outcome::Confirmed(Confirmed::Uploaded) => ctx.metrics.list_uploaded(ListOutcome::Accepted),
        Outcome::Confirmed(Confirmed::Superseded) => {}
    }
}

/// What became of the list, where it is the list that failed.
fn list_outcome(error: &RunError) -> Option<ListOutcome> {
    let RunError::Failed(failure) = error else {
        return None;
    };
    match failure.reason {
        Reason::DestinationRefused | Reason::SegmentExists => Some(ListOutcome::Refused),
        Reason::DestinationUnavailable => Some(ListOutcome::Failed),
        _ => None,
    }
}

/// Tells, once each, of an annotation of ours that can't mean anything.
pub async fn bad_annotations(ctx: &Context, export: &CohortExport) {
    if let Some(text) = export.annotations().get(REQUESTED_AT)
        && token(export).is_none()
    {
        let message = "mixtap.dev/requested-at is ignored: it must be 1 to 64 printable characters";
        Box::pin(ignored(ctx, export, REQUESTED_AT, text, message)).await;
    }
    let held = export.status.as_ref().and_then(|s| s.held.as_ref());
    if let (Some(text), Some(held)) = (export.annotations().get(RELEASE_HOLD), held)
        && *text != held.id
    {
        let message = format!(
            "mixtap.dev/release-hold is ignored: the run that is held now is {}",
            held.id
        );
        Box::pin(ignored(ctx, export, RELEASE_HOLD, text, &message)).await;
    }
}

async fn ignored(
    ctx: &Context,
    export: &CohortExport,
    key: &'static str,
    text: &str,
    message: &str,
) {
    let uid = export.uid().unwrap_or_default();
    if ctx.told.first(&uid, key, &format!("{text} {message}")) {
        let object = export.object_ref(&());
        ctx.events
            .publish(&object, EventType::Warning, "InvalidRequest", message)
            .await;
    }
}

async fn done_well(ctx: &Context, claim: &Claim, done: &Done) {
    let counts: &Counts = &done.counts;
    tracing::info!(
        namespace = claim.export.namespace(),
        name = claim.export.name_any(),
        run = claim.run.id,
        reason = claim.run.reason,
        members = counts.members,
        exported = counts.exported,
        added = counts.added,
        removed = counts.removed,
        uploaded = counts.uploaded,
        resumed = done.resumed,
        "a run ended well"
    );
    if !done.resumed {
        let export = &claim.export;
        let namespace = export.namespace().unwrap_or_default();
        let objects = ctx.metrics.objects();
        objects.ran(&namespace, &export.name_any(), counts);
        if counts.uploaded {
            ctx.metrics.list_uploaded(ListOutcome::Accepted);
        }
        ctx.metrics.members_read(counts.members);
        ctx.metrics
            .members_skipped(SkipReason::Anonymous, counts.skipped_anonymous);
        ctx.metrics
            .members_skipped(SkipReason::NoIdentity, counts.skipped_no_identity);
        ctx.metrics
            .members_skipped(SkipReason::Duplicate, counts.duplicates);
        ctx.metrics
            .profiles_uploaded(ProfileOutcome::Accepted, counts.profiles_created);
        ctx.metrics
            .profiles_uploaded(ProfileOutcome::Rejected, counts.profiles_rejected);
    }
    for Warning { reason, message } in &done.warnings {
        warn(ctx, claim, reason.as_str(), message).await;
    }
}

async fn warn(ctx: &Context, claim: &Claim, reason: &str, message: &str) {
    tracing::warn!(run = claim.run.id, reason, "{message}");
    ctx.events
        .publish(
            &claim.export.object_ref(&()),
            EventType::Warning,
            reason,
            message,
        )
        .await;
}

/// How the run counts in `mixtap_exports_total`, and what the history calls it; `None` where it
/// counts as none.
pub fn reason(claim: &Claim, outcome: &Outcome) -> Option<Reason> {
    match outcome {
        Outcome::Confirmed(Confirmed::Lost | Confirmed::Superseded) => None,
        Outcome::Done(_) | Outcome::Confirmed(Confirmed::Uploaded) => {
            Some(match claim.ready.plan.sync_type {
                SyncType::OneTime => Reason::Completed,
                SyncType::Dynamic => Reason::Synced,
            })
        }
        Outcome::Error(RunError::Failed(failure)) => Some(failure.reason),
        Outcome::Error(RunError::Held { reason, .. }) => Some(*reason),
        Outcome::Error(RunError::CredentialsRefused { .. }) => Some(Reason::ConnectorNotReady),
        Outcome::Error(RunError::Stopped(_)) => Some(Reason::RunInterrupted),
        Outcome::Error(RunError::Queued { .. }) => None,
    }
}
