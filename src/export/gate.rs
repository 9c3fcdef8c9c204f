//! Whether a run may go on: its caller knows.

use std::sync::Mutex;
use std::time::Duration;

use super::{RunError, refusal};
use crate::clevertap;
use crate::domain::{Destination, Failure};
use crate::http::Stopped;

/// How long a lapsed lease is waited for; an hour's read is not given up for a short outage.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Why a run must end before its next vendor write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The export or its connector is suspended.
    #[error("the export or its connector is suspended")]
    Suspended,
    /// The export was deleted.
    #[error("the export was deleted")]
    Gone,
    /// Another process leads.
    #[error("another controller leads")]
    LeaseLost,
    /// Our lease expired and nobody is known to have taken it: waited for, five minutes at most.
    #[error("the Lease lapsed")]
    LeaseLapsed,
    /// The process ends.
    #[error("the controller ends")]
    Shutdown,
    /// The spec isn't any more what is being exported.
    #[error("the spec changed")]
    Changed,
}

/// What the caller is asked and told on the way. All answer at once, from memory.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// Once the list is known by name: whether it is this export's to write.
    pub resolved: &'a (dyn Fn(&Destination) -> Result<(), Failure> + Send + Sync),
    /// Before every attempt of a vendor write, and between the pages of a read.
    pub write: &'a (dyn Fn(&Destination) -> Result<(), Stop> + Send + Sync),
    /// Once all members are read and add up: the run needs Mixpanel's pages no more.
    pub read: &'a (dyn Fn() + Send + Sync),
}

/// The gate of one list, in the clients' terms: it keeps why it said no.
pub(super) struct Watch<'a> {
    gate: &'a Gate<'a>,
    list: &'a Destination,
    stop: Mutex<Stop>,
    patience: Duration,
}

impl<'a> Watch<'a> {
    pub(super) fn new(gate: &'a Gate<'a>, list: &'a Destination) -> Self {
        Self {
            gate,
            list,
            // Only read after a no, which replaces it.
            stop: Mutex::new(Stop::Shutdown),
            patience: PATIENCE,
        }
    }

    /// For a write.
    pub(super) fn write(&self) -> Result<(), Stopped> {
        (self.gate.write)(self.list).map_err(|stop| self.note(stop))
    }

    /// For a read, which needs no lease.
    pub(super) fn read(&self) -> Result<(), Stopped> {
        match (self.gate.write)(self.list) {
            Ok(()) | Err(Stop::LeaseLapsed) => Ok(()),
            Err(stop) => Err(self.note(stop)),
        }
    }

    /// Why the gate said no.
    pub(super) fn stop(&self) -> Stop {
        *self.stop.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Waits for a lapsed lease.
    pub(super) async fn open(&self) -> Result<(), RunError> {
        let wait = async {
            loop {
                match (self.gate.write)(self.list) {
                    Ok(()) => return Ok(()),
                    Err(Stop::LeaseLapsed) => tokio::time::sleep(LOOK_AGAIN).await,
                    Err(stop) => return Err(RunError::Stopped(stop)),
                }
            }
        };
        tokio::time::timeout(self.patience, wait)
            .await
            .unwrap_or(Err(RunError::Stopped(Stop::LeaseLapsed)))
    }

    /// For the state after a write, which nothing but the lease can stop any more: another leader
    /// may have replaced the list since, and then the state is about that one.
    pub(super) async fn leads(&self) -> Result<(), RunError> {
        match self.open().await {
            Err(RunError::Stopped(stop @ (Stop::LeaseLost | Stop::LeaseLapsed))) => {
                Err(RunError::Stopped(stop))
            }
            _ => Ok(()),
        }
    }

    fn note(&self, stop: Stop) -> Stopped {
        *self.stop.lock().unwrap_or_else(|e| e.into_inner()) = stop;
        Stopped
    }
}

/// A write once the gate is open, and again if it was stopped by a lease that lapsed meanwhile.
pub(super) async fn patiently<T, F>(watch: &Watch<'_>, write: impl Fn() -> F) -> Result<T, RunError>
where
    F: Future<Output = Result<T, clevertap::Error>>,
{
    loop {
        watch.open().await?;
        match write().await {
            Err(clevertap::Error::Stopped) if watch.stop() == Stop::LeaseLapsed => {}
            done => return done.map_err(|error| refusal::writing(error, watch.stop())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn list() -> Destination {
        Destination {
            host: "api.example.com".into(),
            project: "TEST-1".into(),
            segment: "one".into(),
        }
    }

    #[tokio::test]
    async fn a_lapsed_lease_is_waited_for_and_a_lost_one_is_not() {
        let asked = AtomicU32::new(0);
        let (list, resolved) = (list(), |_: &Destination| Ok(()));
        let answers = |_: &Destination| match asked.fetch_add(1, Ordering::Relaxed) {
            0..3 => Err(Stop::LeaseLapsed),
            3 => Ok(()),
            4.. => Err(Stop::LeaseLost),
        };
        let gate = Gate {
            resolved: &resolved,
            write: &answers,
            read: &|| {},
        };
        let watch = Watch::new(&gate, &list);
        assert_eq!(watch.write(), Err(Stopped));
        assert_eq!(watch.stop(), Stop::LeaseLapsed);
        assert_eq!(watch.read(), Ok(()));
        assert_eq!(watch.open().await, Ok(()));
        let lost = Err(RunError::Stopped(Stop::LeaseLost));
        assert_eq!(watch.open().await, lost);
        assert_eq!(watch.leads().await, lost);
        assert_eq!(watch.read(), Err(Stopped));
        assert_eq!(watch.stop(), Stop::LeaseLost);
    }

    #[tokio::test]
    async fn patience_ends() {
        let list = list();
        let gate = Gate {
            resolved: &|_| Ok(()),
            write: &|_| Err(Stop::LeaseLapsed),
            read: &|| {},
        };
        let watch = Watch {
            patience: Duration::from_millis(10),
            ..Watch::new(&gate, &list)
        };
        let stopped = Err(RunError::Stopped(Stop::LeaseLapsed));
        assert_eq!(watch.open().await, stopped);
        assert_eq!(watch.leads().await, stopped);
    }

    #[tokio::test]
    async fn what_is_done_is_noted_by_a_leader_whatever_else_stops() {
        let list = list();
        let gate = Gate {
            resolved: &|_| Ok(()),
            write: &|_| Err(Stop::Suspended),
            read: &|| {},
        };
        let watch = Watch::new(&gate, &list);
        assert_eq!(watch.leads().await, Ok(()));
    }
}
