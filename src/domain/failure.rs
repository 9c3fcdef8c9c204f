//! Why something isn't as the user wants it: every reason that a condition can carry.

use std::time::Duration;

/// What a reason asks for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All is as it should be.
    Fine,
    /// It may pass by itself: tried again with back-off.
    Transient,
    /// A person must act: looked at again on a change, and once an interval.
    Stalled,
}

macro_rules! reasons {
    ($($name:ident $kind:ident $doc:literal;)+) => {
        /// The reason of a condition. One table for all: what it is called, what it means, and
        /// what follows from it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $(#[doc = $doc] $name,)+ }

        impl Reason {
            /// All reasons, in the order of the table.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// As it stands in conditions and events.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// The reason of this name; `None` where no release of ours wrote it.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|r| r.as_str() == name)
            }

            /// What it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $doc,)+ }
            }

            /// What it asks for next.
            pub fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)+ }
            }
        }
    };
}

reasons! {
    Connected Fine "Both vendors accept the credentials.";
    Synced Fine "CleverTap accepted the latest list.";
    Completed Fine "CleverTap accepted the list of this one-time export.";
    AlreadyExported Fine "The state holds this one-time export as done: the object was restored or re-created.";
    Suspended Fine "`spec.suspend` is true, here or on the connector.";
    Exporting Fine "The first run, or the first of a new shape, is under way.";
    Queued Fine "The first run waits for its turn: for the project's query budget, or for another run to end.";
    QueryBudget Fine "The Mixpanel project's query budget permits fewer runs than `interval` asks for.";
    Checking Fine "The first check of the credentials is under way.";
    InvalidSpec Stalled "The spec can't be used as it is.";
    InvalidCredentials Stalled "A vendor refuses the credentials.";
    PlanWithoutApi Stalled "The Mixpanel plan has no Query API.";
    Forbidden Stalled "The credentials are right, but their role or plan doesn't permit the call.";
    SecretNotFound Transient "A Secret that the spec names isn't there.";
    SecretKeyMissing Transient "A Secret lacks the key that the spec names.";
    Unreachable Transient "A vendor can't be reached.";
    ConnectorNotReady Transient "The connector is absent or isn't connected.";
    SourceUnavailable Transient "Mixpanel can't be reached, or can't say whether the cohort exists.";
    DestinationUnavailable Transient "CleverTap or its upload storage can't be reached.";
    RateLimited Transient "A vendor permits no more calls for now.";
    IncompleteRead Transient "The read of the cohort didn't add up, so nothing was written.";
    RunInterrupted Transient "The controller ended in the middle of this run more than once.";
    StateUnavailable Transient "The state store can't be read or written.";
    ScratchUnavailable Transient "The scratch directory is full, at its limit, or can't be written.";
    CohortNotFound Stalled "The Mixpanel project has no such cohort.";
    CohortAmbiguous Stalled "More than one cohort has this name.";
    GroupCohort Stalled "The cohort is one of groups, not of users.";
    HeldEmpty Stalled "The cohort read empty, and `onEmpty` is Hold.";
    HeldShrink Stalled "The segment would lose more than `maxShrinkPercent`.";
    SourceRefused Stalled "Mixpanel refuses the query though the cohort exists, or a page of it is larger than this release reads.";
    DestinationRefused Stalled "CleverTap refuses the list.";
    SegmentExists Stalled "CleverTap has a segment of this name, and `existingSegment` is Refuse.";
    SegmentConflict Stalled "Another export writes this segment of this CleverTap project.";
    StateTooNew Stalled "The snapshot was written by a newer release.";
}

/// A reason with what to tell a person: no secret, no member's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub reason: Reason,
    pub message: String,
    /// What the server, or our own ledger of its budget, says to wait.
    pub retry_after: Option<Duration>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.message)
    }
}

impl Failure {
    /// A failure without a word on when to try again.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            retry_after: None,
        }
    }

    /// The same with the time that the other side asks for.
    pub fn after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }
}
