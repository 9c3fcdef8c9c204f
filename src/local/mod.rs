//! The same work from files: manifests are read as kubectl and the API server would read them, and
//! no cluster is asked.

pub mod check;
pub mod manifests;
