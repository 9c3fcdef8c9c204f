//! Patterns with the meaning that the API server's expressions, Go's, give them.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;

thread_local! {
    /// Those of our CRDs, each compiled once.
    static KNOWN: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// Whether the text has this pattern somewhere in it.
pub fn fits(pattern: &str, text: &str) -> bool {
    KNOWN.with_borrow_mut(|known| {
        let compiled = known.entry(pattern.to_owned());
        compiled.or_insert_with(|| compile(pattern)).is_match(text)
    })
}

fn compile(pattern: &str) -> Regex {
    // Of these, Go's classes know ASCII only.
    let ascii = [
        (r"\s", r"[\t\n\f\r ]"),
        (r"\d", "[0-9]"),
        (r"\w", "[0-9A-Za-z_]"),
    ];
    let pattern = ascii
        .iter()
        .fold(pattern.to_owned(), |pattern, (class, meant)| {
            pattern.replace(class, meant)
        });
    Regex::new(&pattern).expect("a pattern of our CRDs, tried by a test")
}
