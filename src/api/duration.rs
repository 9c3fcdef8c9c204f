//! Durations as users write them, kept verbatim: a rewritten value is a permanent diff in GitOps.

use std::borrow::Cow;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What a duration must look like: hours, minutes and seconds, in this order, each at most once.
pub const PATTERN: &str = "^([0-9]{1,4}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$";

/// A duration such as `15m` or `1h30m`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DurationString(pub String);

impl DurationString {
    /// The length of time it stands for; `None` where it doesn't match [`PATTERN`] or is empty.
    pub fn parse(&self) -> Option<SignedDuration> {
        if self.0.is_empty() {
            return None;
        }
        let mut rest = self.0.as_str();
        let mut seconds = 0_i64;
        for (unit, factor, digits) in [('h', 3600, 4), ('m', 60, 5), ('s', 1, 6)] {
            if let Some((number, tail)) = rest.split_once(unit) {
                let plain = (1..=digits).contains(&number.len())
                    && number.bytes().all(|b| b.is_ascii_digit());
                seconds += plain.then(|| number.parse::<i64>().ok()).flatten()? * factor;
                rest = tail;
            }
        }
        rest.is_empty().then(|| SignedDuration::from_secs(seconds))
    }
}

impl DurationString {
    /// At least so many seconds, as a person would write them: `45m`, `2h5m`; below ten minutes in
    /// steps of ten seconds (`1m20s`), else of a minute.
    pub fn about(seconds: u64) -> Self {
        let step = if seconds < 600 { 10 } else { 60 };
        let seconds = seconds.div_ceil(step).max(1) * step;
        let parts = [
            (seconds / 3600, 'h'),
            (seconds / 60 % 60, 'm'),
            (seconds % 60, 's'),
        ];
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        Self(
            parts
                .map(|(number, unit)| format!("{number}{unit}"))
                .collect(),
        )
    }
}

impl From<&str> for DurationString {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl JsonSchema for DurationString {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": PATTERN, "minLength": 2, "maxLength": 16 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(text: &str) -> Option<i64> {
        DurationString::from(text).parse().map(|d| d.as_secs())
    }

    #[test]
    fn reads_what_the_pattern_permits_and_nothing_else() {
        for (text, want) in [
            ("15m", 900),
            ("1h30m", 5400),
            ("0s", 0),
            ("9999h99999m999999s", 42_996_339),
            ("2s", 2),
        ] {
            assert_eq!(seconds(text), Some(want), "{text}");
        }
        for text in [
            "", "15", "m", "1m1h", "-1m", "+1m", "1.5h", "10000h", "1h 1m", "1d", "1m1m", "15m\n",
        ] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
    }

    #[test]
    fn durations_are_written_as_people_do() {
        let texts = [0, 75, 600, 2700, 7200, 7441].map(|s| DurationString::about(s).0);
        assert_eq!(texts, ["10s", "1m20s", "10m", "45m", "2h", "2h5m"]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_no_shorter_and_hardly_longer(asked in 1_u64..30_000_000) {
            let written = seconds(&DurationString::about(asked).0).unwrap().unsigned_abs();
            prop_assert!((asked..asked + 60).contains(&written));
            prop_assert!(asked > 590 || written < asked + 10);
        }

        #[test]
        fn adds_up_its_parts(h in 0_i64..9999, m in 0_i64..99999, s in 0_i64..999_999) {
            prop_assert_eq!(seconds(&format!("{h}h{m}m{s}s")), Some(h * 3600 + m * 60 + s));
        }

        #[test]
        fn never_panics(text in "\\PC{0,20}") {
            seconds(&text);
        }
    }
}
