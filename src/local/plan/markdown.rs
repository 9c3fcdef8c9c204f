//! A plan as a comment on a pull request.

use std::fmt::Write as _;

use super::planned::{Outcome, Planned};
use super::report::Report;
use super::table::{name, notes, total};
use crate::domain::counts::thousands;
use crate::domain::printable;

/// Finds the comment of an earlier plan, so that it is replaced. It never changes.
const MARKER: &str = "<!-- mixtap plan -->";
/// A comment has 65,536 characters at most: so many rows and notes are shown.
const ROWS: usize = 200;

/// A short table of what would change, and all the rest folded away.
pub fn markdown(report: &Report) -> String {
    let shown = |planned: &&Planned| {
        !matches!(
            planned.outcome,
            Outcome::Rests | Outcome::Suspended | Outcome::Unchanged
        )
    };
    let mut text = format!("{MARKER}\n### mixtap plan\n\n{}\n", total(&report.total));
    let changed: Vec<_> = report.exports.iter().filter(shown).collect();
    if !changed.is_empty() {
        text += "\n| Export | Segment | Plan | Eligible | Added | Removed | Unchanged |\n";
        text += "|---|---|---|--:|--:|--:|--:|\n";
        changed
            .iter()
            .take(ROWS)
            .for_each(|planned| row(&mut text, planned));
        if changed.len() > ROWS {
            let _ = writeln!(text, "\n{} more aren't shown.", changed.len() - ROWS);
        }
    }
    let notes: Vec<_> = report.exports.iter().flat_map(notes).take(ROWS).collect();
    let others = report.exports.iter().filter(|planned| !shown(planned));
    let others: Vec<_> = others.take(ROWS).collect();
    if notes.is_empty() && others.is_empty() {
        return text;
    }
    text += "\n<details><summary>Details</summary>\n\n";
    for note in notes {
        let _ = writeln!(text, "- {}", plain(&note));
    }
    for planned in others {
        let (word, reason) = (planned.outcome.word(), &planned.reason);
        let _ = writeln!(text, "- {}: {word} ({reason})", plain(&name(planned)));
    }
    text += "\n</details>\n";
    text
}

fn row(text: &mut String, planned: &Planned) {
    let members = planned.members.as_ref();
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), thousands);
    let _ = writeln!(
        text,
        "| {} | {} | {} ({}) | {} | {} | {} | {} |",
        plain(&name(planned)),
        plain(planned.segment.as_deref().unwrap_or("-")),
        planned.outcome.word(),
        planned.reason,
        number(members.map(|m| m.eligible)),
        number(members.and_then(|m| m.added)),
        number(members.and_then(|m| m.removed)),
        number(members.and_then(|m| m.unchanged)),
    );
}

/// A name as it is, on one line: nothing in it is markup, nor mentions anybody.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '~' | '>' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        let text = plain("a|b <img> @all #7 [x](y) `c`\nd\u{202e}");
        let expected = r"a\|b &lt;img\> &#64;all &#35;7 \[x\](y) \`c\`\\u{a}d\\u{202e}";
        assert_eq!(text, expected);
    }
}
