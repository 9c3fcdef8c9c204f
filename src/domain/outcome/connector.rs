//! The status of a `CleverTapConnector` after each thing that can happen to it.

use jiff::{SignedDuration, Timestamp};

use super::Verdict;
use crate::api::conditions::{self, CONNECTED, Status};
use crate::api::{CleverTapConnectorStatus, ObservedSecrets};
use crate::domain::failure::{Failure, Kind, Reason};
use crate::domain::schedule::{backoff, seconds, slot_from};

/// When the credentials are to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    Now,
    At(Timestamp),
}

/// When a connector's check is due. `secrets` are the resourceVersions as they are now; `asked`
/// says that an export met refused credentials.
pub fn check_due(
    status: &CleverTapConnectorStatus,
    generation: i64,
    secrets: &ObservedSecrets,
    asked: bool,
    uid: &str,
    interval: SignedDuration,
    now: Timestamp,
) -> Check {
    let changed = status.observed_generation != Some(generation)
        || status.observed_secrets.as_ref() != Some(secrets);
    let last = match &status.last_check_time {
        Some(last) if !changed && !asked && last.0 <= now + SignedDuration::from_secs(1) => last.0,
        _ => return Check::Now,
    };
    let failures = status.consecutive_failures.unwrap_or(0);
    let due = if failures > 0 {
        last + backoff(failures)
    } else {
        slot_from(last + interval / 2, interval, uid)
    };
    if due <= now {
        Check::Now
    } else {
        Check::At(due)
    }
}

/// The old status, and what the new one speaks of.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    pub old: &'a CleverTapConnectorStatus,
    pub generation: i64,
    pub now: Timestamp,
}

impl Write<'_> {
    /// `spec.suspend`: no checks; keeps what it said.
    pub fn suspended(&self) -> CleverTapConnectorStatus {
        let message = "Suspended: no checks, and its exports act as suspended.";
        let mut status = self.fresh();
        if conditions::find(&status.conditions, CONNECTED).is_none() {
            self.connected(&mut status, Status::Unknown, Reason::Suspended, message);
        }
        self.ready(&mut status, Status::True, Reason::Suspended, message);
        status
    }

    /// The first check is about to begin, and may take a while. The root keeps the generation of
    /// before: its exports wait for the answer.
    pub fn checking(&self) -> CleverTapConnectorStatus {
        let message = "Asks both vendors whether they accept the credentials.";
        let mut status = self.old.clone();
        self.connected(&mut status, Status::Unknown, Reason::Checking, message);
        self.ready(&mut status, Status::Unknown, Reason::Checking, message);
        status
    }

    /// Both vendors accept the credentials.
    pub fn connected_both(
        &self,
        secrets: ObservedSecrets,
        checked: Timestamp,
    ) -> CleverTapConnectorStatus {
        let message = "Mixpanel and CleverTap accept the credentials.";
        let mut status = self.fresh();
        status.last_check_time = Some(seconds(checked));
        status.consecutive_failures = None;
        status.observed_secrets = Some(secrets);
        self.connected(&mut status, Status::True, Reason::Connected, message);
        self.ready(&mut status, Status::True, Reason::Connected, message);
        status
    }

    /// A check that ended otherwise, or couldn't be made. `secrets` is `None` where no vendor was
    /// asked.
    pub fn failed(
        &self,
        failure: &Failure,
        secrets: Option<ObservedSecrets>,
    ) -> CleverTapConnectorStatus {
        let mut status = self.fresh();
        let value = match failure.reason {
            Reason::Unreachable | Reason::RateLimited => Status::Unknown,
            _ => Status::False,
        };
        status.last_check_time = secrets
            .is_some()
            .then(|| seconds(self.now))
            .or(status.last_check_time);
        status.consecutive_failures = match failure.reason.kind() {
            Kind::Transient => Some(self.old.consecutive_failures.unwrap_or(0).saturating_add(1)),
            Kind::Fine | Kind::Stalled => None,
        };
        status.observed_secrets = secrets;
        self.connected(&mut status, value, failure.reason, &failure.message);
        self.ready(&mut status, Status::False, failure.reason, &failure.message);
        status
    }

    fn fresh(&self) -> CleverTapConnectorStatus {
        let mut status = self.old.clone();
        status.observed_generation = Some(self.generation);
        for condition in &mut status.conditions {
            condition.observed_generation = Some(self.generation);
        }
        status
    }

    fn connected(
        &self,
        status: &mut CleverTapConnectorStatus,
        value: Status,
        reason: Reason,
        message: &str,
    ) {
        let now = seconds(self.now);
        conditions::set(
            &mut status.conditions,
            CONNECTED,
            value,
            reason.as_str(),
            message,
            self.generation,
            now,
        );
    }

    fn ready(
        &self,
        status: &mut CleverTapConnectorStatus,
        ready: Status,
        reason: Reason,
        message: &str,
    ) {
        Verdict {
            ready,
            reason,
            message,
        }
        .write(&mut status.conditions, self.generation, self.now);
    }
}
