//! What the process tells about itself: logs, metrics, and the server for probes and scrapes.

pub mod connections;
mod labels;
pub mod logs;
pub mod metrics;
mod objects;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod server;
pub mod traces;
