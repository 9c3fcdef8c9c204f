//! A real Kubernetes API server on this machine, without containers: etcd, kube-apiserver and
//! kube-controller-manager as child processes that live no longer than whoever started them.
//!
//! - [`assets`]: finding the programs, or getting them (archive, build)
//! - [`certs`]: an authority and what it signs; files: where the programs read it
//! - [`plane`]: starting all of them and saying where they are

mod archive;
mod args;
pub mod assets;
mod build;
pub mod certs;
mod files;
pub mod plane;

pub use assets::{Assets, AssetsError, Need};
pub use plane::{Plane, PlaneError, PlaneOptions};
