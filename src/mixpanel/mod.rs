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
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod ledger;
mod page;
mod rate_limit;
mod tally;

pub use budget::Budget;
pub use budgets::Budgets;
pub use client::{Mixpanel, Options, ServiceAccount, Source};
pub use cohorts::{Cohort, Existence};
pub use engage::Query;
pub use error::Error;
pub use page::Member;

#[cfg(test)]
mod tests;
