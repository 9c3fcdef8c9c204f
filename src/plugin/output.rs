//! Tables and JSON.

use serde::Serialize;

use crate::domain::printable;

/// JSON for programs, on lines of its own.
pub fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("strings, numbers and times serialize");
    format!("{text}\n")
}

/// Rows below their head, as kubectl sets them: three blanks between columns, none at the end. What
/// a terminal would obey is escaped.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| printable(cell)))
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max()
    };
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or_default());
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths);
        let padded: Vec<_> = padded
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", padded.join("   ").trim_end())
    };
    let rows = rows
        .iter()
        .map(|row| line(row.each_ref().map(AsRef::as_ref)));
    std::iter::once(line(head)).chain(rows).collect()
}

/// Lines of a name and what is to be said of it, escaped likewise.
pub fn lines(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default();
    let lines = pairs
        .iter()
        .map(|(name, text)| format!("{name:width$}   {}\n", printable(text)));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["ä".to_owned(), "x".into()], ["bcd".into(), String::new()]];
        assert_eq!(table(["A", "LONG"], &rows), "A     LONG\nä     x\nbcd\n");
        assert_eq!(table(["A", "B"], &[]), "A   B\n");
    }

    #[test]
    fn no_cell_commands_a_terminal_or_begins_a_line() {
        let forged = "x\u{1b}[2J\nok   True".to_owned();
        let expected = "A\nx\\u{1b}[2J\\u{a}ok   True\n";
        assert_eq!(table(["A"], &[[forged.clone()]]), expected);
        let expected = "cohort   x\\u{1b}[2J\\u{a}ok   True\n";
        assert_eq!(lines(&[("cohort", forged)]), expected);
    }
}
