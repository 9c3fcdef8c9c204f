//! From what a run brought to the export's next status.

use jiff::Timestamp;

use super::work::Outcome;
use super::{Done, RunError};
use crate::api::{
    CohortExportStatus, CohortStatus, CurrentRun, Held, LastRun, SegmentStatus, SyncType,
};
use crate::domain::outcome::export::{Finished, Write};
use crate::domain::schedule::{self, Why, seconds};
use crate::domain::{Counts, ExportPlan, Failure, Reason};

/// A run that was claimed, whose end is to be told.
#[derive(Clone, Copy)]
pub struct Claimed<'a> {
    pub run: &'a CurrentRun,
    pub plan: &'a ExportPlan,
    /// As [`schedule::group`] makes it.
    pub group: &'a str,
    /// Name of the connector.
    pub connector: &'a str,
}

/// The status after this outcome. `old` is the live one, `now` the time when the run ended.
pub fn next_status(
    claim: &Claimed<'_>,
    outcome: &Outcome,
    old: &CohortExportStatus,
    now: Timestamp,
) -> CohortExportStatus {
    let write = Write {
        old,
        generation: claim.run.generation,
        now,
    };
    let slot = slot(claim, now);
    match outcome {
        Outcome::Done(done) => {
            let end = finished(claim, done, now);
            // A completed one-time export runs never again of itself.
            let next = (claim.plan.sync_type == SyncType::Dynamic).then_some(slot);
            write.finished(end, claim.plan.sync_type, next)
        }
        Outcome::Confirmed(_) => {
            let (Some(run), Some(cohort), Some(segment)) = (
                old.last_run.clone(),
                old.cohort.clone(),
                old.segment.clone(),
            ) else {
                return write.stopped(claim.run);
            };
            let run = LastRun {
                id: claim.run.id.clone(),
                reason: Why::Confirming.as_str().to_owned(),
                started_time: claim.run.started_time.clone(),
                finished_time: seconds(now),
                ..run
            };
            write.finished(
                Finished {
                    run,
                    cohort,
                    segment,
                    request: claim.run.request.clone(),
                },
                claim.plan.sync_type,
                None,
            )
        }
        Outcome::Error(RunError::Held {
            reason,
            previous,
            members,
            removed,
            ..
        }) => {
            let hold = Held {
                id: claim.run.id.clone(),
                since: seconds(now),
                previous: count(*previous),
                members: count(*members),
                removed: count(*removed),
            };
            write.held(claim.run, *reason, hold, slot)
        }
        Outcome::Error(RunError::Failed(failure)) => failed(&write, claim, failure, slot),
        Outcome::Error(RunError::CredentialsRefused { failure, .. }) => {
            let message = format!(
                "CleverTapConnector {}: {}",
                claim.connector, failure.message
            );
            let failure = Failure {
                reason: Reason::ConnectorNotReady,
                message,
                retry_after: failure.retry_after,
            };
            failed(&write, claim, &failure, slot)
        }
        Outcome::Error(RunError::Stopped(_) | RunError::Queued { .. }) => write.stopped(claim.run),
    }
}

fn failed(
    write: &Write<'_>,
    claim: &Claimed<'_>,
    failure: &Failure,
    slot: Timestamp,
) -> CohortExportStatus {
    let before = write.old.consecutive_failures.unwrap_or(0);
    let failures = before.saturating_add(1);
    let next = schedule::retry_at(
        failure.reason,
        failures,
        failure.retry_after,
        slot,
        write.now,
    );
    write.failed(claim.run, failure, failures, next)
}

/// The slot after this run.
fn slot(claim: &Claimed<'_>, now: Timestamp) -> Timestamp {
    let interval = claim.plan.interval;
    let after = (claim.run.started_time.0 + interval / 2).max(now);
    schedule::slot_from(after, interval, claim.group)
}

fn finished(claim: &Claimed<'_>, done: &Done, now: Timestamp) -> Finished {
    let counts: &Counts = &done.counts;
    let run = LastRun {
        id: claim.run.id.clone(),
        reason: claim.run.reason.clone(),
        started_time: claim.run.started_time.clone(),
        finished_time: seconds(now),
        generation: claim.run.generation,
        members: count(counts.members),
        exported: count(counts.exported),
        added: count(counts.added),
        removed: count(counts.removed),
        unchanged: count(counts.unchanged),
        skipped_anonymous: count(counts.skipped_anonymous),
        skipped_no_identity: count(counts.skipped_no_identity),
        duplicates: count(counts.duplicates),
        profiles_created: count(counts.profiles_created),
        profiles_rejected: count(counts.profiles_rejected),
        profiles_pending: count(counts.profiles_pending),
        rejected_codes: counts.rejected_codes.clone(),
        uploaded: counts.uploaded,
    };
    let (id, name) = done.cohort.clone();
    let (segment, segment_id) = done.segment.clone();
    Finished {
        run,
        cohort: CohortStatus { id, name },
        segment: SegmentStatus {
            name: segment,
            id: segment_id,
        },
        request: claim.run.request.clone(),
    }
}

/// A count as status holds it.
pub fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
