//! CleverTap: replaces a Custom List segment, and creates profiles. The only place that knows its
//! addresses and JSON.
//!
//! In this folder "[doc]" marks what CleverTap publishes, "[seen]" what was recorded of the live
//! service.

mod client;
mod csv;
mod custom_list;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod limits;
mod presigned;
mod profiles;
mod reply;
#[cfg(test)]
mod tests;
mod upload;
mod verdict;

pub use client::{Account, CleverTap, Options};
pub use csv::csv;
pub use custom_list::{Accepted, List, Staged};
pub use error::Error;
pub use limits::Limits;
pub use profiles::{Profile, profile_data};
pub use upload::{Outcome, ProfileReport};
