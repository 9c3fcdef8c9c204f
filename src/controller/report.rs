//! How what was found about an export is told: status, an event, metrics.

use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use kube::{Resource, ResourceExt};

use super::context::Context;
use super::error::Error;
use super::status;
use crate::api::{CohortExport, CohortExportStatus, DurationString, conditions};
use crate::domain::outcome::export::effective_interval;
use crate::domain::outcome::{lint, note, ready};
use crate::domain::{Reason, validate};
use crate::telemetry::metrics::ExportGauges;

/// Writes this status over the one that the export was read with, and tells of it.
///
/// # Errors
/// The API server is away or refuses, or the export was changed meanwhile.
pub async fn settle(
    ctx: &Context,
    export: &CohortExport,
    new: CohortExportStatus,
    action: Action,
) -> Result<Action, Error> {
    // On the heap, while it lasts: looks at exports are many at once.
    Box::pin(write(ctx, export, &new)).await?;
    Ok(action)
}

/// The same without an action: the export as it was written, if anything was.
pub async fn write(
    ctx: &Context,
    export: &CohortExport,
    new: &CohortExportStatus,
) -> Result<Option<CohortExport>, Error> {
    debug_assert_eq!(
        lint::export(new, export.metadata.generation),
        Vec::<String>::new()
    );
    let written = status::write(&ctx.client, export, export.status.as_ref(), new).await?;
    let before = export
        .status
        .as_ref()
        .map(|s| s.conditions.as_slice())
        .unwrap_or_default();
    if let Some(note) = note(before, &new.conditions, conditions::SYNCED) {
        let (namespace, name) = (export.namespace(), export.name_any());
        tracing::info!(namespace, name, reason = note.reason, "{}", note.message);
        let kind = if note.warning {
            EventType::Warning
        } else {
            EventType::Normal
        };
        ctx.events
            .publish(&export.object_ref(&()), kind, &note.reason, &note.message)
            .await;
    }
    gauges(ctx, export, new);
    Ok(written)
}

/// Seconds between the runs of a dynamic export.
fn interval(export: &CohortExport, status: &CohortExportStatus) -> Option<i64> {
    let asked = export
        .spec
        .interval
        .as_ref()
        .and_then(DurationString::parse);
    let asked = asked.unwrap_or(validate::DEFAULT_INTERVAL);
    effective_interval(status, export.spec.sync_type, asked).map(|i| i.as_secs())
}

fn gauges(ctx: &Context, export: &CohortExport, status: &CohortExportStatus) {
    let synced = conditions::find(&status.conditions, conditions::SYNCED);
    let ready = ready(&status.conditions);
    let gauges = ExportGauges {
        connector: export.spec.connector_ref.name.clone(),
        sync_type: Some(export.spec.sync_type),
        ready,
        synced: synced.is_some_and(|c| c.status == "True"),
        suspended: ready.is_some_and(|(_, reason)| reason == Reason::Suspended),
        members: status.last_run.as_ref().map(|r| r.exported),
        last_success: status.last_sync_time.as_ref().map(|t| t.0.as_second()),
        next_sync: status.next_sync_time.as_ref().map(|t| t.0.as_second()),
        effective_interval: interval(export, status),
    };
    ctx.metrics.objects().export(
        &export.namespace().unwrap_or_default(),
        &export.name_any(),
        &gauges,
    );
}
