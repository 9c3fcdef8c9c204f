//! By which identity a member goes over, if at all.

use super::plan::IdentityRule;
use super::scalar::{Scalar, is_integer};
use crate::api::IdentityFallback;

/// Longest identity, in bytes.
const MAX_BYTES: usize = 1024;
/// What the distinct id of a profile begins with that was never identified [doc].
const DEVICE: &str = "$device:";

/// What becomes of a member.
#[derive(Clone, PartialEq, Eq)]
pub enum Resolution<'a> {
    /// Exported by this identity: trimmed, 1..=1,024 bytes, case as it came.
    Identity(&'a str),
    /// Left out: never identified.
    Anonymous,
    /// Left out: nothing that it could be matched by.
    NoIdentity,
}

/// An identity is a member's data: never shown.
impl std::fmt::Debug for Resolution<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Identity(_) => "Identity(..)",
            Self::Anonymous => "Anonymous",
            Self::NoIdentity => "NoIdentity",
        })
    }
}

/// The identity of a member with this distinct id, whose identity property is `own`.
pub fn resolve<'a>(
    distinct_id: &'a str,
    own: Option<&'a Scalar<'_>>,
    rule: &IdentityRule,
) -> Resolution<'a> {
    if rule.exclude_device_ids && distinct_id.trim_start().starts_with(DEVICE) {
        return Resolution::Anonymous;
    }
    let own = own.and_then(usable_value);
    let found = match rule.fallback {
        IdentityFallback::DistinctId => own.or_else(|| usable(distinct_id)),
        IdentityFallback::Skip => own,
    };
    found.map_or(Resolution::NoIdentity, Resolution::Identity)
}

/// A string, or an integer digit by digit; anything else counts as absent.
fn usable_value<'a>(value: &'a Scalar<'_>) -> Option<&'a str> {
    match value {
        Scalar::Text(text) => usable(text),
        Scalar::Number(number) if is_integer(number) => usable(number),
        _ => None,
    }
}

fn usable(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty() && text.len() <= MAX_BYTES).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(fallback: IdentityFallback) -> IdentityRule {
        IdentityRule {
            property: "$CleverTap_user_id".into(),
            fallback,
            exclude_device_ids: true,
        }
    }

    /// Whether a member whose property is `json` on the wire comes out as expected.
    fn is(distinct_id: &str, json: &str, rule: &IdentityRule, expected: Resolution<'_>) -> bool {
        resolve(distinct_id, Some(&Scalar::parse(json)), rule) == expected
    }

    use Resolution::Identity;

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
            let skip = rule(IdentityFallback::Skip);
            assert!(is("d", json, &skip, Identity(expected)), "{json}");
        }
        let longer = format!("\"{}\"", "x".repeat(MAX_BYTES + 1));
        let blanks = ["\"\"", "\" \\u00a0\\n\"", "null", "true", "false"];
        let others = ["1.0", "0.5", "1e3", "1E400", "[1]", "{}", "-0.0", &longer];
        for json in blanks.into_iter().chain(others) {
            let skip = rule(IdentityFallback::Skip);
            assert!(is("d", json, &skip, Resolution::NoIdentity), "{json}");
            let fallback = rule(IdentityFallback::DistinctId);
            assert!(is(" d ", json, &fallback, Identity("d")), "{json}");
        }
    }

    #[test]
    fn devices_are_anonymous_even_with_the_property() {
        let mut rule = rule(IdentityFallback::DistinctId);
        assert!(is("$device:1", "\"13793\"", &rule, Resolution::Anonymous));
        rule.exclude_device_ids = false;
        assert!(is("$device:1", "\"13793\"", &rule, Identity("13793")));
        assert!(is("$device:1", "null", &rule, Identity("$device:1")));
    }

    #[test]
    fn without_properties_the_distinct_id_counts() {
        let kept = resolve("u-1", None, &rule(IdentityFallback::DistinctId));
        assert!(kept == Identity("u-1"));
        let skipped = resolve("u-1", None, &rule(IdentityFallback::Skip));
        assert!(skipped == Resolution::NoIdentity);
        let blank = resolve(" \t", None, &rule(IdentityFallback::DistinctId));
        assert!(blank == Resolution::NoIdentity);
    }

    #[test]
    fn an_identity_is_never_shown() {
        assert_eq!(format!("{:?}", Identity("canary")), "Identity(..)");
    }

    proptest! {
        #[test]
        fn what_comes_out_is_trimmed_and_bounded(id in "\\PC{0,40}", own in "\\PC{0,40}") {
            let value = Scalar::Text(own.as_str().into());
            match resolve(&id, Some(&value), &rule(IdentityFallback::DistinctId)) {
                Identity(found) => {
                    prop_assert!(!found.is_empty() && found.len() <= MAX_BYTES);
                    prop_assert_eq!(found.trim(), found);
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
            let (text, skip) = (number.to_string(), rule(IdentityFallback::Skip));
            prop_assert!(is("d", &text, &skip, Identity(&text)));
        }
    }
}
