//! The status of a `CohortExport` after each thing that can happen to it.

mod ends;
mod stretched;
mod words;

use jiff::Timestamp;

use stretched::unstretched;
pub use stretched::{effective_interval, next_shown};

use super::Verdict;
use crate::api::conditions::{self, READY, SYNCED, Status};
use crate::api::{CohortExportStatus, CohortStatus, CurrentRun, LastRun, SegmentStatus, SyncType};
use crate::domain::failure::{Failure, Reason};
use crate::domain::schedule::{Why, seconds};

/// The old status, and what the new one speaks of.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    pub old: &'a CohortExportStatus,
    pub generation: i64,
    pub now: Timestamp,
}

/// A run that ended well.
#[derive(Clone, Debug)]
pub struct Finished {
    pub run: LastRun,
    pub cohort: CohortStatus,
    pub segment: SegmentStatus,
    /// The token that it handled.
    pub request: Option<String>,
}

impl Write<'_> {
    /// `spec.suspend`, here or on the connector: keeps what it said.
    pub fn suspended(&self) -> CohortExportStatus {
        let message = "Suspended: no runs until spec.suspend is false, here and on the connector.";
        let mut status = self.fresh();
        unstretched(&mut status);
        status.next_sync_time = None;
        let said = conditions::find(&status.conditions, SYNCED).map(|c| c.reason.as_str());
        if matches!(said, None | Some("Exporting" | "Queued")) {
            self.synced(&mut status, Status::Unknown, Reason::Suspended, message);
        }
        self.ready(&mut status, Status::True, Reason::Suspended, message);
        status
    }

    /// Something stands in the way before a run: a bad spec, an unready connector, a conflict.
    pub fn blocked(&self, failure: &Failure) -> CohortExportStatus {
        let mut status = self.fresh();
        unstretched(&mut status);
        status.next_sync_time = None;
        self.troubled(&mut status, failure);
        status
    }

    /// The first run, or the first of a new shape, waits for its turn; until when, where that is
    /// known.
    pub fn queued(&self, message: &str, next: Option<Timestamp>) -> CohortExportStatus {
        let mut status = self.fresh();
        status.next_sync_time = next.map(seconds);
        status.held = None;
        self.synced(&mut status, Status::Unknown, Reason::Queued, message);
        self.ready(&mut status, Status::Unknown, Reason::Queued, message);
        status
    }

    /// The claim of a run. Only a first run, or one of a new shape, changes what the conditions say
    /// (and what an old shape's run was held for is no matter); any other keeps the old generation
    /// until it ends, so that nobody trusts an old Ready.
    pub fn claimed(&self, run: CurrentRun, first: bool) -> CohortExportStatus {
        let suspended = Some(Reason::Suspended.as_str());
        let silent = matches!(self.reason(SYNCED), None | Some("Suspended"));
        let mut status = if first || silent {
            self.fresh()
        } else {
            self.old.clone()
        };
        status.last_attempt_time = Some(run.started_time.clone());
        status.next_sync_time = None;
        status.current_run = Some(run);
        if first {
            status.held = None;
        }
        if first || silent {
            let message = "The first export of this cohort to this segment is under way.";
            self.synced(&mut status, Status::Unknown, Reason::Exporting, message);
            self.ready(&mut status, Status::Unknown, Reason::Exporting, message);
        } else if self.reason(READY) == suspended {
            self.restate(&mut status);
        }
        status
    }

    /// Nothing is due: says again what the last run ended with, once whatever hid it has passed. A
    /// dynamic export that became a one-time one is Completed by what is there.
    pub fn settled(&self, sync_type: SyncType, next: Option<Timestamp>) -> CohortExportStatus {
        let mut status = self.fresh();
        if sync_type == SyncType::OneTime {
            unstretched(&mut status);
        }
        status.next_sync_time = next.map(seconds);
        if let (None, Some(run)) = (&status.last_failure, &mut status.last_run) {
            let was_dynamic = self.reason(SYNCED) == Some(Reason::Synced.as_str());
            if sync_type == SyncType::OneTime && was_dynamic {
                run.reason = Why::Frozen.as_str().to_owned();
            }
            let message = words::accepted(run, status.segment.as_ref());
            self.synced(&mut status, Status::True, done(sync_type), &message);
            self.ready(&mut status, Status::True, done(sync_type), &message);
            return status;
        }
        // Synced may have stayed True beside a failure that Ready tells.
        let failed = status.last_failure.as_ref().map(|f| f.reason.as_str());
        if failed.is_none() || self.reason(READY) != failed {
            self.restate(&mut status);
        }
        status
    }

    /// The state holds this one-time export as done: no vendor call was made.
    pub fn already_exported(
        &self,
        cohort: CohortStatus,
        segment: SegmentStatus,
        run: String,
        token: Option<String>,
    ) -> CohortExportStatus {
        let message = "This one-time export was done before the object was restored or re-created; \
                       ask for another run by the annotation mixtap.dev/requested-at.";
        let mut status = self.fresh();
        status.next_sync_time = None;
        status.current_run = None;
        status.cohort = Some(cohort);
        status.segment = Some(segment);
        status.restored_run = Some(run);
        status.last_failure = None;
        status.held = None;
        status.consecutive_failures = None;
        status.last_handled_request = token.or(status.last_handled_request);
        self.synced(&mut status, Status::True, Reason::AlreadyExported, message);
        self.ready(&mut status, Status::True, Reason::AlreadyExported, message);
        status
    }

    /// A run that its controller left behind more than once waits before the next attempt.
    pub fn interrupted(&self, attempts: i32, next: Timestamp) -> CohortExportStatus {
        let message = format!(
            "The controller ended in the middle of this run {attempts} times; the next attempt waits."
        );
        let mut status = self.fresh();
        status.next_sync_time = Some(seconds(next));
        self.synced(&mut status, Status::False, Reason::RunInterrupted, &message);
        self.ready(&mut status, Status::False, Reason::RunInterrupted, &message);
        status
    }

    /// The old status under the new generation: kept conditions speak of it too.
    fn fresh(&self) -> CohortExportStatus {
        let mut status = self.old.clone();
        status.observed_generation = Some(self.generation);
        for condition in &mut status.conditions {
            condition.observed_generation = Some(self.generation);
        }
        status
    }

    /// Both conditions after something went wrong. A list that was accepted stays so while the
    /// connector is away.
    fn troubled(&self, status: &mut CohortExportStatus, failure: &Failure) {
        let (reason, message) = (failure.reason, failure.message.as_str());
        let accepted =
            conditions::find(&status.conditions, SYNCED).is_some_and(|c| c.status == "True");
        match reason {
            Reason::ConnectorNotReady if accepted => {}
            Reason::ConnectorNotReady => self.synced(status, Status::Unknown, reason, message),
            _ => self.synced(status, Status::False, reason, message),
        }
        self.ready(status, Status::False, reason, message);
    }

    /// `Ready` says what `Synced` does; both say why the last run failed where `Synced` says
    /// nothing.
    fn restate(&self, status: &mut CohortExportStatus) {
        if let Some(synced) = conditions::find(&status.conditions, SYNCED).cloned() {
            let reason = Reason::parse(&synced.reason).unwrap_or(Reason::RunInterrupted);
            self.ready(status, Status::of(&synced), reason, &synced.message);
        } else {
            let failure = status.last_failure.as_ref();
            let reason = failure.and_then(|f| Reason::parse(&f.reason));
            let reason = reason.unwrap_or(Reason::RunInterrupted);
            self.troubled(status, &Failure::new(reason, reason.meaning()));
        }
    }

    fn reason(&self, kind: &str) -> Option<&str> {
        conditions::find(&self.old.conditions, kind).map(|c| c.reason.as_str())
    }

    fn synced(
        &self,
        status: &mut CohortExportStatus,
        value: Status,
        reason: Reason,
        message: &str,
    ) {
        let now = seconds(self.now);
        conditions::set(
            &mut status.conditions,
            SYNCED,
            value,
            reason.as_str(),
            message,
            self.generation,
            now,
        );
    }

    fn ready(&self, status: &mut CohortExportStatus, ready: Status, reason: Reason, message: &str) {
        Verdict {
            ready,
            reason,
            message,
        }
        .write(&mut status.conditions, self.generation, self.now);
    }
}

fn done(sync_type: SyncType) -> Reason {
    match sync_type {
        SyncType::OneTime => Reason::Completed,
        SyncType::Dynamic => Reason::Synced,
    }
}
