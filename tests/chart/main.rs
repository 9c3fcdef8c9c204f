//! The Helm chart: what it renders, what a real API server makes of it, and the controller under
//! nothing but the rights that it grants.

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
#[path = "../common/states.rs"]
mod states;
#[allow(dead_code)]
#[path = "../common/tools.rs"]
mod tools;
#[allow(dead_code)]
#[path = "../cluster/world/mod.rs"]
mod world;

mod audit;
mod authorities;
mod cases;
mod cluster;
mod commands;
mod documents;
mod endpoints;
mod grants;
mod kustomize;
mod manifests;
mod monitoring;
mod newcomer;
mod page;
mod pod;
mod refused;
mod release;
mod rendered;
mod users;
mod values;
