//! The work of a claimed run, within its deadline.

use std::time::Duration;

use super::{Confirmed, Done, Gate, Request, RunError, Tools, confirm, run};
use crate::domain::{Failure, Reason};

/// What a run brought.
pub enum Outcome {
    Done(Box<Done>),
    /// The confirming upload of a one-time list.
    Confirmed(Confirmed),
    Error(RunError),
}

/// Exports what is asked for; where `confirming` names the one-time run that created profiles, sends
/// its list once more instead.
pub async fn work(
    tools: &Tools<'_>,
    request: &Request,
    confirming: Option<&str>,
    gate: &Gate<'_>,
    deadline: Duration,
) -> Outcome {
    let working = async {
        match confirming {
            Some(of) => confirm(tools, request, of, gate)
                .await
                .map(Outcome::Confirmed),
            None => (run(tools, request, gate).await).map(|done| Outcome::Done(Box::new(done))),
        }
    };
    match tokio::time::timeout(deadline, working).await {
        Ok(ended) => ended.unwrap_or_else(Outcome::Error),
        Err(_) => {
            let run = &request.run_id;
            let message = format!("The run {run} took longer than --run-deadline.");
            Outcome::Error(Failure::new(Reason::RunInterrupted, message).into())
        }
    }
}
