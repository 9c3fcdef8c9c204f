//! What keeps a reconcile from ending: the API server. Everything else is an outcome in status.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::controller::Action;

use super::context::Context;

/// The API server couldn't be asked, or said no.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the API server didn't answer in time ({0})")]
    Deadline(&'static str),
    #[error("the API server refused ({what}): {source}")]
    Api {
        what: &'static str,
        source: kube::Error,
    },
    #[error("Secret mixtap-fingerprint-key must hold 32 bytes under `key`")]
    FingerprintKey,
}

impl Error {
    /// Whether the object was changed since it was read: look again.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Api { source: kube::Error::Api(status), .. } if status.code == 409)
    }

    /// Whether it may pass by itself: an object that must not be written won't.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Api {
                source: kube::Error::Api(status),
                ..
            } => status.code == 409 || status.code == 429 || status.code >= 500,
            // What can't be decoded now can't be a moment later.
            Self::Api {
                source: kube::Error::SerdeError(_),
                ..
            }
            | Self::FingerprintKey => false,
            _ => true,
        }
    }

    /// Whether the API server denies access.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Api { source: kube::Error::Api(status), .. } if matches!(status.code, 401 | 403))
    }
}

/// One call to the API server, within its deadline.
pub async fn call<T>(
    what: &'static str,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Error> {
    const DEADLINE: Duration = Duration::from_secs(15);
    match tokio::time::timeout(DEADLINE, request).await {
        Err(_) => Err(Error::Deadline(what)),
        Ok(answer) => answer.map_err(|source| Error::Api { what, source }),
    }
}

/// An error with its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// When to look again after an API-server failure.
pub fn policy<K>(_: Arc<K>, error: &Error, _: Arc<Context>) -> Action {
    let wait = if error.is_conflict() { 1 } else { 5 };
    Action::requeue(Duration::from_secs(wait))
}
