//! What goes wrong, as people are told: what it is, and what to do about it.

use std::fmt;

use crate::controller::error::Error as ApiError;

/// A sentence for standard error.
#[derive(Debug, PartialEq, Eq)]
pub struct Error {
    text: String,
    /// The API server denies a right.
    pub denied: bool,
}

impl Error {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            denied: false,
        }
    }

    /// The same with more to say.
    pub fn and(self, more: &str) -> Self {
        Self {
            text: format!("{}. {more}", self.text.trim_end_matches('.')),
            ..self
        }
    }

    /// The API server didn't do this; `doing` completes "can't".
    pub fn of(doing: &str, error: &kube::Error) -> Self {
        let text = match error {
            kube::Error::Api(status) if status.code == 401 => format!(
                "can't {doing}: the API server doesn't accept the kubeconfig's credentials; log in \
                 to the cluster anew"
            ),
            kube::Error::Api(status) if status.code == 403 => format!(
                "can't {doing}: {}; ask whoever runs the cluster for that right",
                status.message
            ),
            kube::Error::Api(status) if no_such_kind(status) => {
                format!("can't {doing}: mixtap's CRDs aren't installed in this cluster")
            }
            kube::Error::Api(status) => format!("can't {doing}: {}", status.message),
            error => format!(
                "can't {doing}: the API server can't be reached: {}",
                chain(error)
            ),
        };
        Self {
            text,
            denied: matches!(error, kube::Error::Api(status) if status.code == 403),
        }
    }

    /// The same of a call that the controller makes too.
    pub fn of_api(doing: &str, error: ApiError) -> Self {
        match error {
            ApiError::Api { source, .. } => Self::of(doing, &source),
            ApiError::Deadline(_) => Self::late(doing),
            error @ ApiError::FingerprintKey => Self::new(format!("can't {doing}: {error}")),
        }
    }

    pub fn late(doing: &str) -> Self {
        Self::new(format!(
            "can't {doing}: the API server didn't answer in time; try again"
        ))
    }
}

/// The server's word for a path that it doesn't serve names no object.
fn no_such_kind(status: &kube::core::Status) -> bool {
    let named = status.details.as_ref().is_some_and(|d| !d.name.is_empty());
    status.code == 404 && !named
}

/// An error with its causes, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
