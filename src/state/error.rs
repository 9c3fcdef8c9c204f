//! Why the state can't be had, in words that hold no path's content and no answer's text.

use std::error::Error;
use std::io;

use crate::domain::{Failure, Reason};

/// Why an object can't be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It may pass by itself.
    #[error("The state store can't be used: {0}.")]
    Unavailable(&'static str),
    #[error("The state store is full: free some space or give it more.")]
    Full,
    /// More bytes than such an object may have.
    #[error("An object of the state store is larger than {0} bytes.")]
    TooLarge(u64),
    #[error("The state was written by a newer release: upgrade to that release.")]
    TooNew,
    #[error(
        "the state belongs to another installation: give this one its own --state-prefix, or \
         --adopt-state if the other one is gone"
    )]
    Foreign,
    /// The URL or the prefix can't be used.
    #[error("The address of the state store can't be used: {0}.")]
    Address(String),
}

impl StateError {
    /// What a run that needs the state tells.
    pub fn failure(&self) -> Failure {
        let reason = match self {
            Self::TooNew => Reason::StateTooNew,
            _ => Reason::StateUnavailable,
        };
        Failure::new(reason, self.to_string())
    }
}

/// An answer's own text isn't shown: S3 puts key ids into some of them.
impl From<object_store::Error> for StateError {
    fn from(error: object_store::Error) -> Self {
        use object_store::Error as Store;
        match &error {
            Store::PermissionDenied { .. } => Self::Unavailable("access is denied"),
            Store::Unauthenticated { .. } => {
                Self::Unavailable("its credentials are missing or refused")
            }
            Store::NotFound { .. } => Self::Unavailable("the bucket or folder isn't there"),
            other => io_kind(other).map_or(
                Self::Unavailable("it doesn't answer as it should"),
                Self::of_disk,
            ),
        }
    }
}

impl StateError {
    pub(super) fn of_disk(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full,
            io::ErrorKind::PermissionDenied => Self::Unavailable("access is denied"),
            io::ErrorKind::ReadOnlyFilesystem => Self::Unavailable("it is read-only"),
            _ => Self::Unavailable("reading or writing fails"),
        }
    }
}

/// The kind of the first I/O error in the chain of causes.
fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: io::Error) -> StateError {
        StateError::from(object_store::Error::Generic {
            store: "test",
            source: Box::new(error),
        })
    }

    #[test]
    fn a_full_disk_is_told_from_other_trouble() {
        assert_eq!(of(io::ErrorKind::StorageFull.into()), StateError::Full);
        assert_eq!(of(io::ErrorKind::QuotaExceeded.into()), StateError::Full);
        let other = of(io::Error::other("canary"));
        assert_ne!(other, StateError::Full);
        assert!(!format!("{other} {other:?}").contains("canary"));
    }

    #[test]
    fn only_a_newer_release_stalls() {
        let reason = |error: StateError| error.failure().reason;
        assert_eq!(reason(StateError::TooNew), Reason::StateTooNew);
        assert_eq!(reason(StateError::Full), Reason::StateUnavailable);
        assert_eq!(
            reason(StateError::Unavailable("")),
            Reason::StateUnavailable
        );
    }
}
