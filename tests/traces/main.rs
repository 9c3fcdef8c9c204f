//! The export of traces, by a controller as a separate process to a collector on loopback.

// The cluster tests' harness, of which these use a part.
#[allow(dead_code)]
#[path = "../cluster/linting.rs"]
mod linting;
#[allow(dead_code)]
#[path = "../cluster/looks.rs"]
mod looks;
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
#[path = "../cluster/world/mod.rs"]
mod world;

mod collector;
mod off;
mod run;
mod trouble;

use std::fs;

use process::Controller;

/// Where the general variable says that a collector is.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

fn variables(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    variables.iter().map(owned).collect()
}

/// Whether the process has a thread that sends batches of spans.
fn exports(controller: &Controller) -> bool {
    let threads = format!("/proc/{}/task", controller.pid());
    let names = fs::read_dir(threads).expect("its threads").flatten();
    let mut names = names.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
    names.any(|name| name.starts_with("OpenTelemetry"))
}
