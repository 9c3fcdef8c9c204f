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
    /// The fault is here, not CleverTap's; nothing was completed.
    #[error("The file of the list can't be sent: {0}")]
    File(&'static str),
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
    /// The body is at fault, or was garbled on its way: worth a single further attempt.
    Once(Error),
    /// The body is at fault: a part of it may do.
    Body(Error),
    Final(Error),
}

/// How a call failed in the end.
#[derive(Debug)]
pub(super) struct Ended {
    pub error: Error,
    /// The body was refused, not the call: a part of it may do.
    pub of_body: bool,
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self {
            error,
            of_body: false,
        }
    }
}

impl From<Stopped> for Ended {
    fn from(stopped: Stopped) -> Self {
        Error::from(stopped).into()
    }
}

impl From<Ended> for Error {
    fn from(ended: Ended) -> Self {
        ended.error
    }
}
