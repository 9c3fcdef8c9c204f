//! What can go wrong on stage.

use std::{io, process::ExitStatus};

use crate::sandbox::{
    NotThere,
    cluster::{AssetsError, PlaneError},
};

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Assets(#[from] AssetsError),
    #[error(transparent)]
    Plane(#[from] PlaneError),
    #[error("{what}: {source}")]
    Io {
        what: &'static str,
        source: io::Error,
    },
    #[error("{what}: {source}")]
    Api {
        what: String,
        source: Box<kube::Error>,
    },
    #[error("{0}: no answer from the API server")]
    NoAnswer(String),
    #[error("an embedded manifest: {0}")]
    Manifest(#[from] serde_yaml::Error),
    #[error("an embedded object: {0}")]
    Object(#[from] serde_json::Error),
    #[error("the demo's own world: {0}")]
    World(#[from] NotThere),
    #[error("mixtap sync ended with {0}")]
    Sync(ExitStatus),
    #[error("the controller ended with {0}")]
    ControllerEnded(ExitStatus),
    #[error("not there after {} s: {}", super::ALL_WITHIN.as_secs(), .0.join(", "))]
    TooLate(Vec<&'static str>),
}

/// An error about this.
pub fn io_error(what: &'static str) -> impl Fn(io::Error) -> DemoError {
    move |source| DemoError::Io { what, source }
}
