//! A real Argo CD: what it makes of mixtap's objects, with `examples/argocd/`.

#[path = "../common/argo_cd.rs"]
mod documented;
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
#[path = "../common/states.rs"]
mod states;
#[allow(dead_code)]
#[path = "../common/tools.rs"]
mod tools;
#[allow(dead_code)]
#[path = "../cluster/world/mod.rs"]
mod world;

mod application;
mod argo;
mod command;
mod configmap;
mod managed;
mod repository;
mod settings;

mod actions;
mod customizations;
mod followed;
mod health;
mod order;
mod recorded;
