//! `mixtap check`: agrees with a real API server, object by object, and says what users rely on.

mod agreement;
mod commands;
mod corpus;
mod reading;
mod server;

#[allow(dead_code)]
#[path = "../common/plane.rs"]
mod plane;
