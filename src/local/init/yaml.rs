//! Text as a YAML scalar and as a comment.

/// Words that some readers of YAML take for something other than text.
const TAKEN: [&str; 10] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan",
];

/// A scalar that every reader of YAML takes for this text: as it is where it is plain, otherwise in
/// double quotes with JSON's escapes.
pub fn scalar(text: &str) -> String {
    let inner = |c: char| c.is_ascii_alphanumeric() || " -_.@()/".contains(c);
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(inner)
        && !text.ends_with(' ')
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_printable(c) => quoted.push(c),
            c => quoted += &format!("\\u{:04x}", u32::from(c)),
        }
    }
    quoted + "\""
}

/// One line that ends nothing.
pub fn comment(text: &str) -> String {
    let shown = |c: char| if is_printable(c) { c } else { ' ' };
    text.chars()
        .map(shown)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// What YAML permits unescaped, but for line and paragraph separators. What isn't has four digits.
fn is_printable(c: char) -> bool {
    let breaks = matches!(
        c,
        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    );
    !c.is_control() && !breaks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_stays_plain() {
        for text in [
            "Mixpanel - Cart drop off",
            "TEST-123-456-789Z",
            "a@example.com",
        ] {
            assert_eq!(scalar(text), text);
        }
        for (text, quoted) in [
            ("12e4", "\"12e4\""),
            ("No", "\"No\""),
            ("a: b", "\"a: b\""),
            ("a #1", "\"a #1\""),
            ("a\u{7f}\u{85}", "\"a\\u007f\\u0085\""),
            ("", "\"\""),
        ] {
            assert_eq!(scalar(text), quoted);
        }
    }

    proptest! {
        #[test]
        fn it_is_read_back_as_it_was(text in any::<String>()) {
            let written = format!("a: {}\n# {}\nb: 1\n", scalar(&text), comment(&text));
            let read: serde_json::Value = serde_yaml::from_str(&written).unwrap();
            prop_assert_eq!(&read["a"], &serde_json::Value::from(text));
            prop_assert_eq!(&read["b"], &serde_json::Value::from(1));
        }
    }
}
