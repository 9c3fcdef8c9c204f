//! The controller as a separate process, on a real API server, against the stand-ins over HTTP.

#[path = "../common/canaries.rs"]
mod canaries;
mod lane;
#[path = "../common/plane.rs"]
mod plane;
mod process;
#[path = "../common/s3.rs"]
mod server;
#[path = "../common/states.rs"]
mod states;
mod trouble;
#[path = "../common/viewer.rs"]
mod viewer;
mod world;

mod budget;
mod canary;
mod conflicts;
mod connected;
mod connector;
mod crash;
mod dynamic;
mod existing;
mod faults;
mod full_disk;
mod gone;
mod holds;
mod leadership;
mod linting;
mod lists;
mod looks;
mod members;
mod names;
mod often;
mod one_time;
mod page_service;
mod page_streams;
mod quickstart;
mod recording;
mod requests;
mod restart;
mod restored;
mod rows;
mod s3;
mod secrets;
mod shards;
mod shared;
mod steps;
mod telemetry;
mod unchanged;
mod writes;
