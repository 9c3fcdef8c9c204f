//! One run of an export: claimed in the state, done, and told to the state.

use jiff::Timestamp;

use super::report::Line;
use crate::api::CohortExportStatus;
use crate::domain::Destination;
use crate::domain::outcome::export::Write;
use crate::export::{
    self, Claimed, Gate, OneTime, Outcome, Progress, Request, RunError, Shared, Stop, Tools, seat,
};
use crate::local::lists::{Hold, Lists};
use crate::local::lock::Until;
use crate::local::pass::{self, Task};
use crate::local::session::Session;
use crate::local::world::{Connector, Export};
use crate::state::StateError;
use std::sync::{Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// What all runs of a pass share.
pub struct Pass<'a> {
    pub session: &'a Session,
    pub lists: &'a Lists,
    /// Until when the lock is ours.
    pub until: &'a Until,
    /// Cancelled when the process is asked to end.
    pub shutdown: &'a CancellationToken,
}

/// How a run ended.
pub struct Ended {
    pub line: Line,
    /// When the query budget may permit it, where it wasn't run for want of one.
    pub waits: Option<Timestamp>,
    /// A vendor refused the credentials.
    pub refused: bool,
}

impl Pass<'_> {
    fn may_write(&self) -> Result<(), Stop> {
        match (self.until.valid(), self.shutdown.is_cancelled()) {
            (false, _) => Err(Stop::LeaseLost),
            (true, true) => Err(Stop::Shutdown),
            (true, false) => Ok(()),
        }
    }

    /// Runs an export that is due.
    ///
    /// # Errors
    /// The state can't be written.
    pub async fn run(
        &self,
        export: &mut Export,
        connector: &Connector,
        task: &Task,
        shared: Option<Shared>,
        progress: &Progress,
    ) -> Result<Ended, StateError> {
        if let Err(stop) = self.may_write() {
            return Ok(Ended::of(Line::stopped(export, stop)));
        }
        let (old, generation) = (export.record.status.clone(), export.record.generation);
        let write = Write {
            old: &old,
            generation,
            now: Timestamp::now(),
        };
        let claimed = write.claimed(task.run.clone(), task.first);
        export.keep(&self.session.state, claimed.clone()).await?;
        let outcome = self
            .work(export, connector, task, &old, shared, progress)
            .await;
        let now = Timestamp::now();
        if let Outcome::Error(RunError::Stopped(stop @ (Stop::LeaseLost | Stop::LeaseLapsed))) =
            outcome
        {
            // The state isn't ours to write any more: whoever holds it resumes the run.
            return Ok(Ended::of(Line::stopped(export, stop)));
        }
        if let Outcome::Error(RunError::Queued { retry_after }) = outcome {
            let until = now.checked_add(retry_after).unwrap_or(now);
            let status = match task.first {
                true => Write { now, ..write }.queued(WAITS, Some(until)),
                false => old.clone(),
            };
            export.keep(&self.session.state, status).await?;
            return Ok(Ended {
                waits: Some(until),
                ..Ended::of(Line::queued(export, until))
            });
        }
        let ready = &task.ready;
        if let Outcome::Done(done) = &outcome {
            let once = OneTime {
                state: &self.session.state,
                connector: &ready.connector,
                plan: &ready.plan,
                shape: ready.shape,
            };
            let token = task.run.request.as_deref();
            once.record_run(&task.run.id, token, done).await;
        }
        let ended = Claimed {
            run: &task.run,
            plan: &ready.plan,
            group: &ready.group,
            connector: &connector.id.name,
        };
        let status = export::next_status(&ended, &outcome, &claimed, now);
        tracing::info!(export = %export.id, run = task.run.id, why = task.run.reason, "a run ended");
        export.keep(&self.session.state, status).await?;
        let refused = matches!(outcome, Outcome::Error(RunError::CredentialsRefused { .. }));
        Ok(Ended {
            refused,
            ..Ended::of(Line::ran(export, &outcome))
        })
    }

    async fn work(
        &self,
        export: &Export,
        connector: &Connector,
        task: &Task,
        status: &CohortExportStatus,
        shared: Option<Shared>,
        progress: &Progress,
    ) -> Outcome {
        let (session, ready) = (self.session, &task.ready);
        let credentials = match &connector.credentials {
            Ok(credentials) => credentials,
            // A pass runs no export of such a connector.
            Err(failure) => return Outcome::Error(failure.clone().into()),
        };
        let (uid, plan) = (connector.id.uid(), &ready.connector);
        let budget = session.budgets.of(&seat(plan, &uid));
        let mixpanel = session.clients.mixpanel(plan, credentials, budget);
        let clevertap = session.clients.clevertap(plan, &uid, credentials);
        let tools = Tools {
            mixpanel: &mixpanel,
            clevertap: &clevertap,
            state: &session.state,
            lists: &session.lists,
            reads: &session.reads,
            key: &session.key,
            scratch: &session.scratch,
            progress,
        };
        let uid = export.id.uid();
        let hold = Mutex::new(None::<Hold<'_>>);
        let resolved = |list: &Destination| {
            let held = self.lists.resolve(&uid, list)?;
            *hold.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
            Ok(())
        };
        let write = |_: &Destination| self.may_write();
        let gate = Gate {
            resolved: &resolved,
            write: &write,
            read: &|| {},
        };
        let request = Request {
            shared: shared.filter(|_| pass::reads(task)),
            ..Request::of(&task.run.id, plan, &ready.plan, status, export.release())
        };
        let confirming = export::confirming(&task.run, status);
        let deadline = session.run_deadline;
        let outcome = export::work(&tools, &request, confirming, &gate, deadline).await;
        if let Outcome::Done(_) = outcome {
            // While the list is held: whoever waits for it must find it taken.
            self.lists.wrote(&uid);
        }
        outcome
    }
}

/// Why a first run hasn't begun.
const WAITS: &str = "Waits for the Mixpanel project's query budget.";

impl Ended {
    fn of(line: Line) -> Self {
        Self {
            line,
            waits: None,
            refused: false,
        }
    }
}
