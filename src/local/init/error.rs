//! What keeps `mixtap init` from writing manifests.

use std::io;

/// Nothing was written, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Wrong flags, or too few of them where nobody can be asked.
    #[error("{0}\n\nFor more information, try 'mixtap init --help'.")]
    Usage(String),
    #[error("{0}")]
    Failed(String),
    /// Mixpanel refuses the service account.
    #[error("{0}")]
    Credentials(String),
    #[error("stopped; nothing was written")]
    Stopped,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl InitError {
    /// These must be said, and there is no terminal to ask on.
    pub fn missing(what: &[&str]) -> Self {
        let list = what.join("\n  ");
        Self::Usage(format!(
            "there is no terminal to ask on, and these are missing:\n\n  {list}"
        ))
    }
}
