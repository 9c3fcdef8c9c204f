//! Of a connector.

use super::command::Object;
use super::{Advice, DEFINITIONS, MANAGED, UNKNOWN, Words};
use crate::domain::Reason;
use crate::page::model::Connector;

/// What the state of a connector means; `None` where it is connected.
pub fn of_connector(connector: &Connector) -> Option<Advice> {
    if connector.suspended {
        return Some(suspended(connector));
    }
    let reason = Reason::parse(&connector.words.reason);
    if reason == Some(Reason::Connected) {
        return None;
    }
    let (what, steps) = match reason {
        None if connector.words.reason.is_empty() => NEW,
        None => UNKNOWN,
        Some(reason) => words(reason).unwrap_or(UNKNOWN),
    };
    let exports = match reason {
        // Nobody refuses: each export finds out for itself.
        Some(Reason::Unreachable | Reason::RateLimited) => {
            "Its exports aren't stopped by that: each goes on where it can, and the segments are as \
             they were until then."
        }
        _ => {
            "Until it is connected, its exports wait, and the segments stay as they are in CleverTap."
        }
    };
    let mut all = steps.to_vec();
    if reason == Some(Reason::InvalidSpec) && connector.mixpanel_project.is_none() {
        all.push(DEFINITIONS);
    }
    let label = match reason {
        Some(
            Reason::InvalidCredentials
            | Reason::Forbidden
            | Reason::SecretNotFound
            | Reason::SecretKeyMissing,
        ) => "Show which Secret holds the credentials, and what happened lately",
        _ => "Show all that is known of it, and what happened lately",
    };
    let command = Object::connector(connector).describe(label);
    Some(Advice::new(format!("{what} {exports}"), &all, command))
}

fn suspended(connector: &Connector) -> Advice {
    let means = "Somebody suspended this connector: its credentials aren't checked, and none of its \
                 exports runs. The segments stay as they are in CleverTap until it is resumed.";
    let steps = [
        "Ask whoever set up the connector why, before it is resumed.",
        "Whoever may change it in the cluster resumes it, and with it all its exports. One run makes \
         up for all that an export missed.",
        MANAGED,
    ];
    let label = "Resume this connector, and with it its exports";
    Advice::new(means, &steps, Object::connector(connector).resume(label))
}

const NEW: Words = (
    "mixtap hasn't looked at this connector yet.",
    &[
        "Nothing at first: that takes seconds.",
        "If it stays so, tell whoever runs mixtap.",
    ],
);

/// What happened, and what is to be done; `None` where no connector says it.
fn words(reason: Reason) -> Option<Words> {
    Some(match reason {
        Reason::Suspended => (
            "Somebody has just resumed this connector, and its credentials are about to be \
             checked.",
            &[
                "Nothing: that takes seconds.",
            ],
        ),
        Reason::Checking => (
            "Both vendors are being asked whether they accept the credentials.",
            &[
                "Nothing: that takes seconds, or a few minutes where a vendor is slow.",
            ],
        ),
        Reason::InvalidSpec => (
            "A setting of this connector can't be used.",
            &[
                "Pass the message on to whoever set up the connector: it says what must be \
                 corrected.",
            ],
        ),
        Reason::InvalidCredentials => (
            "Mixpanel or CleverTap, whichever the message names, refuses the credentials.",
            &[
                "If it is Mixpanel, look at Organization Settings > Service Accounts there: is \
                 the service account still there, hasn't it expired, and has it access to the \
                 project that this card names? The connector's region must be the project's as \
                 well.",
                "If it is CleverTap, look at Settings > Passcode there (it isn't the SDK \
                 token). The Project ID and the datacenter that this card names must be those \
                 of the same project; with a wrong datacenter CleverTap says the same.",
                "Whoever set up the connector puts the right values into its Secret. They are \
                 checked as soon as they are there, or at the latest with the next check.",
            ],
        ),
        Reason::PlanWithoutApi => (
            "The Mixpanel plan of this project doesn't include the Query API, by which cohorts \
             are read.",
            &[
                "Ask whoever is in charge of the contract with Mixpanel to upgrade it, or ask \
                 Mixpanel.",
                "It is noticed by itself with the next check.",
            ],
        ),
        Reason::Forbidden => (
            "The credentials are right, but aren't permitted to do this at Mixpanel or \
             CleverTap, whichever the message names.",
            &[
                "If it is Mixpanel, an owner or administrator of the organization gives the \
                 service account the role Analyst or higher in the project that this card names \
                 (Organization Settings > Service Accounts).",
                "If it is CleverTap, an administrator looks at what the Passcode permits \
                 (Settings > Passcode), and whether the plan includes the API.",
                "It is noticed by itself with the next check.",
            ],
        ),
        Reason::SecretNotFound => (
            "The Secret that should hold the credentials isn't there, or mixtap may not read \
             it. The message says which.",
            &[
                "Whoever set up the connector makes the Secret, beside the connector in the \
                 same namespace, or corrects its name in the connector.",
                "If it is there, whoever runs mixtap permits mixtap to read it.",
            ],
        ),
        Reason::SecretKeyMissing => (
            "The Secret is there but lacks a value that is needed, or has one that isn't a \
             single line of text. The message names both.",
            &[
                "Whoever set up the connector adds or corrects that value.",
            ],
        ),
        Reason::Unreachable => (
            "Mixpanel or CleverTap couldn't be reached, so it isn't known whether the \
             credentials are accepted.",
            &[
                "Nothing at first: it is tried again by itself.",
                "If it lasts, look at the status page of the vendor that the message names. If \
                 the vendor is well, tell whoever runs mixtap: the way there may be blocked.",
            ],
        ),
        Reason::RateLimited => (
            "The vendor that the message names takes no more calls for now, so the credentials \
             couldn't be checked.",
            &[
                "Nothing at first: it is tried again by itself, and passes within the hour.",
                "If it comes back again and again, others use up the queries that the Mixpanel \
                 project has in an hour: find out which reports or scripts do.",
            ],
        ),
        // It needs no advice.
        Reason::Connected
        // An export's own.
        | Reason::Synced
        | Reason::Completed
        | Reason::AlreadyExported
        | Reason::Exporting
        | Reason::Queued
        | Reason::QueryBudget
        | Reason::ConnectorNotReady
        | Reason::SourceUnavailable
        | Reason::DestinationUnavailable
        | Reason::IncompleteRead
        | Reason::RunInterrupted
        | Reason::StateUnavailable
        | Reason::ScratchUnavailable
        | Reason::CohortNotFound
        | Reason::CohortAmbiguous
        | Reason::GroupCohort
        | Reason::HeldEmpty
        | Reason::HeldShrink
        | Reason::SourceRefused
        | Reason::DestinationRefused
        | Reason::SegmentExists
        | Reason::SegmentConflict
        | Reason::StateTooNew => return None,
    })
}
