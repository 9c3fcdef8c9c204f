//! The rules, as pure functions: values and a time in, values out. Nothing here calls anything.

pub mod counts;
pub mod credential;
pub mod endpoints;
pub mod failure;
pub mod guard;
pub mod identity;
pub mod outcome;
pub mod plan;
pub mod printable;
pub mod scalar;
pub mod schedule;
pub mod segment;
pub mod shape;
pub mod validate;
pub mod words;

pub use counts::Counts;
pub use failure::{Failure, Kind, Reason};
pub use plan::{CohortRef, ConnectorPlan, Destination, ExportPlan, IdentityRule, Mailbox};
pub use printable::{printable, printable_lines};
pub use shape::{Shape, identity_fingerprint};
