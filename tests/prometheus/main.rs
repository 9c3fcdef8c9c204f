//! The alerting rules and the dashboard: with themselves in agreement, by promtool, and by a real
//! Prometheus that scrapes a real controller.

// The cluster tests' harness, of which these use a part.
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
#[allow(dead_code)]
#[path = "../cluster/rows.rs"]
mod rows;
#[allow(dead_code)]
#[path = "../common/states.rs"]
mod states;
#[allow(dead_code)]
#[path = "../cluster/steps.rs"]
mod steps;
#[allow(dead_code)]
#[path = "../cluster/world/mod.rs"]
mod world;

mod agreement;
mod causes;
mod live;
mod program;
mod server;
mod shipped;
mod unit;
