//! Durations of flags: whole numbers with the units `h`, `m`, `s` and `ms`, largest first.

use std::time::Duration;

/// Far beyond any sensible flag, and small enough that adding it to a clock can't overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Reads `15m`, `1h30m` or `500ms`: above zero, at most a year.
///
/// # Errors
/// A sentence for the user, when the text is anything else.
pub fn parse(text: &str) -> Result<Duration, String> {
    let invalid = || "not a duration such as 30s, 15m, 1h30m or 500ms".to_owned();
    let mut rest = text;
    let mut largest_unit = u64::MAX;
    let mut total_ms = 0_u64;
    while !rest.is_empty() {
        let (digits, tail) = split_at_first(rest, |c| !c.is_ascii_digit());
        let (unit, tail) = split_at_first(tail, |c| c.is_ascii_digit());
        let unit_ms = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return Err(invalid()),
        };
        if unit_ms >= largest_unit {
            return Err(invalid());
        }
        largest_unit = unit_ms;
        total_ms = digits
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(unit_ms))
            .and_then(|ms| total_ms.checked_add(ms))
            .ok_or_else(invalid)?;
        rest = tail;
    }
    match Duration::from_millis(total_ms) {
        Duration::ZERO => Err(format!("{}, above zero", invalid())),
        long if long > LONGEST => Err("more than a year (8760h)".to_owned()),
        duration => Ok(duration),
    }
}

/// The same, or `0s`.
///
/// # Errors
/// The same.
pub fn parse_or_zero(text: &str) -> Result<Duration, String> {
    match text {
        "0s" => Ok(Duration::ZERO),
        text => parse(text),
    }
}

fn split_at_first(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(stop).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_each_unit() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("1h0m1s1ms", 3_601_001),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_ambiguous_or_useless() {
        for text in [
            "",
            "0s",
            "15",
            "m",
            "1d",
            "1.5h",
            "-1s",
            "1m1h",
            "1m1m",
            "1 m",
            "8761h",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,24}|[0-9hms]{0,24}") {
            if let Ok(duration) = parse(&text) {
                prop_assert!(!duration.is_zero() && duration <= LONGEST);
            }
        }

        #[test]
        fn adds_its_parts(h in 0_u64..100, m in 0_u64..1000, s in 1_u64..1000) {
            prop_assert_eq!(
                parse(&format!("{h}h{m}m{s}s")),
                Ok(Duration::from_secs(h * 3600 + m * 60 + s))
            );
        }
    }
}
