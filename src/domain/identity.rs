//! By which identity a member goes over, if at all.

use serde_json::{Map, Value};

use super::plan::IdentityRule;
use crate::api::IdentityFallback;

/// Longest identity, in bytes.
const MAX_BYTES: usize = 1024;
/// What the distinct id of a profile begins with that was never identified [doc].
const DEVICE: &str = "$device:";

/// What becomes of a member.
#[derive(Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Exported by this identity: trimmed, 1..=1,024 bytes, case as it came.
    Identity(String),
    /// Left out: never identified.
    Anonymous,
    /// Left out: nothing that it could be matched by.
    NoIdentity,
}

/// An identity is a member's data: never shown.
impl std::fmt::Debug for Resolution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Identity(_) => "Identity(..)",
            Self::Anonymous => "Anonymous",
            Self::NoIdentity => "NoIdentity",
        })
    }
}

/// The identity of a member with this distinct id and these properties.
pub fn resolve(
    distinct_id: &str,
    properties: &Map<String, Value>,
    rule: &IdentityRule,
) -> Resolution {
    if rule.exclude_device_ids && distinct_id.trim_start().starts_with(DEVICE) {
        return Resolution::Anonymous;
    }
    let own = properties.get(&rule.property).and_then(usable_value);
    let found = match rule.fallback {
        IdentityFallback::DistinctId => own.or_else(|| usable(distinct_id)),
        IdentityFallback::Skip => own,
    };
    found.map_or(Resolution::NoIdentity, Resolution::Identity)
}

/// A string, or an integer digit by digit; anything else counts as absent.
fn usable_value(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => usable(text),
        // As it is written, since a float would lose digits beyond 2^53.
        Value::Number(number) => {
            let text = number.to_string();
            let digits = text.strip_prefix('-').unwrap_or(&text);
            let integer = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            integer.then(|| usable(&text)).flatten()
        }
        _ => None,
    }
}

fn usable(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.len() <= MAX_BYTES).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PROPERTY: &str = "$CleverTap_user_id";

    fn rule(fallback: IdentityFallback) -> IdentityRule {
        IdentityRule {
            property: PROPERTY.into(),
            fallback,
            exclude_device_ids: true,
        }
    }

    /// `json` as it comes from the wire.
    fn by(distinct_id: &str, json: &str, rule: &IdentityRule) -> Resolution {
        let value = serde_json::from_str(json).unwrap();
        resolve(
            distinct_id,
            &Map::from_iter([(PROPERTY.to_owned(), value)]),
            rule,
        )
    }

    fn identity(text: &str) -> Resolution {
        Resolution::Identity(text.to_owned())
    }

    #[test]
    fn strings_and_integers_count_and_nothing_else() {
        let long = format!("\"{}\"", "x".repeat(MAX_BYTES));
        for (json, expected) in [
            (r#""  Ab c\t""#, "Ab c"),
            (r#""a\nb""#, "a\nb"),
            ("13793", "13793"),
            ("-7", "-7"),
            ("0", "0"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            (&long, &long[1..=MAX_BYTES]),
        ] {
            let skip = by("d", json, &rule(IdentityFallback::Skip));
            assert!(skip == identity(expected), "{json}");
        }
        let longer = format!("\"{}\"", "x".repeat(MAX_BYTES + 1));
        let blanks = ["\"\"", "\" \\u00a0\\n\"", "null", "true", "false"];
        let others = ["1.0", "0.5", "1e3", "1E400", "[1]", "{}", "-0.0", &longer];
        for json in blanks.into_iter().chain(others) {
            let Ok(_) = serde_json::from_str::<Value>(json) else {
                continue; // beyond a float, where numbers are floats
            };
            let skip = by("d", json, &rule(IdentityFallback::Skip));
            assert!(skip == Resolution::NoIdentity, "{json}");
            let fallback = by(" d ", json, &rule(IdentityFallback::DistinctId));
            assert!(fallback == identity("d"), "{json}");
        }
    }

    #[test]
    fn devices_are_anonymous_even_with_the_property() {
        let mut rule = rule(IdentityFallback::DistinctId);
        let anonymous = by("$device:1", "\"13793\"", &rule);
        assert!(anonymous == Resolution::Anonymous);
        rule.exclude_device_ids = false;
        assert!(by("$device:1", "\"13793\"", &rule) == identity("13793"));
        assert!(by("$device:1", "null", &rule) == identity("$device:1"));
    }

    #[test]
    fn without_properties_the_distinct_id_counts() {
        let none = Map::new();
        let kept = resolve("u-1", &none, &rule(IdentityFallback::DistinctId));
        assert!(kept == identity("u-1"));
        let skipped = resolve("u-1", &none, &rule(IdentityFallback::Skip));
        assert!(skipped == Resolution::NoIdentity);
        let blank = resolve(" \t", &none, &rule(IdentityFallback::DistinctId));
        assert!(blank == Resolution::NoIdentity);
    }

    #[test]
    fn an_identity_is_never_shown() {
        assert_eq!(format!("{:?}", identity("canary")), "Identity(..)");
    }

    proptest! {
        #[test]
        fn what_comes_out_is_trimmed_and_bounded(id in "\\PC{0,40}", own in "\\PC{0,40}") {
            let properties = Map::from_iter([(PROPERTY.to_owned(), Value::from(own.clone()))]);
            match resolve(&id, &properties, &rule(IdentityFallback::DistinctId)) {
                Resolution::Identity(found) => {
                    prop_assert!(!found.is_empty() && found.len() <= MAX_BYTES);
                    prop_assert_eq!(found.trim(), &found);
                    prop_assert!(found == own.trim() || (own.trim().is_empty() && found == id.trim()));
                }
                Resolution::Anonymous => prop_assert!(id.trim().starts_with(DEVICE)),
                Resolution::NoIdentity => {
                    prop_assert!(own.trim().is_empty() && id.trim().is_empty());
                }
            }
        }

        #[test]
        fn integers_keep_every_digit(number in any::<i64>()) {
            let found = by("d", &number.to_string(), &rule(IdentityFallback::Skip));
            prop_assert!(found == identity(&number.to_string()));
        }
    }
}
