//! What goes wrong with Mixpanel, each told apart.

use std::time::Duration;

use crate::http::{Said, Stopped};

/// Messages name Mixpanel, say what to do, and stay the same while the state lasts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 401 [doc], or a 400 that can't authenticate [seen].
    #[error(
        "Mixpanel refuses the service account: check its user name and secret, whether it has \
         expired, and the project id{0}"
    )]
    InvalidCredentials(Said),
    /// 402 [seen].
    #[error("Mixpanel's plan of this project has no Query API: upgrade it or ask Mixpanel{0}")]
    PlanWithoutApi(Said),
    /// 403 [doc].
    #[error(
        "Mixpanel denies access: grant the service account this project with the role Analyst \
         or higher{0}"
    )]
    Forbidden(Said),
    /// 404: a wrong host or path. Of a query by cohort it may also mean that there is no such
    /// cohort: nobody has published what that answers.
    #[error("Mixpanel has nothing at this address: check the region and the project id{0}")]
    NotFound(Said),
    /// 400, and what else of 4xx has no meaning of its own.
    #[error("Mixpanel refuses the query: check the cohort and the workspace id{0}")]
    Refused(Said),
    /// Mixpanel's 429, or our own ledger before it.
    #[error("Mixpanel permits no more queries for now: {}", if *.hourly {
        "the project's hourly query budget is used up"
    } else {
        "too many run at once"
    })]
    RateLimited {
        /// Nothing was asked: the share of the hourly budget that is ours to use is used up.
        ours: bool,
        /// The rolling hour, not concurrency or load.
        hourly: bool,
        /// When to ask again: for the hourly window at most an hour, and earlier where our own
        /// ledger knows better than the server's worst case.
        retry_after: Option<Duration>,
    },
    /// 5xx, timeouts, resets and redirects, after the retries.
    #[error("Mixpanel is unavailable: {detail}")]
    Unavailable {
        detail: String,
        retry_after: Option<Duration>,
    },
    /// The same page would come again.
    #[error(
        "A page of Mixpanel's answer is larger than {} MiB: lower spec.mixpanel.pageSize of the \
         connector", .limit >> 20
    )]
    PageTooLarge {
        /// Bytes.
        limit: usize,
    },
    /// Where every page counts, no hour has room for this read.
    #[error(
        "The read of the Mixpanel cohort takes {pages} queries as every page counts, and the \
         project's budget has {limit} an hour: raise {raise} of the connector"
    )]
    TooManyPages {
        /// Page 0 too.
        pages: u64,
        /// Queries an hour.
        limit: u32,
        /// The fields that help.
        raise: &'static str,
    },
    /// Nothing of this read may be used.
    #[error("The read of the Mixpanel cohort doesn't add up, so it isn't used: {0}")]
    IncompleteRead(String),
    #[error("stopped before the next call to Mixpanel")]
    Stopped,
}

impl Error {
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::Unavailable {
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// How long the server, or our ledger, says to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Unavailable { retry_after, .. } => {
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

/// How one attempt failed: whether the same call is worth another one.
#[derive(Debug)]
pub(super) enum Failure {
    Again(Error),
    /// One more attempt, if this is the first such failure of the call.
    Once(Error),
    Final(Error),
}
