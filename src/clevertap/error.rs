//! What goes wrong with CleverTap, each told apart.

use std::time::Duration;

use crate::http::{Said, Stopped};

/// Messages name CleverTap, say what to do, and stay the same while the state lasts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 401: a wrong region answers it as well [seen].
    #[error("CleverTap refuses the credentials: check Project ID, Passcode and Datacenter{0}")]
    InvalidCredentials(Said),
    #[error("CleverTap denies access: the Passcode's permissions or the plan lack this API{0}")]
    Forbidden(Said),
    /// Another 4xx, or 200 with the status `fail`.
    #[error("CleverTap refuses the request{0}")]
    Refused(Said),
    /// `duplicate_name`: what answers a list without `replace` [doc].
    #[error(
        "CleverTap has a segment of this name already: choose another segmentName, or set \
         existingSegment to Replace"
    )]
    SegmentExists,
    #[error("CleverTap has too many calls of this account under way")]
    RateLimited { retry_after: Option<Duration> },
    /// 5xx, timeouts, resets, "come back later" and unusable answers, after the retries.
    #[error("CleverTap is unavailable: {detail}")]
    Unavailable {
        detail: String,
        retry_after: Option<Duration>,
    },
    #[error("stopped before the next call to CleverTap")]
    Stopped,
}

impl Error {
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::Unavailable {
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// How long the server says to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Unavailable { retry_after, .. } => {
                *retry_after
            }
            _ => None,
        }
    }
}

impl From<Stopped> for Error {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// How one attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// CleverTap didn't act on it: it may always be sent again.
    Untouched(Error),
    /// It may have acted on it: sent again only where a repetition converges.
    Again(Error),
    /// Worth a single further attempt.
    Once(Error),
    Final(Error),
}
