//! A one-time export that the state holds as done: the object was restored from a backup, or
//! deleted and created again, and must not run a second time.

use super::lookup::list_header;
use super::{Done, Request};
use crate::api::{CohortExportStatus, SyncType};
use crate::domain::{ConnectorPlan, Counts, ExportPlan, Failure, Shape};
use crate::state::{OneTimeKey, OneTimeRecord, State};

/// What a one-time export is, and where its record is kept.
#[derive(Clone, Copy)]
pub struct OneTime<'a> {
    pub state: &'a State,
    pub connector: &'a ConnectorPlan,
    pub plan: &'a ExportPlan,
    pub shape: Shape,
}

impl<'a> OneTime<'a> {
    /// That of a run.
    pub fn of(state: &'a State, request: &'a Request) -> Self {
        Self {
            state,
            connector: &request.connector,
            plan: &request.export,
            shape: request.shape,
        }
    }

    /// `Some` where the state says that it is done, or can't say. Consulted only while status has no
    /// run of its own. `asked` is the token of the annotation.
    pub async fn already(
        &self,
        status: Option<&CohortExportStatus>,
        asked: Option<&str>,
    ) -> Option<Result<OneTimeRecord, Failure>> {
        let known = status.is_some_and(|s| s.last_run.is_some() || s.current_run.is_some());
        if self.plan.sync_type != SyncType::OneTime || known {
            return None;
        }
        let record = match self.state.one_time(&self.key()).await {
            Ok(record) => record?,
            Err(error) => return Some(Err(error.failure())),
        };
        if record.shape != self.shape.to_string() || asked.is_some_and(|t| !record.has_handled(t)) {
            return None;
        }
        // Another export may have written the list since.
        let destination = self.connector.destination(&record.segment_name);
        match list_header(self.state, &destination).await {
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

    /// Records a run that is done, and the token that it handled, before status says so.
    pub async fn record_run(&self, run_id: &str, handled: Option<&str>, done: &Done) {
        if self.plan.sync_type != SyncType::OneTime {
            return;
        }
        self.write(OneTimeRecord {
            shape: self.shape.to_string(),
            handled_token: handled.map(str::to_owned),
            earlier_tokens: Vec::new(),
            run_id: run_id.to_owned(),
            counts: done.counts.clone(),
            finished: jiff::Timestamp::now(),
            cohort_id: done.cohort.0,
            cohort_name: done.cohort.1.clone(),
            segment_name: done.segment.0.clone(),
            segment_id: done.segment.1.clone(),
        })
        .await;
    }

    /// Records a dynamic export that became a one-time one: what is there stays, without a run.
    pub async fn record_frozen(&self, status: &CohortExportStatus) {
        let (Some(run), Some(cohort), Some(segment)) =
            (&status.last_run, &status.cohort, &status.segment)
        else {
            return;
        };
        self.write(OneTimeRecord {
            shape: self.shape.to_string(),
            handled_token: status.last_handled_request.clone(),
            earlier_tokens: Vec::new(),
            run_id: run.id.clone(),
            counts: Counts::default(),
            finished: run.finished_time.0,
            cohort_id: cohort.id,
            cohort_name: cohort.name.clone(),
            segment_name: segment.name.clone(),
            segment_id: segment.id.clone(),
        })
        .await;
    }

    /// Without the record only a lost status would run the export again, so a failure is no reason
    /// to fail the run.
    async fn write(&self, mut record: OneTimeRecord) {
        let key = self.key();
        let written = async {
            if let Some(before) = self.state.one_time(&key).await? {
                record.remember(before);
            }
            self.state.record_one_time(&key, &record).await
        };
        if let Err(error) = written.await {
            let run = record.run_id;
            tracing::warn!(run, %error, "a finished one-time export isn't recorded: a restored object would run again");
        }
    }

    fn key(&self) -> OneTimeKey {
        OneTimeKey::of(self.connector, self.plan)
    }
}
