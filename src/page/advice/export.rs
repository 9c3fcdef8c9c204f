//! Of an export.

use super::command::Object;
use super::{Advice, MANAGED, failing};
use crate::api::DurationString;
use crate::domain::Reason;
use crate::domain::counts::thousands;
use crate::page::model::{Export, Hold, State};

/// What the state of an export means; `None` where all is as it was asked for.
pub fn of_export(export: &Export) -> Option<Advice> {
    match export.state {
        State::Suspended => Some(suspended(export)),
        State::Held => Some(held(export)),
        State::Failing => Some(failing::advice(export)),
        State::Waiting => Some(waiting(export)),
        State::Exporting => Some(exporting(export)),
        State::Synced => stretched(export),
        State::Completed if export.reason() == Some(Reason::AlreadyExported) => Some(again(export)),
        State::Completed => None,
    }
}

fn suspended(export: &Export) -> Advice {
    let as_it_is = match export.last_sync {
        Some(_) => "and the segment stays as it was after the last sync",
        None => "and nothing reaches the segment",
    };
    if export.suspended_itself {
        let means = format!(
            "Somebody suspended this export: it doesn't run, {as_it_is} until it is resumed."
        );
        let steps = [
            "Ask whoever set up this export why, before it is resumed.",
            "Whoever may change it in the cluster resumes it. It then runs when it is next due; one \
             run makes up for all that were missed.",
            "If it says Suspended all the same, its connector is suspended too: see the connector's \
             card.",
            MANAGED,
        ];
        let command = Object::export(export).resume("Resume this export");
        return Advice::new(means, &steps, command);
    }
    let means = format!(
        "Its connector is suspended, and all exports of it with it: this one doesn't run, {as_it_is} \
         until the connector is resumed."
    );
    let steps = [
        "Look at the connector's card. If it doesn't say Suspended, somebody has just resumed this \
         export, and it goes on by itself.",
        "Otherwise ask whoever set up the connector why; whoever may change it in the cluster \
         resumes it, and with it all its exports.",
        MANAGED,
    ];
    let label = "Resume the connector, and with it its exports";
    Advice::new(means, &steps, Object::connector_of(export).resume(label))
}

fn held(export: &Export) -> Advice {
    let empty = export.reason() == Some(Reason::HeldEmpty);
    let hold = export.hold.as_ref();
    let mut means = match hold {
        _ if empty => {
            "The cohort was read without a single member to export. That is more often a \
                       mistake than meant, so the run is held. "
                .to_owned()
        }
        Some(hold) => lost(hold),
        None => {
            "The segment would lose more members than this export permits, so the run is held. "
                .to_owned()
        }
    };
    means += &match hold.map_or(0, |hold| hold.previous) {
        0 => "Nothing was written, and CleverTap keeps what it has.".to_owned(),
        members => format!(
            "CleverTap keeps the previous list of {} members; the segment isn't updated meanwhile.",
            thousands(members)
        ),
    };
    if export.running.is_some() {
        means += " A run is under way now, and may pass.";
    }
    let permit = match empty {
        true => {
            "If this cohort is empty now and then, and the segment shall be too: whoever set up this \
             export permits it (onEmpty)."
        }
        false => {
            "If this cohort often shrinks so much: whoever set up this export permits larger losses \
             (maxShrinkPercent)."
        }
    };
    let steps = [
        "Look at the cohort in Mixpanel: is its size right? A changed definition, a property that is \
         no longer sent, or an outage of the tracking shrinks cohorts without anyone wanting it.",
        "If it is wrong, correct it in Mixpanel. It is read again at the usual times, and passes by \
         itself.",
        "If it is right, whoever may change this export in the cluster lets this run pass. That holds \
         for this once, and only if no more members would be lost by then.",
        permit,
    ];
    let object = Object::export(export);
    let command = match hold {
        Some(hold) => object.release(&hold.id, "Let this run pass, once"),
        None => object.describe("Show what the run would do"),
    };
    Advice::new(means, &steps, command)
}

fn lost(hold: &Hold) -> String {
    let [removed, previous] = [hold.removed, hold.previous].map(thousands);
    let members = match hold.members {
        1 => "1 member".to_owned(),
        members => format!("{} members", thousands(members)),
    };
    format!(
        "The cohort was read with {members} to export, and the segment would lose {removed} \
         of its {previous}. That is more than this export permits, so the run is held. "
    )
}

fn waiting(export: &Export) -> Advice {
    match export.reason() {
        Some(Reason::Queued) => {
            let means = format!(
                "The first run waits for its turn: Mixpanel answers only so many queries an hour to \
                 all users of a project, and mixtap runs only so many exports at once. The message \
                 says which it is. {}",
                until_then(export)
            );
            let steps = [
                "Nothing: it begins by itself when its turn comes.",
                "If all exports wait long, too many share the Mixpanel project: let those run less \
                 often that nobody needs so fresh, or remove some.",
            ];
            Advice::new(means, &steps, None)
        }
        None if export.words.reason.is_empty() => {
            let means = format!(
                "mixtap hasn't begun with it yet: it is new, or its connector is being checked for \
                 the first time. {}",
                until_then(export)
            );
            let steps = [
                "Nothing at first: it begins by itself, usually within seconds.",
                "If it stays so, look at its connector's card; if that is Connected, tell whoever \
                 runs mixtap.",
            ];
            let command = Object::export(export).describe("Show all that is known of it");
            Advice::new(means, &steps, command)
        }
        _ => failing::unknown(export),
    }
}

fn exporting(export: &Export) -> Advice {
    let means = format!(
        "The first export of this cohort to this segment is under way. {}",
        until_then(export)
    );
    let steps = ["Nothing: this page follows it. A cohort of millions may take an hour."];
    Advice::new(means, &steps, None)
}

/// Before the first run, or the first of a new shape, has ended.
fn until_then(export: &Export) -> &'static str {
    match export.last_sync {
        Some(_) => "What it exported before stays as it is in CleverTap until that run is done.",
        None => "The segment is in CleverTap once CleverTap has accepted the list.",
    }
}

/// Synced, but not as often as asked for.
fn stretched(export: &Export) -> Option<Advice> {
    let effective = spelled(export.effective_interval.as_deref()?);
    let asked = spelled(export.interval.as_deref()?);
    let means = format!(
        "The segment is kept up to date, but about every {effective} instead of every {asked}: \
         Mixpanel answers only so many queries an hour to all users of a project, so the exports of \
         this project take turns. Nothing fails for that."
    );
    let steps = [
        "Nothing, if that is often enough.",
        "Otherwise let those exports of this Mixpanel project run less often that nobody needs so \
         fresh, or remove some. Exports of the same cohort by the same connector, with the same \
         interval, cost one query together.",
        "If nobody else queries the project, whoever set up the connector lets it use more of the \
         queries (queriesPerHour).",
    ];
    Some(Advice::new(means, &steps, None))
}

/// `1h30m` as `1 hour 30 minutes`; as it is where it isn't a duration.
pub fn spelled(duration: &str) -> String {
    if DurationString::from(duration).parse().is_none() {
        return duration.to_owned();
    }
    let spell = |part: &str| {
        let (number, unit) = part.split_at(part.len() - 1);
        let unit = match unit {
            "h" => "hour",
            "m" => "minute",
            _ => "second",
        };
        format!("{number} {unit}{}", if number == "1" { "" } else { "s" })
    };
    let parts = duration.split_inclusive(['h', 'm', 's']).map(spell);
    parts.collect::<Vec<_>>().join(" ")
}

/// A one-time export that was done before its object was restored.
fn again(export: &Export) -> Advice {
    let means = "This one-time export was done before it was restored or created anew, so it isn't \
                 done a second time. The segment stays as it was.";
    let steps = [
        "Nothing, if that is right.",
        "If the cohort shall be exported once more as it is now, whoever may change this export in the \
         cluster asks for another run.",
    ];
    let command = Object::export(export).request("Export the cohort once more");
    Advice::new(means, &steps, command)
}
