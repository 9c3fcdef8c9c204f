//! What is said of exports, in lines for people.

use crate::domain::Counts;
use crate::domain::counts::thousands;

/// Who of a read doesn't go over, and how many; empty where all do.
pub fn left_out(anonymous: u64, no_identity: u64, duplicates: u64) -> String {
    let parts = [
        (anonymous, "anonymous"),
        (no_identity, "without an identity"),
        (duplicates, "duplicates"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts
        .map(|(count, what)| format!("{} {what}", thousands(count)))
        .collect();
    parts.join(", ")
}

/// So many of these: `1 query`, `2 queries`.
pub fn many(count: u64, one: &str, more: &str) -> String {
    let what = if count == 1 { one } else { more };
    format!("{} {what}", thousands(count))
}

/// What a run did, in one line.
pub fn did(counts: &Counts) -> String {
    let mut text = format!("read {}", thousands(counts.members));
    let left_out = left_out(
        counts.skipped_anonymous,
        counts.skipped_no_identity,
        counts.duplicates,
    );
    if !left_out.is_empty() {
        text = format!("{text}, left out {left_out}");
    }
    let [added, removed, unchanged] =
        [counts.added, counts.removed, counts.unchanged].map(thousands);
    text = format!("{text}; {added} added, {removed} removed, {unchanged} unchanged; ");
    let sent = match (counts.profiles_created, counts.uploaded) {
        (_, false) => "nothing sent, for the list is as it was".to_owned(),
        (0, true) => "the list sent".to_owned(),
        (profiles, true) => format!("{} profiles and the list sent", thousands(profiles)),
    };
    text + &sent
}
