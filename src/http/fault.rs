//! How a call can end without a whole answer.

use std::error::Error as _;

use super::Said;

/// Why there is no whole answer. Never holds an address: a presigned URL is a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("no answer in time")]
    Timeout,
    /// No connection: the server has seen nothing of the request.
    #[error("no connection ({0})")]
    Connect(String),
    #[error("the connection was reset")]
    Reset,
    #[error("the answer was cut off")]
    Cut,
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// A header or an address that HTTP can't carry: nothing was sent.
    #[error("the request can't be made: a value in it doesn't fit HTTP")]
    Invalid,
}

impl Fault {
    /// True if the same request may fare better a moment later.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::TooLarge(_) | Self::Invalid)
    }

    /// True if the server can't have acted on the request.
    pub fn is_unsent(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Invalid)
    }

    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Reset | Self::Cut => "reset",
            Self::Connect(_) | Self::TooLarge(_) | Self::Invalid => "error",
        }
    }

    /// What went wrong before the head of an answer came.
    pub(super) fn before_answer(error: reqwest::Error) -> Self {
        if error.is_builder() {
            Self::Invalid
        } else if error.is_connect() {
            Self::Connect(innermost(&error.without_url()))
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Reset
        }
    }

    /// What went wrong in the middle of an answer's body.
    pub(super) fn within_answer(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Cut
        }
    }
}

/// The cause at the bottom ("connection refused", a name that doesn't resolve, a certificate).
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(|cause| cause.source()) {
        cause = Some(deeper);
    }
    let text = cause.map_or_else(|| error.to_string(), ToString::to_string);
    Said::new(&text, &[]).text().to_owned()
}
