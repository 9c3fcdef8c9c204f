//! The status after a run, whatever it ended with.

use jiff::Timestamp;

use super::{Finished, Write, done, words};
use crate::api::conditions::Status;
use crate::api::{CohortExportStatus, CurrentRun, Held, LastFailure, SyncType};
use crate::domain::failure::{Failure, Reason};
use crate::domain::schedule::{Why, seconds};
use crate::domain::shape::Shape;

impl Write<'_> {
    /// A run ended Synced or Completed.
    pub fn finished(
        &self,
        end: Finished,
        sync_type: SyncType,
        next: Option<Timestamp>,
    ) -> CohortExportStatus {
        let mut status = self.fresh();
        let message = words::accepted(&end.run, Some(&end.segment));
        status.last_attempt_time = Some(end.run.started_time.clone());
        status.last_sync_time = Some(end.run.finished_time.clone());
        status.next_sync_time = next.map(seconds);
        status.last_run = Some(end.run);
        status.cohort = Some(end.cohort);
        status.segment = Some(end.segment);
        status.last_handled_request = end.request.or(status.last_handled_request);
        status.current_run = None;
        status.restored_run = None;
        status.last_failure = None;
        status.held = None;
        status.consecutive_failures = None;
        self.synced(&mut status, Status::True, done(sync_type), &message);
        self.ready(&mut status, Status::True, done(sync_type), &message);
        status
    }

    /// A run failed. A list that CleverTap accepted earlier stays in force there.
    pub fn failed(
        &self,
        run: &CurrentRun,
        failure: &Failure,
        failures: i32,
        next: Timestamp,
    ) -> CohortExportStatus {
        let mut status = self.ended(run, failure.reason, next);
        status.consecutive_failures = Some(failures);
        self.troubled(&mut status, failure);
        status
    }

    /// A guard holds the run. The hold keeps its id while its loss is no greater, so that a release
    /// that a person is writing just now still names it; one that was released and is held all the
    /// same is another hold.
    pub fn held(
        &self,
        run: &CurrentRun,
        reason: Reason,
        hold: Held,
        next: Timestamp,
    ) -> CohortExportStatus {
        let mut status = self.ended(run, reason, next);
        let kept = self.old.held.as_ref().filter(|old| {
            hold.removed <= old.removed
                && Shape::of_run(&old.id) == Shape::of_run(&run.id)
                && run.reason != Why::Released.as_str()
        });
        let hold = match kept {
            Some(old) => Held {
                id: old.id.clone(),
                since: old.since.clone(),
                ..hold
            },
            None => hold,
        };
        let message = words::held(reason, &hold);
        status.held = Some(hold);
        self.synced(&mut status, Status::False, reason, &message);
        self.ready(&mut status, Status::False, reason, &message);
        status
    }

    /// A run stopped before a vendor write, since the object changed or was suspended. Its token,
    /// if any, still asks.
    pub fn stopped(&self, run: &CurrentRun) -> CohortExportStatus {
        let mut status = self.old.clone();
        status.last_failure = Some(failure_of(run, Reason::RunInterrupted, self.now));
        status.current_run = None;
        status
    }

    fn ended(&self, run: &CurrentRun, reason: Reason, next: Timestamp) -> CohortExportStatus {
        let mut status = self.fresh();
        status.last_attempt_time = Some(run.started_time.clone());
        status.next_sync_time = Some(seconds(next));
        status.last_failure = Some(failure_of(run, reason, self.now));
        status.last_handled_request = run.request.clone().or(status.last_handled_request);
        status.current_run = None;
        status
    }
}

fn failure_of(run: &CurrentRun, reason: Reason, now: Timestamp) -> LastFailure {
    LastFailure {
        run_id: run.id.clone(),
        reason: reason.as_str().to_owned(),
        time: seconds(now),
    }
}
