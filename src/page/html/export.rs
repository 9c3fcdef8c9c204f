//! One export's own page.

use jiff::Timestamp;
use maud::{Markup, html};

use super::words::{self, Way};
use super::{document, plot, row, runs};
use crate::domain::counts::thousands;
use crate::page::advice::{self, Advice};
use crate::page::board::Version;
use crate::page::model::Export;
use crate::page::{address, trends};
use crate::state::PastRun;

/// Leads from here to the index.
const ROOT: &str = "../../";

/// What the page of an export shows.
pub struct Detail<'a> {
    pub export: &'a Export,
    pub version: Version,
    /// The latest first; `None` where they can't be read now.
    pub runs: Option<&'a [PastRun]>,
}

/// The whole document.
pub fn detail(detail: &Detail, now: Timestamp) -> Markup {
    let Detail {
        export,
        version,
        runs: kept,
    } = detail;
    let Export {
        namespace, name, ..
    } = export;
    let sizes = kept.map(trends::sizes).unwrap_or_default();
    let main = html! {
        main #main data-version=(version) data-now=(now) data-export={ (namespace) "/" (name) } {
            p { a #back href=(ROOT) { "All exports" } }
            (state(export, now))
            section aria-labelledby="plot-title" {
                h2 #plot-title { "Members in the list" }
                div #plot role="region" aria-labelledby="plot-title" tabindex="0" { (plot::plot(&sizes)) }
            }
            // Without what it is of, the script asks again.
            section #runs aria-labelledby="runs-title" data-ended=[kept.and(export.last_ended.as_ref())] {
                h2 #runs-title { "Runs" }
                @match kept {
                    None => { p.none { "The runs can't be read just now. The page tries again." } },
                    Some([]) => { p.none { "No run is remembered yet." } },
                    Some(kept) => {
                        p.sub { "The last 20 that changed something, and the first of each of the last 14 days." }
                        (runs::runs(kept, now))
                    },
                }
            }
        }
    };
    document(&export.cohort, ROOT, &main, now)
}

/// How the export stands: what changes between its runs. `data-ended` says whether the runs below are
/// still all of them.
pub fn state(export: &Export, now: Timestamp) -> Markup {
    html! {
        div #state data-part data-ended=[export.last_ended.as_ref()] {
            h1 { (export.cohort) }
            p.tags { (words::state(export)) }
            @if let Some(running) = &export.running {
                p { (words::progress(running, export.last.as_ref().map(|last| last.read))) }
            }
            p.message { (export.words.message) }
            @if let Some(found) = advice::of_export(export) {
                section #advice.advice aria-labelledby="advice-title" {
                    h2.unseen #advice-title { "What this means, and what to do" }
                    (advice(&found))
                }
            }
            (facts(export, now))
        }
    }
}

fn facts(export: &Export, now: Timestamp) -> Markup {
    let Export {
        namespace,
        name,
        connector,
        ..
    } = export;
    let last = export.last.as_ref();
    html! {
        dl.facts {
            div { dt { "Segment in CleverTap" } dd {
                (export.segment.as_deref().unwrap_or("named at the first sync"))
                @if let Some(id) = &export.segment_id { span.sub { "Id " (id) } }
                @if let Some(next) = &export.next_segment { span.sub { "To become " (next) " at the next sync" } }
            } }
            div { dt { "Cohort in Mixpanel" } dd {
                (export.cohort)
                @if let Some(id) = export.cohort_id { span.sub { "Id " (id) } }
            } }
            div { dt { "Type" } dd {
                (words::sync_type(export))
                @if let (Some(_), Some(asked)) = (&export.effective_interval, &export.interval) {
                    span.sub { "Asked for: every " (advice::spelled(asked)) }
                }
            } }
            div { dt { "Members in the list" } dd {
                (words::count(last.map(|last| last.members)))
                @if let Some(last) = last {
                    span.sub { "of " (thousands(last.read)) " read; +" (thousands(last.added)) " −" (thousands(last.removed)) " against the list before" }
                }
            } }
            div { dt { "Last sync" } dd { (moment(export.last_sync, now, Way::Ago)) } }
            @if let Some(hold) = &export.hold {
                div { dt { "Held since" } dd { (moment(Some(hold.since), now, Way::Ago)) } }
            }
            div { dt { "Next sync" } dd { (moment(export.next_sync, now, Way::Until)) } }
            div { dt { "Connector" } dd {
                a href={ (ROOT) "?" (address::of_connector(namespace, connector)) } { (connector) }
            } }
            div { dt { "Export" } dd { (namespace) "/" (name) } }
        }
    }
}

/// A time in words, and the exact one: there is room for both.
fn moment(time: Option<Timestamp>, now: Timestamp, way: Way) -> Markup {
    html! {
        (row::when(time, now, way))
        @if let Some(time) = time { span.sub { (words::exact(time)) } }
    }
}

/// What a state means, and what to do.
pub fn advice(advice: &Advice) -> Markup {
    html! {
        p { (advice.means) }
        @if !advice.steps.is_empty() {
            ul { @for step in &advice.steps { li { (step) } } }
        }
        @if let Some(command) = &advice.command {
            p { (command.label) ":" }
            div.command {
                pre tabindex="0" { (command.line) }
                button.copy type="button" hidden { "Copy" }
            }
        }
    }
}
