//! CleverTap: replaces a Custom List segment, and creates profiles. The only place that knows its
//! addresses and JSON.
//!
//! In this folder "[doc]" marks what CleverTap publishes, "[seen]" what was recorded of the live
//! service.

mod batch;
mod ceiling;
mod client;
mod csv;
mod custom_list;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod limits;
mod list_file;
mod members;
mod place;
mod presigned;
mod record;
mod reply;
mod room;
mod sealed;
mod settle;
mod storage;
#[cfg(test)]
mod tests;
mod upload;
mod verdict;
mod wellformed;

pub use batch::{Batch, Pushed};
pub use client::{Account, CleverTap, Options};
pub use csv::ListWriter;
pub use custom_list::{Accepted, List, Staged};
pub use error::Error;
pub use limits::Limits;
pub use list_file::ListFile;
pub use sealed::Sealed;
pub use upload::Outcome;
