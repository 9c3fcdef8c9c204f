//! What a vendor said, made fit for a status that people read.

use std::fmt;

use super::Veil;

/// Characters of a vendor's text that are shown.
const SHOWN: usize = 256;

/// A vendor's text without secrets, addresses, long numbers and control characters, 256 characters
/// at most. Displays as nothing when empty, otherwise as a clause that ends a message:
/// ` (it says: ...)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said(String);

impl Said {
    pub fn new(text: &str, secrets: &[&str]) -> Self {
        let mut veil = Veil::new(text);
        for secret in secrets {
            veil.hide(secret);
        }
        Self::from(veil)
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

impl From<Veil> for Said {
    fn from(veil: Veil) -> Self {
        let mut words = String::new();
        for word in veil
            .lift()
            .split(|c: char| c.is_control() || c.is_whitespace())
        {
            if !word.is_empty() {
                words.extend((!words.is_empty()).then_some(' '));
                words.push_str(word);
            }
        }
        if let Some((cut, _)) = words.char_indices().nth(SHOWN) {
            words.truncate(cut);
            words.pop();
            words.push('…');
        }
        Self(words)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " (it says: {})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_go_and_lines_are_joined() {
        let said = Said::new(
            "bad\r\nsecret s3cr3t\u{7} for name.1a\n",
            &["s3cr3t", "name.1a", ""],
        );
        assert_eq!(said.text(), "bad secret [redacted] for [redacted]");
        assert_eq!(
            said.to_string(),
            " (it says: bad secret [redacted] for [redacted])"
        );
        assert_eq!(Said::new("\n", &[]).to_string(), "");
    }

    proptest! {
        #[test]
        fn shown_text_is_short_and_printable(text in any::<String>()) {
            let said = Said::new(&text, &[]);
            prop_assert!(said.text().chars().count() <= SHOWN);
            prop_assert!(!said.text().contains(char::is_control));
        }
    }
}
