//! A plan as a comment on a pull request.

use std::fmt::Write as _;

use super::planned::{Outcome, Planned};
use super::report::Report;
use super::table::{name, notes, total};
use crate::domain::counts::thousands;
use crate::domain::printable;

/// Finds the comment of an earlier plan, so that it is replaced. It never changes.
const MARKER: &str = "<!-- mixtap plan -->";
/// A comment has 65,536 characters at most: the bytes at which rows end, and all the rest.
const ROWS_END: usize = 30_000;
const END: usize = 60_000;

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
        fill(&mut text, changed.into_iter().map(row), ROWS_END);
    }
    let notes = report.exports.iter().flat_map(notes);
    let notes = notes.map(|note| format!("- {}\n", plain(&note)));
    let others = report.exports.iter().filter(|planned| !shown(planned));
    let others = others.map(|planned| {
        let (word, reason) = (planned.outcome.word(), &planned.reason);
        format!("- {}: {word} ({reason})\n", plain(&name(planned)))
    });
    let mut details = notes.chain(others).peekable();
    if details.peek().is_some() {
        text += "\n<details><summary>Details</summary>\n\n";
        fill(&mut text, details, END);
        text += "\n</details>\n";
    }
    text
}

/// Adds the lines up to this many bytes, and how many more there are.
fn fill(text: &mut String, lines: impl Iterator<Item = String>, end: usize) {
    let mut left = 0;
    for line in lines {
        match left == 0 && text.len() + line.len() <= end {
            true => *text += &line,
            false => left += 1,
        }
    }
    if left > 0 {
        let more = thousands(left);
        let _ = writeln!(text, "\n{more} more: `mixtap plan -o json` has them all.");
    }
}

fn row(planned: &Planned) -> String {
    let members = planned.members.as_ref();
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), thousands);
    format!(
        "| {} | {} | {} ({}) | {} | {} | {} | {} |\n",
        plain(&name(planned)),
        plain(planned.segment.as_deref().unwrap_or("-")),
        planned.outcome.word(),
        planned.reason,
        number(members.map(|m| m.eligible)),
        number(members.and_then(|m| m.added)),
        number(members.and_then(|m| m.removed)),
        number(members.and_then(|m| m.unchanged)),
    )
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
    use super::super::report::Calls;
    use super::*;
    use crate::api::SyncType;

    #[test]
    fn names_are_no_markup() {
        let text = plain("a|b <img> @all #7 [x](y) `c`\nd\u{202e}");
        let expected = r"a\|b &lt;img\> &#64;all &#35;7 \[x\](y) \`c\`\\u{a}d\\u{202e}";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_a_comment_cannot_hold_is_said_to_be_left_out() {
        let export = |number: u32, outcome, message: &str| Planned {
            namespace: "growth".into(),
            name: format!("{number:05}-{}", "x".repeat(240)),
            connector: "main".into(),
            sync_type: SyncType::Dynamic,
            outcome,
            reason: "First".into(),
            message: message.to_owned(),
            cohort: None,
            segment: Some("_".repeat(120)),
            members: None,
            compared: None,
            last_list: None,
            guard: None,
            calls: Calls::default(),
            warnings: Vec::new(),
        };
        let note = "<".repeat(500);
        let of = |outcome| (0..500).map(move |number| (number, outcome));
        let all = of(Outcome::Changes).chain(of(Outcome::Rests));
        let all = all.map(|(number, outcome)| export(number, outcome, &note));
        let text = markdown(&Report::new(all.collect(), 0, 0));
        assert!(text.len() < 61_000, "{}", text.len());
        assert!(text.ends_with("\n</details>\n"));
        let shown = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        let (rows, details) = (shown("| growth"), shown("- growth"));
        assert!(rows > 40 && details > 10, "{rows} {details}");
        for left in [500 - rows, 1_500 - details] {
            let words = format!("\n{} more: ", thousands(left as u64));
            assert!(text.contains(&words), "{words}");
        }
    }
}
