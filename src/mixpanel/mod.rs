//! Mixpanel: reads a cohort's members, and which cohorts there are. The only place that knows its
//! addresses and JSON.
//!
//! In this folder "[doc]" marks what Mixpanel publishes, "[own]" what its own open clients do,
//! "[seen]" what others report of the live service.

mod ask;
mod attempts;
mod batch;
mod budget;
mod budgets;
mod client;
mod cohorts;
mod delivery;
mod engage;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod hour;
mod keeping;
mod ledger;
mod member;
mod page;
mod pages;
mod places;
mod project;
mod queue;
mod rate_limit;
mod report;
mod row;
mod split;
mod stretch;
mod tally;
mod turn;
mod turns;
mod window;

pub use batch::{Batch, Member};
pub use budget::{Budget, PageReservation};
pub use budgets::{Budgets, Seat};
pub use client::{Mixpanel, Options, ServiceAccount, Source};
pub use cohorts::{Cohort, Existence};
pub use engage::{Query, ReadEnd};
pub use error::Error;
pub use keeping::Unkept;
pub use member::Found;
pub use report::HourReport;
pub use tally::{Mismatch, Tally};
pub use turn::{Turn, Waiting};

#[cfg(test)]
mod tests;
