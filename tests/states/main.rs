//! Every state that the integration tests reach, as recorded there (`tests/cluster/recording.rs`),
//! and what the tools that people wait by make of it: `docs/states.md`.

#[path = "../common/argo_cd.rs"]
mod argo_cd;
#[path = "../common/plane.rs"]
mod plane;
#[path = "../common/states.rs"]
mod states;

mod corpus;
mod kstatus;
mod page;
mod wait;
