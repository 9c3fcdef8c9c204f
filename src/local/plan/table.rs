//! A plan as a table, for a terminal.

use std::fmt::Write as _;

use super::planned::{Outcome, Planned};
use super::report::{Report, Total};
use crate::domain::counts::thousands;
use crate::domain::printable;

const HEAD: [&str; 9] = [
    "EXPORT",
    "SEGMENT",
    "PLAN",
    "ELIGIBLE",
    "ADDED",
    "REMOVED",
    "UNCHANGED",
    "SKIPPED",
    "CALLS",
];
/// Columns of words; the others hold numbers.
const WORDS: usize = 3;

/// The table, what is to be said of some of its rows, and the total. What a terminal would obey is
/// escaped.
pub fn table(report: &Report) -> String {
    let rows: Vec<[String; 9]> = report.exports.iter().map(row).collect();
    let mut widths = HEAD.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    line(&mut text, &HEAD.map(str::to_owned), &widths);
    for row in &rows {
        line(&mut text, row, &widths);
    }
    let notes = report.exports.iter().flat_map(notes);
    let notes: Vec<_> = notes.map(|note| printable(&note).into_owned()).collect();
    if !notes.is_empty() {
        let _ = write!(text, "\n{}\n", notes.join("\n"));
    }
    let _ = write!(text, "\n{}\n", total(&report.total));
    text
}

fn line(text: &mut String, row: &[String; 9], widths: &[usize; 9]) {
    let cells = row.iter().zip(widths).enumerate();
    let cells = cells.map(|(column, (cell, width))| match column < WORDS {
        true => format!("{cell:<width$}"),
        false => format!("{cell:>width$}"),
    });
    let cells: Vec<_> = cells.collect();
    let _ = writeln!(text, "{}", cells.join("  ").trim_end());
}

fn row(planned: &Planned) -> [String; 9] {
    let none = || "-".to_owned();
    let members = planned.members.as_ref();
    let number = |number: Option<u64>| number.map_or_else(none, thousands);
    let calls = planned.calls.all();
    [
        name(planned),
        planned.segment.clone().unwrap_or_else(none),
        format!("{} ({})", planned.outcome.word(), planned.reason),
        number(members.map(|m| m.eligible)),
        number(members.and_then(|m| m.added)),
        number(members.and_then(|m| m.removed)),
        number(members.and_then(|m| m.unchanged)),
        number(members.map(|m| m.skipped.all())),
        thousands(calls),
    ]
    .map(|cell| printable(&cell).into_owned())
}

/// `namespace/name`
pub fn name(planned: &Planned) -> String {
    format!("{}/{}", planned.namespace, planned.name)
}

/// What the numbers of an export don't say, a line each.
pub fn notes(planned: &Planned) -> Vec<String> {
    let name = name(planned);
    let mut notes = Vec::new();
    if !planned.message.is_empty() {
        notes.push(format!("{name}: {}", planned.message));
    }
    if let Some(members) = &planned.members {
        let skipped = members.skipped.words();
        if !skipped.is_empty() {
            notes.push(format!("{name}: skips {skipped}"));
        }
        if planned.compared == Some(false) && planned.outcome == Outcome::Changes {
            notes.push(format!(
                "{name}: there is no last list to compare with, so all count as added"
            ));
        }
    }
    let guard = planned.guard.as_ref();
    let lost = guard.and_then(|guard| guard.previous.zip(guard.removed));
    if let Some((previous @ 1.., removed)) = lost {
        let [previous, removed] = [previous, removed].map(thousands);
        notes.push(format!("{name}: {removed} of {previous} would go"));
    }
    for warning in &planned.warnings {
        notes.push(format!("{name}: {}: {}", warning.reason, warning.message));
    }
    notes
}

/// What it all comes to, in two sentences.
pub fn total(total: &Total) -> String {
    let Total {
        exports,
        changes,
        unknown,
        held,
        failed,
        ..
    } = total;
    let [added, removed] = [total.added, total.removed].map(thousands);
    let mut parts = vec![match total.sizes_only {
        false => format!("{changes} would change ({added} added, {removed} removed)"),
        true => format!("{changes} would change"),
    }];
    for (count, what) in [
        (unknown, "may change"),
        (held, "would be held"),
        (failed, "can't be planned"),
    ] {
        if *count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let exports = many(*exports as u64, "export", "exports");
    let calls = match total.sizes_only {
        false => calls(total),
        true => format!(
            "A sync would make {}. Whom it would add and remove, and its calls of CleverTap, can't be \
             told by the sizes of lists: name the controller's state with --state-url.",
            queries(total)
        ),
    };
    format!("{exports}: {}. {calls}", parts.join(", "))
}

fn calls(total: &Total) -> String {
    let calls = &total.calls;
    let sends = calls.profile_uploads + calls.list_calls + total.checks;
    let [uploads, others] = [calls.profile_uploads, calls.list_calls + total.checks].map(thousands);
    format!(
        "A sync would make {} and {} of CleverTap ({uploads} for profiles, {others} for lists and \
         checks).",
        queries(total),
        many(sends, "call", "calls"),
    )
}

fn queries(total: &Total) -> String {
    let reads = total.calls.reads;
    let queries = many(reads + total.cohort_lists, "query", "queries");
    let [reads, lists] = [reads, total.cohort_lists].map(thousands);
    format!("{queries} of Mixpanel ({reads} to read cohorts, {lists} to list them)")
}

/// So many of these: `1 query`, `2 queries`.
fn many(count: u64, one: &str, more: &str) -> String {
    let what = if count == 1 { one } else { more };
    format!("{} {what}", thousands(count))
}
