//! Times, counts and tags, as people read them.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::api::SyncType;
use crate::domain::counts::thousands;
use crate::domain::words::{ago, until};
use crate::page::advice::spelled;
use crate::page::model::{Connected, Export, State, Step};

/// Which side of now a time is on.
#[derive(Clone, Copy)]
pub enum Way {
    Ago,
    Until,
}

/// A time in words, with the exact one on hover. The script renews the words.
pub fn time(time: Timestamp, now: Timestamp, way: Way) -> Markup {
    let (words, name) = match way {
        Way::Ago => (ago(time, now), "ago"),
        Way::Until => (until(time, now), "until"),
    };
    html! { time datetime=(time) title=(exact(time)) data-words=(name) { (words) } }
}

/// To the second, in UTC.
pub fn exact(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A connector's tag.
pub fn connected(connected: Connected) -> Markup {
    tag(connected.words())
}

/// How an export stands; one that is Synced may be exporting as well.
pub fn state(export: &Export) -> Markup {
    let exporting = export.running.is_some() && export.state != State::Exporting;
    html! {
        (tag(export.state.words()))
        @if exporting { " " (tag(State::Exporting.words())) }
    }
}

/// The words of a tag are its kind.
pub fn tag(words: &str) -> Markup {
    html! { span.tag data-tag=(words) { (words) } }
}

/// How far a run is. `rows`: as many as the run before read.
pub fn progress(running: &Step, rows: Option<i64>) -> Markup {
    let rows = rows
        .and_then(|rows| u64::try_from(rows).ok())
        .filter(|rows| *rows > 0);
    let (words, share) = match *running {
        Step::Reading { members: 0 } => ("Starting".to_owned(), None),
        Step::Reading { members } => {
            let read = thousands(members);
            match rows {
                Some(rows) => {
                    let words = format!("{read} of about {} members read", thousands(rows));
                    (words, Some((members.min(rows), rows)))
                }
                None => (format!("{read} members read"), None),
            }
        }
        Step::Comparing => ("Comparing with the last list".to_owned(), None),
        Step::Profiles { sent, all } => {
            let words = format!("{} of {} profiles sent", thousands(sent), thousands(all));
            (words, Some((sent, all.max(1))))
        }
        Step::List => ("Sending the list".to_owned(), None),
    };
    html! {
        span.progress {
            @match share {
                Some((done, all)) => { progress aria-label="Progress" max=(all) value=(done) {} },
                None => { progress aria-label="Progress" {} },
            }
            " " (words)
        }
    }
}

/// Once, or how often.
pub fn sync_type(export: &Export) -> Markup {
    match export.sync_type {
        None => html! { "–" },
        Some(SyncType::OneTime) => html! { "One-time" },
        Some(SyncType::Dynamic) => {
            let interval = export
                .effective_interval
                .as_ref()
                .or(export.interval.as_ref());
            html! { "Dynamic" @if let Some(interval) = interval { span.sub { "every " (spelled(interval)) } } }
        }
    }
}

/// A count, or a dash where there is none.
pub fn count(count: Option<i64>) -> String {
    count.map_or_else(|| "–".to_owned(), thousands)
}
