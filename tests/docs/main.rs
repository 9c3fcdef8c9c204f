//! What the documentation says is so: tables come from the code, links lead somewhere, manifests are
//! taken by an API server.

mod defaults;
mod fields;
mod flags;
mod links;
mod manifests;
mod page;
mod reference;
mod tables;
mod values;
mod workflow;
mod written;

#[allow(dead_code)]
#[path = "../common/plane.rs"]
mod plane;
#[allow(dead_code)]
#[path = "../common/tools.rs"]
mod tools;
