//! What a sync would do with one export.

use serde::Serialize;

use super::report::Calls;
use crate::api::SyncType;
use crate::domain::{Failure, Reason};
use crate::export::{Held, Preview, Sends, Warning};
use crate::local::members::Members;
use crate::local::remembered::Id;
use crate::local::world::Export;

/// What a sync would do with one export.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    pub namespace: String,
    pub name: String,
    pub connector: String,
    pub sync_type: SyncType,
    pub outcome: Outcome,
    /// As in a condition where something stands in the way, and why it would run otherwise.
    pub reason: String,
    /// What a person should know; empty where the numbers say it all.
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<Cohort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Members>,
    /// False: there is no last list to compare with, so all count as added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<bool>,
    /// Identities in the last list, where no more is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_list: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
    pub calls: Calls,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warned>,
}

/// What a sync would come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// The segment would hold others than now.
    Changes,
    /// The segment would hold the same.
    Unchanged,
    /// The segment would hold as many, and perhaps others.
    Unknown,
    /// The guard would stop it.
    Held,
    /// It wouldn't run: done, or not due.
    Rests,
    Suspended,
    /// Something stands in the way.
    Failed,
}

impl Outcome {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Unchanged => "unchanged",
            Self::Unknown => "unknown",
            Self::Held => "held",
            Self::Rests => "rests",
            Self::Suspended => "suspended",
            Self::Failed => "fails",
        }
    }
}

/// A resolved cohort.
#[derive(Clone, Debug, Serialize)]
pub struct Cohort {
    pub id: i64,
    pub name: String,
}

/// The guard's decision.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Guard {
    /// `Pass`, `HeldEmpty` or `HeldShrink`.
    pub decision: &'static str,
    /// Of a hold: identities in the last list, and those that it would lose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
}

/// What a person should look at.
#[derive(Clone, Debug, Serialize)]
pub struct Warned {
    pub reason: &'static str,
    pub message: String,
}

/// Of an export that a cluster's controller has run.
const ELSEWHERE: &str = "It has run, but this state has no list of it by this key: --state-url, \
                         --state-prefix and the key must be the controller's.";

impl Planned {
    /// One that needs no look at its cohort.
    pub fn new(export: &Export, outcome: Outcome, reason: &str, message: &str) -> Self {
        let Id {
            namespace, name, ..
        } = export.id.clone();
        let status = &export.record.status;
        let cohort = status.cohort.as_ref().map(|cohort| Cohort {
            id: cohort.id,
            name: cohort.name.clone(),
        });
        Self {
            namespace,
            name,
            connector: export.object.spec.connector_ref.name.clone(),
            sync_type: export.object.spec.sync_type,
            outcome,
            reason: reason.to_owned(),
            message: message.to_owned(),
            cohort,
            segment: status.segment.as_ref().map(|segment| segment.name.clone()),
            members: None,
            compared: None,
            last_list: None,
            guard: None,
            calls: Calls::default(),
            warnings: Vec::new(),
        }
    }

    /// One that a sync would fail at.
    pub fn failed(export: &Export, failure: &Failure) -> Self {
        Self::new(
            export,
            Outcome::Failed,
            failure.reason.as_str(),
            &failure.message,
        )
    }

    /// One that would run, because of `why`.
    pub fn previewed(export: &Export, why: &str, preview: Preview) -> Self {
        let changes = preview.changes();
        let Preview {
            cohort: (id, name),
            segment,
            counts,
            compared,
            unconfirmed,
            reads,
            held,
            sends,
            warnings,
        } = preview;
        let outcome = match (held, changes) {
            (Some(_), _) => Outcome::Held,
            (None, true) => Outcome::Changes,
            (None, false) => Outcome::Unchanged,
        };
        let reason = held.map_or(why, |held| held.reason.as_str());
        let lost = held.is_none()
            && !compared
            && export.id.uid.is_some()
            && export.record.status.last_run.is_some();
        let message = match lost {
            true => ELSEWHERE.to_owned(),
            false => message(outcome, held, sends, unconfirmed),
        };
        Self {
            cohort: Some(Cohort { id, name }),
            segment: Some(segment),
            members: Some(Members::of(&counts)),
            compared: Some(compared),
            guard: Some(Guard::of(held)),
            calls: Calls {
                reads: reads.into(),
                ..Calls::of(sends)
            },
            warnings: warnings.into_iter().map(Warned::of).collect(),
            ..Self::new(export, outcome, reason, &message)
        }
    }
}

fn message(
    outcome: Outcome,
    held: Option<Held>,
    sends: Option<Sends>,
    unconfirmed: bool,
) -> String {
    let text = match (outcome, held) {
        (Outcome::Held, Some(held)) if held.reason == Reason::HeldEmpty => {
            "The cohort reads without a member to export, so a sync would keep the last list."
        }
        (Outcome::Held, _) => {
            "The segment would lose too many, so a sync would keep the last list."
        }
        (Outcome::Changes, _) if unconfirmed => {
            "An earlier run was cut off as it sent its list, so the list is sent again."
        }
        (Outcome::Unchanged, _) if sends.is_some() => {
            "The list is the same, and is sent once more to be sure that CleverTap has it."
        }
        _ => "",
    };
    text.to_owned()
}

impl Guard {
    fn of(held: Option<Held>) -> Self {
        Self {
            decision: held.map_or("Pass", |held| held.reason.as_str()),
            previous: held.map(|held| held.previous),
            removed: held.map(|held| held.removed),
        }
    }
}

impl Warned {
    fn of(warning: Warning) -> Self {
        Self {
            reason: warning.reason.as_str(),
            message: warning.message,
        }
    }
}
