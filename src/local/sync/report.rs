//! What a sync says of each object: a line for people, a value for machines.

use jiff::Timestamp;
use serde::Serialize;

use crate::api::conditions::{self, CONNECTED, READY};
use crate::domain::counts::thousands;
use crate::domain::{Counts, Kind, Reason, printable};
use crate::export::{Confirmed, Outcome, Stop};
use crate::local::members::Members;
use crate::local::remembered::Id;
use crate::local::world::{Connector, Export};

/// How an object stands after a pass.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    kind: &'static str,
    namespace: String,
    name: String,
    /// As in a condition.
    reason: String,
    message: String,
    /// Nothing is left for a person to do.
    pub ok: bool,
    /// A run of this pass came to its end.
    pub ran: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Members>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Sent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warned>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_sync_time: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
struct Warned {
    reason: &'static str,
    message: String,
}

/// What a run sent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    /// Profiles, by what CleverTap made of them.
    profiles_created: u64,
    profiles_rejected: u64,
    profiles_pending: u64,
    /// Whether the list was sent.
    list: bool,
}

impl Sent {
    fn of(counts: &Counts) -> Self {
        Self {
            profiles_created: counts.profiles_created,
            profiles_rejected: counts.profiles_rejected,
            profiles_pending: counts.profiles_pending,
            list: counts.uploaded,
        }
    }

    fn words(&self) -> String {
        match (self.profiles_created, self.list) {
            (_, false) => "nothing sent, for the list is as it was".to_owned(),
            (0, true) => "the list sent".to_owned(),
            (profiles, true) => format!("{} profiles and the list sent", thousands(profiles)),
        }
    }
}

/// What a pass did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub connectors: Vec<Line>,
    pub exports: Vec<Line>,
    pub ok: bool,
}

impl Report {
    pub fn new(connectors: Vec<Line>, exports: Vec<Line>) -> Self {
        Self {
            ok: connectors.iter().chain(&exports).all(|line| line.ok),
            connectors,
            exports,
        }
    }
}

impl Report {
    /// Whether a pass that nobody waited for is worth a word.
    pub fn tells(&self) -> bool {
        self.exports.iter().any(|line| line.ran || !line.ok)
    }
}

impl Line {
    fn new(id: &Id, reason: &str, message: &str) -> Self {
        Self {
            kind: id.kind,
            namespace: id.namespace.clone(),
            name: id.name.clone(),
            ok: Reason::parse(reason).is_some_and(fine),
            reason: reason.to_owned(),
            message: message.to_owned(),
            ran: false,
            members: None,
            sent: None,
            warnings: Vec::new(),
            next_sync_time: None,
        }
    }

    /// Namespace and name.
    pub fn id(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    /// What its conditions say.
    pub fn of_connector(connector: &Connector) -> Self {
        let found = &connector.record.status.conditions;
        let ready = conditions::find(found, READY);
        // Suspended, Ready alone says so.
        let suspended = ready.filter(|ready| ready.reason == Reason::Suspended.as_str());
        let told = suspended.or_else(|| conditions::find(found, CONNECTED));
        let (reason, message) = told.map_or(("", ""), |c| (&c.reason, &c.message));
        Self::new(&connector.id, reason, message)
    }

    /// What its conditions say.
    pub fn of_export(export: &Export) -> Self {
        let status = &export.record.status;
        let told = conditions::find(&status.conditions, READY);
        let (reason, message) = told.map_or(("", ""), |c| (&c.reason, &c.message));
        Self {
            next_sync_time: status.next_sync_time.as_ref().map(|time| time.0),
            ..Self::new(&export.id, reason, message)
        }
    }

    /// The same after a run that ended so.
    pub fn ran(export: &Export, outcome: &Outcome) -> Self {
        let mut line = Self::of_export(export);
        line.ran = true;
        match outcome {
            Outcome::Done(done) => {
                line.members = Some(Members::of(&done.counts));
                line.sent = Some(Sent::of(&done.counts));
                let warned = done.warnings.iter().map(|warning| Warned {
                    reason: warning.reason.as_str(),
                    message: warning.message.clone(),
                });
                line.warnings.extend(warned);
            }
            Outcome::Confirmed(Confirmed::Lost) => line.warnings.push(Warned {
                reason: "ConfirmationLost",
                message: "What was kept for the confirming upload of the list was lost; ask for \
                          another run if CleverTap shows fewer members."
                    .to_owned(),
            }),
            Outcome::Error(crate::export::RunError::Stopped(stop)) => {
                return Self::stopped(export, *stop);
            }
            Outcome::Confirmed(_) | Outcome::Error(_) => {}
        }
        line
    }

    /// A run that was stopped, or not begun, before a vendor write.
    pub fn stopped(export: &Export, stop: Stop) -> Self {
        let message = match stop {
            Stop::LeaseLost | Stop::LeaseLapsed => {
                "The lock of the state was lost to another sync, which goes on with this run."
            }
            _ => "Stopped before its next write; the next sync goes on with it.",
        };
        Self::new(&export.id, Reason::RunInterrupted.as_str(), message)
    }

    /// A run that has no query of its project's budget left.
    pub fn queued(export: &Export, until: Timestamp) -> Self {
        let until = until.strftime("%H:%M:%S UTC");
        let message = format!(
            "The query budget of the Mixpanel project is used up: a sync after {until} has a query."
        );
        Self::new(&export.id, Reason::Queued.as_str(), &message)
    }

    /// For people: a line, and one below it for what a run did and for each warning. What a terminal
    /// would obey is escaped.
    pub fn text(&self) -> String {
        let Self {
            namespace,
            name,
            reason,
            message,
            ..
        } = self;
        let kind = match self.kind {
            "CohortExport" => "cohortexport",
            _ => "connector",
        };
        let mut text = format!("{kind}/{name}  {reason}  {message}");
        if namespace != crate::local::manifests::NAMESPACE {
            text = format!("{namespace} {text}");
        }
        text = printable(&text).into_owned();
        if let (Some(members), Some(sent)) = (&self.members, &self.sent) {
            text = format!("{text}\n    {}; {}", members.words(), sent.words());
        }
        for Warned { reason, message } in &self.warnings {
            text = format!("{text}\n    {reason}: {}", printable(message));
        }
        text
    }
}

/// Nothing is left to do. A connector that can't be reached now may be there for its exports.
fn fine(reason: Reason) -> bool {
    reason.kind() == Kind::Fine && !matches!(reason, Reason::Queued | Reason::Exporting)
}
