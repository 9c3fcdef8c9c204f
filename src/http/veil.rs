//! Takes what is private out of a vendor's text before anyone sees it.

const REDACTED: &str = "[redacted]";
/// Characters that may be shown, and those that are looked at: what is private and begins among
/// the first is seen to its end.
const SHOWN: usize = 1024;
const SEEN: usize = 4096;
/// Digits that make a number a person's: a phone's, an account's. Status codes are shorter.
const LONG_NUMBER: usize = 7;

/// A text, and which of its characters are private. Compares without regard to case.
pub struct Veil {
    chars: Vec<char>,
    hidden: Vec<bool>,
    /// In lower case, and for each of its bytes the place of the character in `chars`.
    folded: String,
    places: Vec<usize>,
}

impl Veil {
    pub fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().take(SEEN).collect();
        let (mut folded, mut places) = (String::new(), Vec::new());
        for (place, c) in chars.iter().enumerate() {
            folded.extend(c.to_lowercase());
            places.resize(folded.len(), place);
        }
        Self {
            hidden: vec![false; chars.len()],
            chars,
            folded,
            places,
        }
    }

    /// Hides a secret wherever it stands.
    pub fn hide(&mut self, secret: &str) {
        self.find(secret, |_, _| true);
    }

    /// Hides a word where it stands on its own, not as a part of a longer one: an identity `1` goes
    /// from "user 1 unknown" but leaves "code 515" alone.
    pub fn hide_word(&mut self, word: &str) {
        self.find(word, |before, after| {
            ![before, after]
                .into_iter()
                .flatten()
                .any(char::is_alphanumeric)
        });
    }

    /// Hides each occurrence that is meant, by the characters around it.
    fn find(&mut self, wanted: &str, meant: impl Fn(Option<char>, Option<char>) -> bool) {
        let wanted: String = wanted.chars().flat_map(char::to_lowercase).collect();
        if wanted.is_empty() {
            return;
        }
        let mut from = 0;
        while let Some(at) = self.folded[from..].find(&wanted).map(|at| from + at) {
            let (first, last) = (self.places[at], self.places[at + wanted.len() - 1]);
            let before = first.checked_sub(1).map(|place| self.chars[place]);
            if meant(before, self.chars.get(last + 1).copied()) {
                self.hidden[first..=last].fill(true);
            }
            from = at + self.folded[at..].chars().next().map_or(1, char::len_utf8);
        }
    }

    /// The text without what was hidden, and without what may be private whoever it belongs to:
    /// words with an `@`, signed addresses and long numbers.
    pub(super) fn lift(mut self) -> String {
        self.hide_addresses();
        self.hide_numbers();
        let mut text = String::new();
        let mut covered = false;
        for (c, hidden) in self.chars.iter().zip(&self.hidden).take(SHOWN) {
            match hidden {
                false => text.push(*c),
                true if !covered => text.push_str(REDACTED),
                true => {}
            }
            covered = *hidden;
        }
        text
    }

    fn hide_addresses(&mut self) {
        let gap = |c: &char| c.is_whitespace() || c.is_control();
        let mut start = 0;
        for word in self.chars.split(gap) {
            let text: String = word.iter().collect();
            let signed = text.contains("://") && text.contains('?');
            if signed || text.contains('@') || text.contains("%40") {
                self.hidden[start..start + word.len()].fill(true);
            }
            start += word.len() + 1;
        }
    }

    /// Digits, and between them what people write into phone numbers, at most two at a time.
    fn hide_numbers(&mut self) {
        let mut start = 0;
        while start < self.chars.len() {
            if self.chars[start] != '+' && !self.chars[start].is_numeric() {
                start += 1;
                continue;
            }
            let (mut digits, mut end) = (0, start);
            for (place, c) in self.chars.iter().enumerate().skip(start) {
                if c.is_numeric() {
                    digits += 1;
                    end = place + 1;
                } else if !"+-.() ".contains(*c) || place >= end + 2 {
                    break;
                }
            }
            if digits >= LONG_NUMBER {
                self.hidden[start..end].fill(true);
            }
            start = end.max(start + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lifted(text: &str, words: &[&str]) -> String {
        let mut veil = Veil::new(text);
        words.iter().for_each(|word| veil.hide_word(word));
        veil.lift()
    }

    #[test]
    fn whole_words_go_whatever_their_case_and_parts_stay() {
        let shown = lifted("user 1, id=U-1: code 515", &["1", "u-1", ""]);
        assert_eq!(shown, "user [redacted], id=[redacted]: code 515");
        assert_eq!(lifted("İ Ada İX", &["ADA", "ix"]), "İ [redacted] İX");
    }

    #[test]
    fn of_secrets_within_secrets_nothing_stays() {
        for secrets in [["pass", "pass-word"], ["pass-word", "pass"]] {
            let mut veil = Veil::new("PASS-word, pass");
            secrets.iter().for_each(|secret| veil.hide(secret));
            assert_eq!(veil.lift(), "[redacted], [redacted]");
        }
    }

    #[test]
    fn addresses_and_long_numbers_go_and_codes_stay() {
        for (said, shown) in [
            ("mail <a@example.com>, 401", "mail [redacted] 401"),
            ("a%40example.com is bad", "[redacted] is bad"),
            ("at https://s3.example.com/x?sig=1 403", "at [redacted] 403"),
            (
                "see https://docs.example.com",
                "see https://docs.example.com",
            ),
            ("phone 14155550100.", "phone [redacted]."),
            ("phone +1 (415) 555-0100 is", "phone [redacted] is"),
            ("u1234567", "u[redacted]"),
            (
                "515 Skipped record number : 2",
                "515 Skipped record number : 2",
            ),
            ("61/60 queries, 429, 3600 s", "61/60 queries, 429, 3600 s"),
            ("123456", "123456"),
        ] {
            assert_eq!(lifted(said, &[]), shown);
        }
    }

    #[test]
    fn what_begins_in_sight_is_hidden_to_its_end() {
        let long = "k".repeat(SEEN - SHOWN - 1);
        let text = format!("{}{long}", " ".repeat(SHOWN - 1));
        assert_eq!(lifted(&text, &[&long]).trim(), REDACTED);
    }

    proptest! {
        #[test]
        fn a_lone_word_never_survives(word in "[a-zA-Z0-9ß]{1,6}", around in "[ ,.:\"é]{1,3}") {
            let text = format!("{around}{}{around}{word}", word.to_uppercase());
            let left = lifted(&text, &[&word]).replace(REDACTED, "");
            prop_assert!(!left.contains(&word) || around.contains('é'));
        }

        #[test]
        fn no_long_number_and_no_address_survives(text in "[0-9a@ +.é-]{0,60}") {
            let left = lifted(&text, &[]);
            prop_assert!(!left.contains('@'));
            let runs = left.split(|c: char| !c.is_ascii_digit());
            prop_assert!(runs.map(str::len).all(|digits| digits < LONG_NUMBER));
        }

        #[test]
        fn any_text_and_word_are_borne(text in any::<String>(), word in any::<String>()) {
            let mut veil = Veil::new(&text);
            veil.hide(&word);
            veil.hide_word(&text);
            prop_assert!(veil.lift().chars().count() <= SHOWN * REDACTED.len());
        }
    }
}
