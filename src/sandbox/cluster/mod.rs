//! A real Kubernetes API server on this machine, without containers: etcd, kube-apiserver and
//! kube-controller-manager as child processes that live no longer than whoever started them.
//!
//! - [`assets`]: finding the programs, or getting them (archive, build) and keeping them (cache)
//! - [`certs`]: an authority and what it signs; files: where the programs read it
//! - process: one program behind its guard
//! - [`plane`]: starting all of them and saying where they are

mod archive;
mod args;
pub mod assets;
mod build;
mod cache;
pub mod certs;
mod files;
pub mod plane;
mod process;

pub use assets::{Assets, AssetsError, Need};
pub use plane::{Plane, PlaneError, PlaneOptions};
