//! Outcomes as status: what happened in, the whole status out.
//!
//! The order of conditions, which of them stand beside which, and what each outcome keeps of the
//! old status are decided here and nowhere else (kstatus reads them: Flux, Helm, Argo CD).

pub mod connector;
pub mod export;
pub mod lint;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::failure::{Kind, Reason};
use super::schedule::seconds;
use crate::api::conditions::{self, READY, RECONCILING, STALLED, Status};

/// What `Ready` says, and by it whether `Stalled` or `Reconciling` stands beside it.
pub(crate) struct Verdict<'a> {
    pub ready: Status,
    pub reason: Reason,
    pub message: &'a str,
}

impl Verdict<'_> {
    /// Writes `Ready`, `Stalled` and `Reconciling`.
    pub fn write(&self, conditions: &mut Vec<Condition>, generation: i64, now: Timestamp) {
        let mark = match (self.ready, self.reason.kind()) {
            (Status::True, _) => None,
            (Status::False, Kind::Stalled) => Some(STALLED),
            _ => Some(RECONCILING),
        };
        for kind in [STALLED, RECONCILING] {
            if mark == Some(kind) {
                self.set(conditions, kind, Status::True, generation, now);
            } else {
                conditions::remove(conditions, kind);
            }
        }
        self.set(conditions, READY, self.ready, generation, now);
    }

    fn set(
        &self,
        list: &mut Vec<Condition>,
        kind: &str,
        status: Status,
        generation: i64,
        now: Timestamp,
    ) {
        conditions::set(
            list,
            kind,
            status,
            self.reason.as_str(),
            self.message,
            generation,
            seconds(now),
        );
    }
}

/// What `Ready` says, and why.
pub fn ready(conditions: &[Condition]) -> Option<(Status, Reason)> {
    let ready = conditions::find(conditions, READY)?;
    Some((Status::of(ready), Reason::parse(&ready.reason)?))
}

/// An event that a change of status asks for: on a change of reason only, so that a healthy run
/// every 15 minutes makes none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub warning: bool,
    pub reason: String,
    pub message: String,
}

/// The event for what changed between two lists of conditions, if any. `own` is the kind's own
/// condition, which tells more than `Ready` where both changed.
pub fn note(old: &[Condition], new: &[Condition], own: &str) -> Option<Note> {
    [own, READY].into_iter().find_map(|kind| {
        let now = conditions::find(new, kind)?;
        let before = conditions::find(old, kind).map(|c| c.reason.as_str());
        // That a check begins is no news; how it ends is.
        let news = before != Some(now.reason.as_str()) && now.reason != Reason::Checking.as_str();
        news.then(|| Note {
            warning: Reason::parse(&now.reason).is_none_or(|r| r.kind() != Kind::Fine),
            reason: now.reason.clone(),
            message: now.message.clone(),
        })
    })
}
