//! What one command works with, from its flags.

use std::time::Duration;
use std::{io, panic};

use super::check::{Format, Report};
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
    /// What `check` says of them.
    #[error("these files can't be used as they are\n{}", .0.trim_end())]
    Invalid(String),
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

impl LocalError {
    /// The folder of these flags can't be used.
    pub fn scratch(args: &LocalArgs, error: io::Error) -> Self {
        Self::Scratch(args.state.scratch_dir.display().to_string(), error)
    }
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

/// The same to be read only: a folder that isn't there holds nothing, and isn't made.
///
/// # Errors
/// The same.
pub fn state_to_read(args: &LocalArgs) -> Result<State, LocalError> {
    let url = &args.state.state_url;
    let folder = url.to_file_path().ok().filter(|_| url.scheme() == "file");
    match folder.is_some_and(|folder| matches!(folder.try_exists(), Ok(false))) {
        true => Ok(State::open("memory:///", "")?),
        false => state(args),
    }
}

/// The objects of files that hold an export at least.
///
/// # Errors
/// As [`read`], and [`LocalError::Nothing`].
pub async fn objects(args: &LocalArgs) -> Result<Objects, LocalError> {
    let objects = read(args).await?;
    match objects.exports.is_empty() {
        true => Err(LocalError::Nothing),
        false => Ok(objects),
    }
}

/// The objects of the files, however few.
///
/// # Errors
/// One of them can't be read, or no API server would take it as it is: a guard that is written
/// wrongly is off.
pub async fn read(args: &LocalArgs) -> Result<Objects, LocalError> {
    let (paths, rules) = (args.files.paths.clone(), args.rules.rules());
    // Standard input, or a pipe, may come whenever it likes.
    let read = tokio::task::spawn_blocking(move || {
        let reading = manifests::read(&paths, &mut io::stdin().lock());
        let report = Report::of_the_server(&reading, &rules);
        match report.problems.is_empty() {
            true => reading.objects().map_err(LocalError::Files),
            false => Err(LocalError::Invalid(report.shown(Format::Text))),
        }
    });
    match read.await {
        Ok(read) => read,
        // It can only have panicked.
        Err(error) => panic::resume_unwind(error.into_panic()),
    }
}
