//! Text of others as a terminal may have it: names of cohorts and segments, words of a vendor. Raw,
//! it could paint over what stands there, or look like lines of ours.

use std::borrow::Cow;

/// The text as one line, with control characters and those that turn the direction of writing around
/// escaped: `\u{1b}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, obeyed)
}

/// The same for a text of several lines, which it stays.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && obeyed(c))
}

fn escaped(text: &str, obeyed: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match obeyed(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Not shown by a terminal, but followed.
fn obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_to_people() {
        for (text, shown) in [
            ("Köche & 購買者 🛒", "Köche & 購買者 🛒"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\r\nb\tc", "a\\u{d}\\u{a}b\\u{9}c"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("\u{202e}gpj\u{2066}", "\\u{202e}gpj\\u{2066}"),
        ] {
            assert_eq!(printable(text), shown);
        }
        assert_eq!(printable_lines("a\u{7}\nb"), "a\\u{7}\nb");
    }
}
