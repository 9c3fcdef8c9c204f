//! Holding the Lease: the check before each vendor write, renewal, loss and release.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{Election, Held, LeaseError, call, decision::still_held, gate::Gate};
use crate::state::boot_time;
use crate::telemetry::metrics::Metrics;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Held,
    Lost,
    /// Given back, or never contested.
    Settled,
}

/// That this process leads, or did. Clones share it; when the last one goes, renewal ends and the
/// Lease runs out by itself.
#[derive(Clone, Debug)]
pub struct Leadership {
    gate: Arc<Gate>,
    state: watch::Receiver<State>,
    stop: CancellationToken,
    uid: Option<Arc<str>>,
    _renewal: Option<Arc<AbortOnDropHandle<()>>>,
}

impl Leadership {
    /// Leads without a Lease (`--leader-elect=false`).
    #[must_use]
    pub fn unelected() -> Self {
        let gate = Gate::default();
        gate.open_until(Duration::MAX);
        Self {
            gate: Arc::new(gate),
            state: watch::channel(State::Settled).1,
            stop: CancellationToken::new(),
            uid: None,
            _renewal: None,
        }
    }

    /// True while no other process can lead. To be asked right before every vendor write: false
    /// means that none may start. It may become true again, when the API server was away and
    /// nobody took over meanwhile. Cheap, and without a lock.
    #[must_use]
    pub fn valid(&self) -> bool {
        self.gate.is_open(boot_time())
    }

    /// The Lease's uid, if there is a Lease: whose state is whose.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    /// Resolves when another process leads or led meanwhile, the Lease was deleted or renewal
    /// broke down: this process must end then. Never resolves once released.
    pub async fn lost(&self) {
        let mut state = self.state.clone();
        let ended = state
            .wait_for(|state| *state != State::Held)
            .await
            .map(|state| *state);
        if matches!(ended, Ok(State::Settled)) {
            std::future::pending::<()>().await;
        }
    }

    /// Gives the Lease back, so that another process need not wait for it to run out. No vendor
    /// write may be under way; none starts from now on. Takes at most a few calls' deadlines.
    pub async fn release(&self) {
        self.gate.shut();
        self.stop.cancel();
        // An error only says that renewal has ended already.
        let _ = self
            .state
            .clone()
            .wait_for(|state| *state != State::Held)
            .await;
    }
}

/// Starts to renew what was just taken.
pub(super) fn start(election: Election, held: Held, metrics: Arc<Metrics>) -> Leadership {
    let gate = Arc::new(Gate::default());
    gate.open_until(held.since + election.candidate.validity());
    metrics.leader(true);
    tracing::info!(identity = election.candidate.identity, "leading");
    let uid = held.lease.metadata.uid.as_deref().map(Into::into);
    let (told, state) = watch::channel(State::Held);
    let stop = CancellationToken::new();
    let renewal = Renewal {
        election,
        held,
        gate: Arc::clone(&gate),
        metrics,
    };
    let task = tokio::spawn(renewal.run(stop.clone(), told));
    let _renewal = Some(Arc::new(AbortOnDropHandle::new(task)));
    Leadership {
        gate,
        state,
        stop,
        uid,
        _renewal,
    }
}

struct Renewal {
    election: Election,
    held: Held,
    gate: Arc<Gate>,
    metrics: Arc<Metrics>,
}

impl Renewal {
    async fn run(mut self, stop: CancellationToken, told: watch::Sender<State>) {
        let ended = self.keep(stop).await;
        self.gate.shut();
        self.metrics.leader(false);
        if ended == State::Settled {
            self.give_back().await;
        }
        told.send_replace(ended);
    }

    /// Renews until told to stop, or until the Lease is lost.
    async fn keep(&mut self, stop: CancellationToken) -> State {
        let mut pause = self.election.candidate.renew_interval;
        let (mut failing, mut lapsed) = (false, false);
        loop {
            tokio::select! {
                () = stop.cancelled() => return State::Settled,
                () = sleep(pause) => {}
            }
            match self.renew().await {
                Ok(()) => {
                    if failing {
                        tracing::info!("the Lease is renewed again");
                    }
                    (failing, lapsed) = (false, false);
                    pause = self.election.candidate.renew_interval;
                }
                Err(LeaseError::Lost) => {
                    tracing::error!("lost the Lease: another controller leads, or it was deleted");
                    return State::Lost;
                }
                Err(error) => {
                    // Once for a row of failures.
                    if !failing {
                        tracing::warn!(%error, "the Lease isn't renewed; trying on");
                    }
                    failing = true;
                    pause = self.election.candidate.retry_interval;
                }
            }
            let leads = self.gate.is_open(boot_time());
            if !leads && !lapsed {
                tracing::warn!("leadership lapsed: no vendor write starts before it is renewed");
                lapsed = true;
            }
            self.metrics.leader(leads);
        }
    }

    async fn renew(&mut self) -> Result<(), LeaseError> {
        let deadline = self.deadline();
        match self
            .election
            .write(self.held.lease.clone(), true, deadline)
            .await
        {
            Ok(held) => {
                self.gate
                    .open_until(held.since + self.election.candidate.validity());
                self.held = held;
                Ok(())
            }
            Err(error) => {
                self.catch_up(&error).await?;
                Err(error)
            }
        }
    }

    /// After a write that wasn't taken: takes over the stored Lease if it is still ours.
    async fn catch_up(&mut self, error: &LeaseError) -> Result<(), LeaseError> {
        match error {
            LeaseError::Conflict => {}
            LeaseError::Api(kube::Error::Api(status)) if status.code == 404 => {
                return Err(LeaseError::Lost);
            }
            _ => return Ok(()),
        }
        let Election { api, candidate } = &self.election;
        let found = call(self.deadline(), api.get_opt(&candidate.name)).await?;
        match found {
            // Someone labelled it, or the answer to a renewal of ours got lost.
            Some(lease) if still_held(&self.held.lease, &lease) => {
                self.held.lease = lease;
                Ok(())
            }
            _ => Err(LeaseError::Lost),
        }
    }

    async fn give_back(&mut self) {
        let mut given = self.election.clear(&self.held.lease, self.deadline()).await;
        if let Err(error) = &given {
            given = match self.catch_up(error).await {
                Ok(()) => self.election.clear(&self.held.lease, self.deadline()).await,
                Err(error) => Err(error),
            };
        }
        match given {
            Ok(()) => tracing::info!("gave the Lease back"),
            Err(error) => tracing::warn!(%error, "the Lease isn't given back and must run out"),
        }
    }

    /// Shorter than what remains of the validity; once that is over, the usual one.
    fn deadline(&self) -> Duration {
        let usual = self.election.candidate.call_deadline();
        match self.gate.remaining(boot_time()) {
            Duration::ZERO => usual,
            remaining => usual.min(remaining),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_lease_it_leads_until_released() {
        let leadership = Leadership::unelected();
        assert!(leadership.valid() && leadership.uid().is_none());
        assert!(futures::poll!(std::pin::pin!(leadership.lost())).is_pending());
        leadership.release().await;
        assert!(!leadership.valid());
        assert!(futures::poll!(std::pin::pin!(leadership.lost())).is_pending());
    }
}
