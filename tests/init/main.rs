//! `mixtap init`, and what shells know of the commands: the built program, as people and scripts run
//! it, against the stand-in of Mixpanel.
#![cfg(feature = "sandbox")]

mod flags;
#[path = "../common/golden.rs"]
mod golden;
#[path = "../common/plane.rs"]
#[allow(dead_code, reason = "this binary stops no API server")]
mod plane;
mod refused;
mod served;
mod shells;
mod terminal;
#[path = "../common/tmux.rs"]
mod tmux;
mod world;
