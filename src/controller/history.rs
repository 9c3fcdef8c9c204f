//! What is remembered of a run that ended, so that people can ask later.

use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::time::timeout;

use super::claim::Claim;
use super::context::Context;
use super::tell::reason;
use crate::api::{CohortExport, CohortExportStatus, Held, conditions};
use crate::domain::Reason;
use crate::domain::schedule::seconds;
use crate::export::{Confirmed, Outcome, RunError, count};
use crate::state::{ExportKey, PastCounts, PastRun, day};

/// The history is worth no more of a run's time.
const DEADLINE: Duration = Duration::from_secs(5);

/// How the state names this object.
pub fn key(export: &CohortExport) -> ExportKey {
    ExportKey {
        namespace: export.namespace().unwrap_or_default(),
        name: export.name_any(),
        uid: export.uid().unwrap_or_default(),
    }
}

/// Remembers a run that changed something, or was the first to end today. Nothing depends on it,
/// so a failure is no reason to fail the run.
pub async fn remember(ctx: &Context, claim: &Claim, outcome: &Outcome, now: Timestamp) {
    let Some(run) = past(claim, outcome, now) else {
        return;
    };
    let export = key(&claim.export);
    let failure = match timeout(DEADLINE, ctx.state.remember(&export, run)).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the state store didn't answer in time".to_owned(),
    };
    tracing::warn!(
        run = claim.run.id,
        failure,
        "the run is missing from the history"
    );
}

/// The run as it is remembered; `None` where it hasn't ended, or brought nothing new today.
fn past(claim: &Claim, outcome: &Outcome, now: Timestamp) -> Option<PastRun> {
    if matches!(outcome, Outcome::Error(RunError::Stopped(_))) {
        // It goes on later.
        return None;
    }
    let reason = reason(claim, outcome)?.as_str();
    let before = claim.export.status.clone().unwrap_or_default();
    let sent = match outcome {
        Outcome::Done(done) => done.counts.uploaded,
        Outcome::Confirmed(confirmed) => *confirmed == Confirmed::Uploaded,
        Outcome::Error(_) => false,
    };
    let changed = news(&before, reason, sent, now)?;
    Some(PastRun {
        id: claim.run.id.clone(),
        reason: claim.run.reason.clone(),
        started_time: claim.run.started_time.0,
        finished_time: seconds(now).0,
        outcome: reason.to_owned(),
        changed,
        counts: match outcome {
            Outcome::Done(done) => Some(PastCounts::from(&done.counts)),
            _ => None,
        },
        held: held(claim, outcome, now),
    })
}

/// Whether the run changed something: a list was sent, or it ended otherwise than the one before.
/// `None` where it didn't, and isn't the first to end today.
fn news(before: &CohortExportStatus, outcome: &str, sent: bool, now: Timestamp) -> Option<bool> {
    let changed = sent || last_outcome(before) != Some(outcome);
    let today = last_end(before).is_some_and(|end| day(end) == day(now));
    (changed || !today).then_some(changed)
}

/// What the run before brought; one that was interrupted brought nothing.
fn last_outcome(status: &CohortExportStatus) -> Option<&str> {
    let failed = status
        .last_failure
        .as_ref()
        .map(|last| last.reason.as_str());
    let failed = failed.filter(|reason| *reason != Reason::RunInterrupted.as_str());
    let synced = conditions::find(&status.conditions, conditions::SYNCED);
    failed.or(synced.map(|condition| condition.reason.as_str()))
}

/// When the run before ended.
fn last_end(status: &CohortExportStatus) -> Option<Timestamp> {
    let well = status.last_run.as_ref().map(|run| run.finished_time.0);
    let failed = status.last_failure.as_ref().map(|last| last.time.0);
    well.max(failed)
}

fn held(claim: &Claim, outcome: &Outcome, now: Timestamp) -> Option<Held> {
    let Outcome::Error(RunError::Held {
        previous,
        members,
        removed,
        ..
    }) = outcome
    else {
        return None;
    };
    Some(Held {
        id: claim.run.id.clone(),
        since: seconds(now),
        previous: count(*previous),
        members: count(*members),
        removed: count(*removed),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Synced at 23:00, and failed since where a reason says so.
    fn before(failed: Option<&str>) -> CohortExportStatus {
        let run = json!({
            "id": "r", "reason": "Scheduled", "startedTime": "2026-01-01T22:59:00Z",
            "finishedTime": "2026-01-01T23:00:00Z", "generation": 1, "members": 1, "exported": 1,
            "added": 0, "removed": 0, "unchanged": 1, "skippedAnonymous": 0, "skippedNoIdentity": 0,
            "duplicates": 0, "profilesCreated": 0, "profilesRejected": 0, "uploaded": false,
        });
        let failure = failed.map(
            |reason| json!({ "runId": "f", "reason": reason, "time": "2026-01-01T23:30:00Z" }),
        );
        let reason = failed.filter(|reason| *reason != "RunInterrupted");
        let status = json!({
            "lastRun": run, "lastFailure": failure,
            "conditions": [{ "type": "Synced", "status": "True", "message": "",
                "reason": reason.unwrap_or("Synced"), "lastTransitionTime": "2026-01-01T23:00:00Z" }],
        });
        serde_json::from_value(status).unwrap()
    }

    #[test]
    fn a_run_is_news_once_or_once_a_day() {
        for (failed, outcome, sent, at, expected) in [
            (None, "Synced", false, "2026-01-01T23:59:59Z", None),
            (None, "Synced", true, "2026-01-01T23:59:59Z", Some(true)),
            (None, "Synced", false, "2026-01-02T00:00:00Z", Some(false)),
            (None, "HeldEmpty", false, "2026-01-01T23:59:59Z", Some(true)),
            (
                Some("HeldEmpty"),
                "HeldEmpty",
                false,
                "2026-01-01T23:59:59Z",
                None,
            ),
            (
                Some("HeldEmpty"),
                "HeldEmpty",
                false,
                "2026-01-02T00:00:00Z",
                Some(false),
            ),
            (
                Some("HeldEmpty"),
                "Synced",
                false,
                "2026-01-01T23:59:59Z",
                Some(true),
            ),
            (
                Some("RunInterrupted"),
                "Synced",
                false,
                "2026-01-01T23:59:59Z",
                None,
            ),
        ] {
            let found = news(&before(failed), outcome, sent, at.parse().unwrap());
            assert_eq!(found, expected, "{failed:?} {outcome} {sent} {at}");
        }
        let first = CohortExportStatus::default();
        let now = "2026-01-01T23:59:59Z".parse().unwrap();
        assert_eq!(news(&first, "Synced", false, now), Some(true));
    }
}
