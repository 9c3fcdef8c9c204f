//! A one-time export that the state holds as done: the object was restored from a backup, or
//! deleted and created again, and must not run a second time.

use kube::ResourceExt;

use super::claim::Claim;
use super::context::Context;
use super::dereference::{Ready, token};
use crate::api::{CohortExport, CohortExportStatus, SyncType};
use crate::domain::{Counts, Failure};
use crate::export::{self, Done};
use crate::state::{OneTimeKey, OneTimeRecord};

/// `Some` where the state says that it is done, or can't say.
/// Consulted only while status has no run of its own.
pub async fn already(
    ctx: &Context,
    export: &CohortExport,
    ready: &Ready,
) -> Option<Result<OneTimeRecord, Failure>> {
    let status = export.status.as_ref();
    let known = status.is_some_and(|s| s.last_run.is_some() || s.current_run.is_some());
    if ready.plan.sync_type != SyncType::OneTime || known {
        return None;
    }
    let key = OneTimeKey::of(&ready.connector_plan, &ready.plan);
    let record = match ctx.state.one_time(&key).await {
        Ok(record) => record?,
        Err(error) => return Some(Err(error.failure())),
    };
    let asked = token(export);
    if record.shape != ready.shape.to_string() || asked.is_some_and(|t| !record.has_handled(t)) {
        return None;
    }
    // Another export may have written the list since.
    let destination = ready.connector_plan.destination(&record.segment_name);
    match export::list_header(&ctx.state, &destination).await {
        Ok(Some((header, _))) if header.shape != record.shape => None,
        Ok(_) => {
            let asked = asked.map(str::to_owned);
            Some(Ok(OneTimeRecord {
                handled_token: asked.or(record.handled_token),
                ..record
            }))
        }
        Err(failure) => Some(Err(failure)),
    }
}

/// Records a one-time run that is done, before status says so.
pub async fn record_run(ctx: &Context, claim: &Claim, done: &Done) {
    if claim.ready.plan.sync_type != SyncType::OneTime {
        return;
    }
    let record = OneTimeRecord {
        shape: claim.ready.shape.to_string(),
        handled_token: claim.run.request.clone(),
        earlier_tokens: Vec::new(),
        run_id: claim.run.id.clone(),
        counts: done.counts.clone(),
        finished: jiff::Timestamp::now(),
        cohort_id: done.cohort.0,
        cohort_name: done.cohort.1.clone(),
        segment_name: done.segment.0.clone(),
        segment_id: done.segment.1.clone(),
    };
    write(ctx, &claim.export, &claim.ready, record).await;
}

/// Records a dynamic export that became a one-time one: what is there stays, without a run.
pub async fn record_frozen(
    ctx: &Context,
    export: &CohortExport,
    ready: &Ready,
    status: &CohortExportStatus,
) {
    let (Some(run), Some(cohort), Some(segment)) =
        (&status.last_run, &status.cohort, &status.segment)
    else {
        return;
    };
    let record = OneTimeRecord {
        shape: ready.shape.to_string(),
        handled_token: status.last_handled_request.clone(),
        earlier_tokens: Vec::new(),
        run_id: run.id.clone(),
        counts: Counts::default(),
        finished: run.finished_time.0,
        cohort_id: cohort.id,
        cohort_name: cohort.name.clone(),
        segment_name: segment.name.clone(),
        segment_id: segment.id.clone(),
    };
    write(ctx, export, ready, record).await;
}

/// Without the record only a lost status would run the export again, so a failure is no reason to
/// fail the run.
async fn write(ctx: &Context, export: &CohortExport, ready: &Ready, mut record: OneTimeRecord) {
    let key = OneTimeKey::of(&ready.connector_plan, &ready.plan);
    let written = async {
        if let Some(before) = ctx.state.one_time(&key).await? {
            record.remember(before);
        }
        ctx.state.record_one_time(&key, &record).await
    };
    if let Err(error) = written.await {
        let name = export.name_any();
        tracing::warn!(name, %error, "a finished one-time export isn't recorded: a restored object would run again");
    }
}
