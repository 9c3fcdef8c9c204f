//! From a spec as written to a plan that can be used, with every default applied, or everything
//! that is wrong with it at once. What the schema says is looked at again: an object may be older
//! than its CRD, or come from a file that no API server has seen.

mod connector;
mod export;
mod finding;

use std::fmt;

use jiff::SignedDuration;

use super::endpoints::AllowedEndpoints;

pub use connector::connector;
pub use export::{DEFAULT_INTERVAL, export};
pub use finding::{is_object_name, is_token};

/// What this installation permits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `--allowed-endpoints`
    pub allowed_endpoints: AllowedEndpoints,
    /// `--min-interval`
    pub min_interval: SignedDuration,
    /// `--min-check-interval`
    pub min_check_interval: SignedDuration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            allowed_endpoints: AllowedEndpoints::default(),
            min_interval: SignedDuration::from_mins(1),
            min_check_interval: SignedDuration::from_mins(5),
        }
    }
}

/// One thing that is wrong with a spec. It never repeats what the user wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field, such as `spec.interval`.
    pub field: String,
    /// What holds for a right one, beginning with "must".
    pub must: String,
}

/// All problems as one message for a condition.
pub fn sentence(problems: &[Problem]) -> String {
    let all: Vec<_> = problems.iter().map(Problem::to_string).collect();
    format!("{}.", all.join("; "))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.must)
    }
}
