//! What one command works with, from its flags.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::key::KeyError;
use super::lock::LockError;
use super::manifests::{self, Fault, Objects};
use super::secrets::Ambiguous;
use crate::clevertap::Limits;
use crate::config::LocalArgs;
use crate::domain::validate::Rules;
use crate::export::{Clients, CohortLists, FingerprintKey, Scratch, SharedReads};
use crate::http::{Http, Metrics, Retry};
use crate::mixpanel::Budgets;
use crate::state::{State, StateError};

/// Whose a state is that syncs write. A controller's begins as its Lease's uid does.
pub const OWNER: &str = "mixtap sync";

/// Why a command ends before its work.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("{}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
    Files(Vec<Fault>),
    #[error(
        "nothing to export: these files must hold at least one CohortExport (mixtap.dev/v1alpha1)"
    )]
    Nothing,
    #[error("{0} is declared twice: `mixtap check` says where")]
    Twice(String),
    #[error("{0}")]
    Secrets(#[from] Ambiguous),
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("{0}")]
    State(#[from] StateError),
    #[error("{0}")]
    Lock(#[from] LockError),
    #[error("another sync took the lock of the state, so this one ends")]
    LockLost,
    #[error(
        "the state is one of `mixtap sync`: --state-url and --state-prefix must be those of the \
         cluster's controller"
    )]
    NoControllers,
    #[error("the scratch directory {0} can't be used: {1}")]
    Scratch(String, io::Error),
    #[error("the HTTP client can't be made: {0}")]
    Http(String),
    #[error("can't write to standard output: {0}")]
    Output(#[from] io::Error),
}

/// Shared by all that a command does.
pub struct Session {
    pub rules: Rules,
    pub clients: Clients,
    pub budgets: Budgets,
    pub lists: CohortLists,
    pub reads: SharedReads,
    pub state: State,
    pub key: FingerprintKey,
    pub scratch: Scratch,
    pub confirm_delay: Duration,
    pub min_interval: Duration,
    pub run_deadline: Duration,
    pub concurrency: usize,
}

impl Session {
    /// Opens what the flags name.
    ///
    /// # Errors
    /// Something that the user must mend.
    pub fn open(
        args: &LocalArgs,
        state: State,
        key: FingerprintKey,
        scratch: Scratch,
    ) -> Result<Self, LocalError> {
        let exports = &args.exports;
        let http = Http::new(Metrics::default()).map_err(|e| LocalError::Http(e.to_string()))?;
        Ok(Self {
            rules: args.rules.rules(),
            clients: Clients {
                http,
                limits: Limits::default(),
                retry: Retry::within(exports.retry_first, exports.retry_total),
            },
            budgets: Budgets::default(),
            lists: CohortLists::default(),
            reads: SharedReads::default(),
            state,
            key,
            scratch,
            confirm_delay: exports.confirm_delay,
            min_interval: args.rules.min_interval,
            run_deadline: exports.run_deadline,
            concurrency: exports.concurrency.into(),
        })
    }
}

/// The state that the flags name.
///
/// # Errors
/// It can't be opened.
pub fn state(args: &LocalArgs) -> Result<State, LocalError> {
    let args = &args.state;
    Ok(State::open(args.state_url.as_str(), &args.state_prefix)?)
}

/// The objects of the files.
///
/// # Errors
/// One of them can't be read, or there is none.
pub fn objects(args: &LocalArgs) -> Result<Objects, LocalError> {
    let reading = manifests::read(&args.files.paths, &mut io::stdin().lock());
    let objects = reading.objects().map_err(LocalError::Files)?;
    let connectors = objects.connectors.iter().map(|object| &object.metadata);
    unique("CleverTapConnector", connectors)?;
    let exports = objects.exports.iter().map(|object| &object.metadata);
    unique("CohortExport", exports)?;
    match objects.exports.is_empty() {
        true => Err(LocalError::Nothing),
        false => Ok(objects),
    }
}

fn unique<'a>(kind: &str, objects: impl Iterator<Item = &'a ObjectMeta>) -> Result<(), LocalError> {
    let mut seen = BTreeSet::new();
    for object in objects {
        let ObjectMeta {
            namespace, name, ..
        } = object;
        if !seen.insert((namespace, name)) {
            let [namespace, name] = [namespace, name].map(|text| text.as_deref().unwrap_or("-"));
            return Err(LocalError::Twice(format!("{kind} {namespace}/{name}")));
        }
    }
    Ok(())
}
