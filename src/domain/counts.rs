//! What a run did, in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// members = exported + skipped_anonymous + skipped_no_identity + duplicates, and
/// exported = added + unchanged where the previous list is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Distinct rows read from Mixpanel.
    pub members: u64,
    /// Identities in the list.
    pub exported: u64,
    /// Identities that the previous list lacked; all where there is none to compare with.
    pub added: u64,
    /// Identities of the previous list that this one lacks.
    pub removed: u64,
    /// Identities in both lists.
    pub unchanged: u64,
    /// Members left out as anonymous.
    pub skipped_anonymous: u64,
    /// Members left out for want of an identity.
    pub skipped_no_identity: u64,
    /// Members whose identity another member carries too.
    pub duplicates: u64,
    /// Profiles that CleverTap accepted.
    pub profiles_created: u64,
    /// Profiles that CleverTap rejected.
    pub profiles_rejected: u64,
    /// Profiles that CleverTap couldn't take for now (a server error each time): the next run sends
    /// them again.
    pub profiles_pending: u64,
    /// How many were rejected, by CleverTap's code.
    pub rejected_codes: BTreeMap<String, i64>,
    /// Whether a list was uploaded; an unchanged one isn't.
    pub uploaded: bool,
}

/// 1204 as `1,204`.
pub fn thousands(count: impl std::fmt::Display) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(count), text);
        }
    }
}
