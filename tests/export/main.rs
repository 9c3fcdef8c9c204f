//! The export against the vendors' stand-ins, over real HTTP.
#![cfg(feature = "sandbox")]

mod changes;
mod confirming;
mod disk;
mod faults;
mod holds;
mod kills;
mod ledger;
mod names;
mod process;
mod shared;
#[path = "../common/snapshots.rs"]
mod snapshots;
mod state;
mod world;
