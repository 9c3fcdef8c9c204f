//! How an export stands, and what its run does.

use crate::api::SyncType;
use crate::api::conditions::Status;
use crate::domain::Reason;

/// How an export stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// A guard keeps the segment as it was; a person decides.
    Held,
    /// Something else is wrong.
    Failing,
    /// Its first run waits for its turn.
    Waiting,
    /// Its first run, or the first of a new shape, is under way.
    Exporting,
    Synced,
    /// A one-time export is done.
    Completed,
    Suspended,
}

impl State {
    /// The most urgent first.
    pub const ALL: [Self; 7] = [
        Self::Held,
        Self::Failing,
        Self::Waiting,
        Self::Exporting,
        Self::Synced,
        Self::Completed,
        Self::Suspended,
    ];

    /// What a condition `Ready`, of this status and reason, says of an export.
    pub(super) fn of(ready: Status, reason: &str, sync_type: SyncType) -> Self {
        match (ready, Reason::parse(reason)) {
            (_, Some(Reason::Suspended)) => Self::Suspended,
            (Status::False, Some(Reason::HeldEmpty | Reason::HeldShrink)) => Self::Held,
            (Status::False, _) => Self::Failing,
            (Status::Unknown, Some(Reason::Exporting)) => Self::Exporting,
            (Status::Unknown, _) => Self::Waiting,
            (Status::True, _) => match sync_type {
                SyncType::Dynamic => Self::Synced,
                SyncType::OneTime => Self::Completed,
            },
        }
    }

    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Held => "Held",
            Self::Failing => "Failing",
            Self::Waiting => "Waiting",
            Self::Exporting => "Exporting",
            Self::Synced => "Synced",
            Self::Completed => "Completed",
            Self::Suspended => "Suspended",
        }
    }
}

/// What a run under way is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Rows are read, or waited for: as many so far.
    Reading { members: u64 },
    /// They are compared with the last list.
    Comparing,
    /// New members are sent as profiles.
    Profiles { sent: u64, all: u64 },
    /// The list is sent.
    List,
}
