//! The pipeline from a cohort to a list. Knows neither Kubernetes nor where it was called from.
//!
//! [`run`] reads as its table of contents. A kill between any two of its steps converges on the
//! next run, with the same id or another: the list is marked `unconfirmed` before it is replaced,
//! and the mark goes only once the snapshot of what was sent is kept.

mod before;
mod check;
mod clients;
mod codec;
mod cohort;
mod compare;
mod confirm;
mod draft;
mod ending;
mod find;
mod fingerprint;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod keep;
mod list;
mod lists;
mod lookup;
mod once;
mod preview;
mod profiles;
mod progress;
mod read;
mod refusal;
mod request;
mod run;
mod scratch;
mod shared;
mod shelf;
mod snapshot;
mod spool;
mod warning;
pub mod windows;
mod work;
mod write;

use std::time::Duration;

pub use check::{Checked, Seen, Vouched, check, later};
pub use clients::{Clients, Credentials, seat};
pub use cohort::choose;
pub use confirm::{Confirmed, confirm};
pub use ending::{Claimed, count, next_status};
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use gate::{Gate, Stop};
pub use lists::CohortLists;
pub use lookup::{list_header, look_up};
pub use once::OneTime;
pub use preview::{Held, LIST_CALLS, Preview, Sends, preview};
pub use progress::{Progress, Step};
pub use request::{Release, Request, Shared, confirming};
pub use run::run;
pub use scratch::{Scratch, clean_runs, guarded, probe_scratch};
pub use shared::{SharedReads, reader};
pub use shelf::clean_shelf;
pub use snapshot::{Header, ProfileState};
pub use warning::{Warning, WarningReason};
pub use work::{Outcome, work};

use crate::clevertap::CleverTap;
use crate::domain::{Counts, Failure, Reason};
use crate::mixpanel::Mixpanel;
use crate::state::State;

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    pub mixpanel: &'a Mixpanel,
    pub clevertap: &'a CleverTap,
    pub state: &'a State,
    /// Shared by all runs of the process.
    pub lists: &'a CohortLists,
    /// Shared by all runs of the process.
    pub reads: &'a SharedReads,
    pub key: &'a FingerprintKey,
    /// Shared by all runs of the process.
    pub scratch: &'a Scratch,
    /// Of this run alone.
    pub progress: &'a Progress,
}

/// A run that got to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Id and name.
    pub cohort: (i64, String),
    /// Name, and the id where CleverTap told one.
    pub segment: (String, Option<String>),
    pub counts: Counts,
    pub warnings: Vec<Warning>,
    /// A run of this id had finished before its caller could note it; nothing was done now.
    pub resumed: bool,
}

/// Which side refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    Mixpanel,
    CleverTap,
}

/// A run that didn't get to its end. The segment is as it was, or as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    #[error("{0}")]
    Failed(Failure),
    /// No failure: our share of Mixpanel's query budget is used up. The run begins anew.
    #[error("the query budget of the Mixpanel project is used up")]
    Queued { retry_after: Duration },
    #[error("{}: {removed} of {previous} would go", .reason.as_str())]
    Held {
        /// `HeldEmpty` or `HeldShrink`.
        reason: Reason,
        /// Identities in the previous list; 0 where nothing comparable is known.
        previous: u64,
        /// Identities that were read.
        members: u64,
        /// Identities that the segment would lose.
        removed: u64,
        cohort: (i64, String),
    },
    #[error("{0}")]
    Stopped(Stop),
    /// What is wrong is the connector's: its check is due.
    #[error("{failure}")]
    CredentialsRefused { vendor: Vendor, failure: Failure },
}

impl From<Failure> for RunError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
