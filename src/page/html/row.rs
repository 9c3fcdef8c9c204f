//! An export, as a row.

use jiff::Timestamp;
use maud::{Markup, html};

use super::plot::spark;
use super::words::{self, Way};
use crate::domain::counts::thousands;
use crate::page::address;
use crate::page::filter::{Column, Key, sought};
use crate::page::model::{Export, State};
use crate::page::part::Id;

/// Its row on the index. The cells' `data-key` is what the script sorts by where that isn't their
/// text.
pub fn row(export: &Export, shown: bool, now: Timestamp) -> Markup {
    let Export {
        namespace,
        name,
        connector,
        ..
    } = export;
    let id = Id::Export(namespace.clone(), name.clone());
    let key = |column: Column| match column.key(export) {
        Key::Number(number) => Some(number.to_string()),
        Key::Text(text) => Some(text),
        Key::None => None,
    };
    let states = State::ALL.into_iter().filter(|state| export.is(*state));
    let states: Vec<_> = states.map(State::words).collect();
    html! {
        tr #(id) data-part role="row" data-namespace=(namespace) data-connector=(address::connector(namespace, connector))
            data-states=(states.join(" ")) data-text=(sought(export)) hidden[!shown] {
            th scope="row" role="rowheader" data-cell="cohort" data-key=[key(Column::Cohort)] {
                a href={ "exports/" (address::path(namespace)) "/" (address::path(name)) } { (export.cohort) }
                span.sub { (namespace) "/" (name) }
            }
            td role="cell" data-cell="segment" data-key=[key(Column::Segment)] {
                (export.segment.as_deref().unwrap_or("–"))
                @if let Some(next) = &export.next_segment { span.sub { "to become " (next) " at the next sync" } }
            }
            td role="cell" data-cell="type" data-key=[key(Column::Type)] { (words::sync_type(export)) }
            td role="cell" data-cell="state" data-key=[key(Column::State)] {
                (words::state(export))
                @if let Some(running) = &export.running {
                    (words::progress(running, export.last.as_ref().map(|last| last.read)))
                }
                span.sub { (export.words.message) }
            }
            td.number role="cell" data-cell="members" data-key=[key(Column::Members)] {
                (words::count(export.last.as_ref().map(|last| last.members)))
            }
            td.number role="cell" data-cell="change" data-key=[key(Column::Change)] {
                @if let Some(last) = &export.last {
                    "+" (thousands(last.added)) span.unseen { " added" } " −" (thousands(last.removed)) span.unseen { " removed" }
                } @else { "–" }
            }
            td role="cell" data-cell="synced" data-key=[key(Column::Synced)] { (when(export.last_sync, now, Way::Ago)) }
            td role="cell" data-cell="next" data-key=[key(Column::Next)] { (when(export.next_sync, now, Way::Until)) }
            td role="cell" data-cell="trend" { (spark(&export.trend)) }
        }
    }
}

/// A time, or a dash where there is none.
pub fn when(time: Option<Timestamp>, now: Timestamp, way: Way) -> Markup {
    match time {
        Some(time) => words::time(time, now, way),
        None => html! { "–" },
    }
}
