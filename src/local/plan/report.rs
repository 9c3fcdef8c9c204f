//! A plan as a value: what machines read, and what is shown to people.

use serde::Serialize;

use super::Found;
use super::planned::{Outcome, Planned};
use crate::export::Sends;

/// What a sync of these files would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub exports: Vec<Planned>,
    pub total: Total,
}

/// Vendor calls that a sync would make, if none has to be repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calls {
    /// Reads of cohorts, each a query of Mixpanel's budget; exports of one cohort share one.
    pub reads: u64,
    /// Calls that send profiles, and members in them.
    pub profile_uploads: u64,
    pub profiles: u64,
    /// Calls that send a list: 3 each.
    pub list_calls: u64,
}

/// Of all exports.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Total {
    pub exports: usize,
    pub changes: usize,
    pub unchanged: usize,
    /// Whether only the sizes of last lists are known, of some at least: these are in none of `added`,
    /// `removed` and CleverTap's calls.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sizes_only: bool,
    /// Those that may change: only the sizes of last lists are known.
    #[serde(skip_serializing_if = "is_zero")]
    pub unknown: usize,
    pub held: usize,
    pub failed: usize,
    pub added: u64,
    pub removed: u64,
    pub calls: Calls,
    /// Lists of cohorts that a sync would ask for, each a query too: to find cohorts by name, and to
    /// check credentials.
    pub cohort_lists: u64,
    /// Connectors whose credentials a sync would check first, by one call of each vendor.
    pub checks: u64,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Report {
    pub fn new(exports: Vec<Planned>, cohort_lists: u64, checks: u64) -> Self {
        let mut total = Total {
            exports: exports.len(),
            cohort_lists,
            checks,
            ..Total::default()
        };
        for planned in &exports {
            match planned.outcome {
                Outcome::Changes => total.changes += 1,
                Outcome::Unchanged => total.unchanged += 1,
                Outcome::Unknown => total.unknown += 1,
                Outcome::Held => total.held += 1,
                Outcome::Failed => total.failed += 1,
                Outcome::Rests | Outcome::Suspended => {}
            }
            if let Some(members) = planned.members.as_ref()
                && planned.outcome == Outcome::Changes
            {
                total.added += members.added.unwrap_or_default();
                total.removed += members.removed.unwrap_or_default();
            }
            total.sizes_only |= planned.last_list.is_some();
            total.calls.add(&planned.calls);
        }
        Self { exports, total }
    }

    /// The exit code's meaning: trouble goes before changes.
    pub fn found(&self) -> Found {
        match self.total {
            Total { failed: 1.., .. } => Found::Trouble,
            Total {
                changes: 0,
                unknown: 0,
                held: 0,
                ..
            } => Found::Nothing,
            _ => Found::Changes,
        }
    }
}

impl Calls {
    /// Of both vendors.
    pub fn all(&self) -> u64 {
        self.reads + self.profile_uploads + self.list_calls
    }

    fn add(&mut self, other: &Self) {
        self.reads += other.reads;
        self.profile_uploads += other.profile_uploads;
        self.profiles += other.profiles;
        self.list_calls += other.list_calls;
    }
}

impl Calls {
    /// Those that send what a run would.
    pub fn of(sends: Option<Sends>) -> Self {
        let Some(sends) = sends else {
            return Self::default();
        };
        Self {
            reads: 0,
            profile_uploads: sends.profile_calls,
            profiles: sends.profiles,
            list_calls: sends.list_calls,
        }
    }
}
