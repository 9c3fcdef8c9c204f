//! A property's value as it is written: what an identity or a profile can be made of, without a
//! tree of JSON.

use std::borrow::Cow;

/// A JSON value. Personal data: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// Also a number that no type holds, such as 1e999, and text that isn't Unicode.
    Null,
    Bool(bool),
    /// As it is written, since a float would lose digits beyond 2^53. An integer that no 64 bits
    /// hold is `Text`.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// A list or an object.
    Compound,
}

impl<'a> Scalar<'a> {
    /// Reads one value of valid JSON, without white space around it.
    pub fn parse(json: &'a str) -> Self {
        match json.as_bytes().first() {
            Some(b'"') => text(json),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'[' | b'{') => Self::Compound,
            Some(b'-' | b'0'..=b'9') => number(json),
            _ => Self::Null,
        }
    }
}

fn text(json: &str) -> Scalar<'_> {
    let inner = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\\') => Scalar::Text(inner.into()),
        _ => serde_json::from_str(json)
            .map_or(Scalar::Null, |text: String| Scalar::Text(Cow::Owned(text))),
    }
}

fn number(json: &str) -> Scalar<'_> {
    if !is_integer(json) {
        let finite = json.parse().is_ok_and(f64::is_finite);
        return if finite {
            Scalar::Number(json)
        } else {
            Scalar::Null
        };
    }
    if json.parse::<i64>().is_ok() || json.parse::<u64>().is_ok() {
        Scalar::Number(json)
    } else {
        Scalar::Text(json.into())
    }
}

/// Digits, after a minus if need be: no fraction and no exponent.
pub fn is_integer(json: &str) -> bool {
    let digits = json.strip_prefix('-').unwrap_or(json);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// What serde_json makes of it, where that is exact.
    fn agrees(json: &str) -> bool {
        let value: Value = match serde_json::from_str(json) {
            Ok(value) => value,
            Err(_) => return Scalar::parse(json) == Scalar::Null || is_integer(json),
        };
        match (Scalar::parse(json), value) {
            (Scalar::Null, Value::Null) => true,
            (Scalar::Bool(a), Value::Bool(b)) => a == b,
            (Scalar::Text(a), Value::String(b)) => a == b,
            (Scalar::Text(a), Value::Number(_)) => a == json && is_integer(json),
            (Scalar::Number(a), Value::Number(_)) => a == json,
            (Scalar::Compound, Value::Array(_) | Value::Object(_)) => true,
            _ => false,
        }
    }

    #[test]
    fn values_are_those_of_json() {
        for json in [
            "null",
            "true",
            "false",
            "[]",
            "{\"a\":1}",
            "\"\"",
            "\"a\\n\\u00e9\"",
            "\"zoë\"",
            "0",
            "-0",
            "-7",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "1.5",
            "1e3",
            "1e999",
            "-1e999",
            "\"\\ud800\"",
        ] {
            assert!(agrees(json), "{json}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_as_json_reads_it(text in "\\PC*", number in any::<i64>(), float in any::<f64>()) {
            prop_assert!(agrees(&Value::from(text).to_string()));
            prop_assert!(agrees(&Value::from(number).to_string()));
            prop_assert!(agrees(&Value::from(float).to_string()));
        }
    }
}
