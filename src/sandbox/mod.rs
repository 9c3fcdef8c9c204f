//! What stands in for the vendors where there is no account at hand: for the tests, the demo and
//! users who only want to look.

mod answer;
mod gate;
mod standins;
mod urls;
mod wire;

pub mod admin;
pub mod calls;
pub mod clevertap;
pub mod cluster;
pub mod demo;
pub mod faults;
pub mod guard;
pub mod mixpanel;
pub mod programs;
pub mod record;
pub mod s3;

pub use standins::{Sandbox, SandboxOptions, serve};
pub use urls::Urls;

/// A project, cohort, account, segment or fault that a handle was asked for and that isn't there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such {0}")]
pub struct NotThere(pub &'static str);
