//! Mixpanel: reads a cohort's members, and which cohorts there are. The only place that knows its
//! addresses and JSON.
//!
//! In this folder "[doc]" marks what Mixpanel publishes, "[own]" what its own open clients do,
//! "[seen]" what others report of the live service.

mod budget;
mod budgets;
mod client;
mod cohorts;
mod engage;
mod error;
mod hour;
mod keeping;
mod ledger;
mod page;
mod places;
mod project;
mod queue;
mod rate_limit;
mod stretch;
mod tally;
mod turn;
mod turns;
mod window;

pub use budget::{Budget, PageReservation};
pub use budgets::{Budgets, Seat};
pub use client::{Mixpanel, Options, ServiceAccount, Source};
pub use cohorts::{Cohort, Existence};
pub use engage::Query;
pub use error::Error;
pub use keeping::Unkept;
pub use page::Member;
pub use turn::{Turn, Waiting};

#[cfg(test)]
mod tests;
