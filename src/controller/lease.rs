//! Leader election by a `coordination.k8s.io/v1` Lease, written by compare-and-swap on its
//! `resourceVersion` and judged by locally observed time only.

mod decision;
mod gate;
mod leadership;

use std::{
    future::Future,
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
    time::Duration,
};

use k8s_openapi::{
    api::coordination::v1::Lease,
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams};
use tokio::time::{sleep, timeout};

pub use leadership::Leadership;

use crate::state::boot_time;
use crate::{config::RunArgs, telemetry::metrics::Metrics};
use decision::{Decision, Observed, Record, decide};

/// How this process stands for election. The times obey [`RunArgs::validate`].
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// Who this is: unlike any other process, ever.
    pub identity: String,
    /// Silence after which others take over.
    pub duration: Duration,
    /// Time between renewals.
    pub renew_interval: Duration,
    /// Time between tries.
    pub retry_interval: Duration,
}

impl Candidate {
    /// The candidate that the flags describe; `namespace` is the client's default one.
    #[must_use]
    pub fn new(args: &RunArgs, namespace: &str) -> Self {
        Self {
            namespace: args
                .lease_namespace
                .clone()
                .unwrap_or_else(|| namespace.to_owned()),
            name: args.lease_name.clone(),
            identity: identity(),
            duration: args.lease_duration,
            renew_interval: args.renew_interval,
            retry_interval: args.retry_interval,
        }
    }

    /// How long after the start of a successful renewal vendor writes may start: a sixth less
    /// than the lease's duration (25 s of 30 s). The sixth is for the moment between the check
    /// and the write.
    fn validity(&self) -> Duration {
        self.duration - self.duration / 6
    }

    /// Longest wait for one answer of the API server: two of them fit into a renewal interval.
    fn call_deadline(&self) -> Duration {
        self.renew_interval / 2
    }
}

/// The name of this pod.
pub fn pod() -> String {
    std::env::var("HOSTNAME").unwrap_or_else(|_| "mixtap".to_owned())
}

/// The pod's name, and a suffix that outlives no process: a restarted container keeps its name.
fn identity() -> String {
    let pod = pod();
    // The keys of a RandomState come from the operating system.
    let suffix = RandomState::new().build_hasher().finish();
    format!("{pod}_{suffix:016x}")
}

/// Why a call about the Lease brought nothing.
#[derive(Debug, thiserror::Error)]
enum LeaseError {
    /// Another one was faster: look again.
    #[error("the Lease changed meanwhile")]
    Conflict,
    /// Another one holds it, or held it, or it was deleted.
    #[error("the Lease is no longer ours")]
    Lost,
    #[error("the API server didn't answer in time")]
    Deadline,
    #[error(transparent)]
    Api(#[from] kube::Error),
}

/// A Lease that was written by us.
struct Held {
    lease: Lease,
    /// When the write *started*: nobody can have seen it earlier.
    since: Duration,
}

struct Election {
    api: Api<Lease>,
    candidate: Candidate,
}

/// Waits until this process leads. Drop the future to stand no more.
///
/// An API server that refuses or is away is logged, and tried again every `retry_interval`.
pub async fn acquire(client: Client, candidate: Candidate, metrics: Arc<Metrics>) -> Leadership {
    let api = Api::namespaced(client, &candidate.namespace);
    let election = Election { api, candidate };
    let mut seen = None;
    let mut failing = false;
    loop {
        match election.stand(&mut seen).await {
            Ok(Some(held)) => return leadership::start(election, held, metrics),
            Ok(None) | Err(LeaseError::Conflict) => failing = false,
            // Once for a row of failures.
            Err(error) if !failing => {
                tracing::warn!(%error, "can't stand for election; trying on");
                failing = true;
            }
            Err(_) => {}
        }
        // Candidates that started together shouldn't race together.
        sleep(
            election
                .candidate
                .retry_interval
                .mul_f64(1.0 + 0.2 * fastrand::f64()),
        )
        .await;
    }
}

impl Election {
    /// Looks at the Lease and takes it if it may.
    async fn stand(&self, seen: &mut Option<Observed>) -> Result<Option<Held>, LeaseError> {
        let Candidate {
            name,
            identity,
            duration,
            ..
        } = &self.candidate;
        let deadline = self.candidate.call_deadline();
        let found = call(deadline, self.api.get_opt(name)).await?;
        let now = boot_time();
        *seen = found
            .as_ref()
            .map(|lease| Observed::look(seen.take(), Record::of(lease), now));
        let decision = decide(identity, *duration, seen.as_ref(), now);
        let renewal = match decision {
            Decision::Wait => return Ok(None),
            Decision::Renew => true,
            Decision::Create | Decision::Take => false,
        };
        let blank = Lease {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                ..ObjectMeta::default()
            },
            spec: None,
        };
        self.write(found.unwrap_or(blank), renewal, deadline)
            .await
            .map(Some)
    }

    /// Writes `lease` with us as its holder, if it is still the stored one.
    async fn write(
        &self,
        mut lease: Lease,
        renewal: bool,
        deadline: Duration,
    ) -> Result<Held, LeaseError> {
        let Candidate {
            name,
            identity,
            duration,
            ..
        } = &self.candidate;
        let before = lease.spec.take().unwrap_or_default();
        let now = MicroTime(Timestamp::now());
        lease.spec = Some(decision::spec(before, identity, *duration, renewal, now));
        let since = boot_time();
        let params = PostParams::default();
        let lease = match lease.metadata.resource_version {
            Some(_) => call(deadline, self.api.replace(name, &params, &lease)).await?,
            None => call(deadline, self.api.create(&params, &lease)).await?,
        };
        Ok(Held { lease, since })
    }

    /// Writes that nobody holds `lease`, if it is still the stored one.
    async fn clear(&self, lease: &Lease, deadline: Duration) -> Result<(), LeaseError> {
        let mut lease = lease.clone();
        lease.spec.get_or_insert_default().holder_identity = Some(String::new());
        let params = PostParams::default();
        call(
            deadline,
            self.api.replace(&self.candidate.name, &params, &lease),
        )
        .await?;
        Ok(())
    }
}

async fn call<T>(
    deadline: Duration,
    answer: impl Future<Output = kube::Result<T>>,
) -> Result<T, LeaseError> {
    match timeout(deadline, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        // Also "already exists" at a create.
        Ok(Err(kube::Error::Api(status))) if status.code == 409 => Err(LeaseError::Conflict),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(LeaseError::Deadline),
    }
}
