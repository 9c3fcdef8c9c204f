//! All connectors and exports.

use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};

use super::{card, document, row};
use crate::page::address;
use crate::page::board::{Snapshot, Version};
use crate::page::filter::{Column, Filter, Sort};
use crate::page::model::{Export, State};
use crate::page::part::{Part, Summary};

/// Where the rows go: a text that nobody else's can hold, for all of those are escaped.
const ROWS: &str = "<!-- rows -->";

/// The index in pieces: rows are many, so they come a few at a time between the other two.
pub struct Index {
    pub above: String,
    pub below: String,
}

impl Index {
    /// Everything but the rows.
    pub fn of(snapshot: &Snapshot, version: Version, filter: &Filter, now: Timestamp) -> Self {
        let page = document("Exports", "./", &main(snapshot, version, filter, now), now);
        let page = page.into_string();
        let (above, below) = page.split_once(ROWS).expect("the page has its mark");
        Self {
            above: above.to_owned(),
            below: below.to_owned(),
        }
    }

    /// Some of the rows.
    pub fn rows<'a>(
        exports: impl Iterator<Item = &'a Export>,
        filter: &Filter,
        now: Timestamp,
    ) -> String {
        let rows = exports.map(|export| row::row(export, filter.shows(export), now));
        rows.map(Markup::into_string).collect()
    }
}

fn main(snapshot: &Snapshot, version: Version, filter: &Filter, now: Timestamp) -> Markup {
    let parts = || snapshot.parts.iter().map(|(_, part)| part);
    let connectors = parts().filter_map(|part| match part {
        Part::Connector(connector) => Some(connector),
        _ => None,
    });
    let exports = parts().filter_map(|part| match part {
        Part::Export(export) => Some(export),
        _ => None,
    });
    let connectors: Vec<_> = connectors.collect();
    let there = exports.clone().next().is_some();
    let shown = exports.clone().any(|export| filter.shows(export));
    html! {
        main #main data-version=(version) data-now=(now) {
            h1 { "Mixpanel cohorts in CleverTap" }
            @if connectors.len() > MANY { p { a href="#exports" { "To the exports" } } }
            section #connectors aria-labelledby="connectors-title" {
                h2 #connectors-title { "Connectors" }
                div.cards {
                    @for connector in &connectors { (card::card(connector, now)) }
                }
                p.none hidden[!connectors.is_empty()] { "No connector is there yet." }
            }
            section #exports aria-labelledby="exports-title" {
                h2 #exports-title { "Exports" }
                @for part in parts() { @if let Part::Summary(of) = part { (summary(of)) } }
                (form(exports.clone(), filter))
                p.sub #shown role="status" {}
                div.scroll role="region" aria-labelledby="exports-title" tabindex="0" {
                    // On a narrow screen rows are laid out as blocks: their roles stay.
                    table role="table" {
                        caption.unseen { "Exports of cohorts to segments. A heading sorts by its column." }
                        thead role="rowgroup" { tr role="row" { @for (column, title) in HEADINGS { (heading(column, title, filter.sort)) } } }
                        tbody role="rowgroup" { (PreEscaped(ROWS)) }
                    }
                }
                p #empty role="status" {
                    span hidden[shown] {
                        @if there { "No export matches." } @else { "No export is there yet." }
                    }
                }
            }
        }
    }
}

/// How many exports are in each state, each a link to those.
pub fn summary(summary: &Summary) -> Markup {
    html! {
        p #summary data-part {
            span { (summary.exports) @if summary.exports == 1 { " export" } @else { " exports" } }
            @for (state, count) in &summary.states {
                " " a.count href={ "?state=" (state.words()) } data-tag=(state.words()) { (count) " " (state.words()) }
            }
        }
    }
}

/// As many cards fill a screen.
const MANY: usize = 3;

const HEADINGS: [(Option<Column>, &str); 9] = [
    (Some(Column::Cohort), "Cohort"),
    (Some(Column::Segment), "Segment"),
    (Some(Column::Type), "Type"),
    (Some(Column::State), "State"),
    (Some(Column::Members), "Members"),
    (Some(Column::Change), "Last change"),
    (Some(Column::Synced), "Last sync"),
    (Some(Column::Next), "Next sync"),
    (None, "Trend"),
];

/// A column's heading. Without a script its button asks for the page anew, sorted by it.
fn heading(column: Option<Column>, title: &str, sort: Sort) -> Markup {
    let Some(column) = column else {
        return html! { th scope="col" role="columnheader" data-cell="trend" { (title) } };
    };
    let mine = sort.column == column;
    let direction = match sort.descending {
        true => "descending",
        false => "ascending",
    };
    let next = match mine && !sort.descending {
        true => format!("-{}", column.id()),
        false => column.id().to_owned(),
    };
    html! {
        th scope="col" role="columnheader" data-cell=(column.id()) data-column=(column.id()) aria-sort=[mine.then_some(direction)] {
            button type="submit" form="filter" name="sort" value=(next) { (title) }
        }
    }
}

fn form<'a>(exports: impl Iterator<Item = &'a Export> + Clone, filter: &Filter) -> Markup {
    let unique = |values: Vec<String>| {
        let mut values = values;
        values.sort();
        values.dedup();
        values
    };
    let namespaces = unique(
        exports
            .clone()
            .map(|export| export.namespace.clone())
            .collect(),
    );
    let connectors = exports.map(|export| address::connector(&export.namespace, &export.connector));
    let connectors = unique(connectors.collect());
    let states: Vec<_> = State::ALL.map(|state| state.words().to_owned()).into();
    let sort = match filter.sort {
        sort if sort == Sort::default() => None,
        Sort {
            column,
            descending: true,
        } => Some(format!("-{}", column.id())),
        Sort { column, .. } => Some(column.id().to_owned()),
    };
    html! {
        form #filter method="get" action="./" role="search" aria-label="Filter exports" {
            label { "Namespace" (select("namespace", &namespaces, &filter.namespace)) }
            label { "Connector" (select("connector", &connectors, &filter.connector)) }
            label { "State" (select("state", &states, &filter.state)) }
            label { "Search" input #filter-q type="search" name="q" value=(filter.text) autocomplete="off" placeholder="Cohort, segment or name"; }
            @if let Some(sort) = sort { input type="hidden" name="sort" value=(sort); }
            button.apply type="submit" { "Filter" }
            a #clear href="./" { "Clear" }
        }
    }
}

/// What is asked for is among the options, though it isn't there.
fn select(name: &str, values: &[String], chosen: &str) -> Markup {
    let other = !chosen.is_empty() && !values.iter().any(|value| value == chosen);
    html! {
        select #{ "filter-" (name) } name=(name) {
            option value="" selected[chosen.is_empty()] { "All" }
            @for value in values { option value=(value) selected[value == chosen] { (value) } }
            @if other { option value=(chosen) selected { (chosen) } }
        }
    }
}
