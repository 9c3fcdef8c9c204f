//! `kubectl mixtap` as people call it: the program, on a real API server, beside a controller that
//! exports to the stand-ins.

// The cluster tests' harness, of which these use a part.
#[allow(dead_code)]
#[path = "../chart/commands.rs"]
mod commands;
#[allow(dead_code)]
#[path = "../chart/documents.rs"]
mod documents;
#[allow(dead_code)]
#[path = "../cluster/linting.rs"]
mod linting;
#[path = "../common/plane.rs"]
mod plane;
#[allow(dead_code)]
#[path = "../cluster/process.rs"]
mod process;
#[allow(dead_code)]
#[path = "../cluster/recording.rs"]
mod recording;
#[path = "../common/states.rs"]
mod states;
#[allow(dead_code)]
#[path = "../common/tools.rs"]
mod tools;
#[allow(dead_code)]
#[path = "../cluster/world/mod.rs"]
mod world;

mod answers;
mod asked;
mod command;
mod forward;
mod kubelet;
mod plan;
mod rights;
mod syncs;
mod user;
mod why;
