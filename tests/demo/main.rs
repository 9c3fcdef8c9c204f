//! `mixtap demo` as a newcomer runs it: the built binary, a real API server, and kubectl.
#![cfg(feature = "sandbox")]

mod cluster;
#[path = "../common/demo.rs"]
mod demo;
mod files;

use tokio::sync::Mutex;

use demo::{Demo, GOALS, PATIENCE, available, processes_of};

/// One at a time: each is an API server of its own.
static TURN: Mutex<()> = Mutex::const_new(());
