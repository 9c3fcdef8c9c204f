//! What a YAML scalar stands for, decided as Kubernetes' tools do: by YAML 1.1's rules, where `yes`
//! is a bool and `0777` an octal number, but without its base 60.

use granit_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

const CORE: &str = "tag:yaml.org,2002:";

/// The value of a scalar.
///
/// # Errors
/// What must hold: a tag asks for another type than the text has.
pub fn value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, &'static str> {
    let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
    let asked = tag.as_deref().map(|tag| tag.strip_prefix(CORE));
    match asked {
        None if style == ScalarStyle::Plain => Ok(plain(text)),
        None | Some(None | Some("str" | "timestamp")) => Ok(text.into()),
        Some(Some(kind)) => {
            let value = plain(text);
            match (kind, &value) {
                ("null", Value::Null) | ("bool", Value::Bool(_)) => Ok(value),
                ("int", Value::Number(n)) if !n.is_f64() => Ok(value),
                ("float", Value::Number(_)) => Ok(value),
                _ => Err("must be of the type that its tag says, one that Kubernetes' tools read"),
            }
        }
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            true.into()
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            false.into()
        }
        _ => number(text).map_or_else(|| text.into(), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return None;
    }
    // A number of JSON has no sign, base or separator like these: it is written anew.
    let digits = text.replace('_', "");
    if !text.starts_with('.')
        && let Some(whole) = whole(&digits)
    {
        return Some(whole);
    }
    let number = float(&digits)?;
    // Go writes a float without a fraction as a whole number, which a schema then takes for one.
    let whole = number.fract() == 0.0 && number.abs() < 9e18;
    if whole {
        return Some((number as i64).into());
    }
    Number::from_f64(number)
}

fn whole(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    // Rust would take a second sign.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let number = i128::from_str_radix(digits, base).ok()?;
    let number = if negative { -number } else { number };
    match i64::try_from(number) {
        Ok(number) => Some(number.into()),
        // Beyond int64 the API server goes on with a float.
        Err(_) => u64::try_from(number)
            .ok()
            .and_then(|n| Number::from_f64(n as f64)),
    }
}

fn float(text: &str) -> Option<f64> {
    let form = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let number: f64 = text.parse().ok().filter(|_| text.chars().all(form))?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Each as kubectl 1.32 turned it into JSON.
    #[test]
    fn plain_text_is_what_kubectl_makes_of_it() {
        for (text, want) in [
            ("yes", json!(true)),
            ("y", json!(true)),
            ("Off", json!(false)),
            ("oN", json!("oN")),
            ("", json!(null)),
            ("NULL", json!(null)),
            ("nil", json!("nil")),
            ("0777", json!(511)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("-0b11", json!(-3)),
            ("+5", json!(5)),
            ("1_000", json!(1000)),
            ("-_5", json!(-5)),
            ("1__0", json!(10)),
            ("089", json!(89)),
            ("1.0", json!(1)),
            ("1e3", json!(1000)),
            (".5", json!(0.5)),
            ("5.", json!(5)),
            ("1:30", json!("1:30")),
            ("2020-01-01", json!("2020-01-01")),
            ("1e400", json!("1e400")),
            (
                "18446744073709551615",
                json!(18_446_744_073_709_551_615_f64),
            ),
            ("15m", json!("15m")),
            ("--5", json!("--5")),
            ("1.2.3", json!("1.2.3")),
            ("+", json!("+")),
            ("0x", json!("0x")),
            ("_1", json!("_1")),
        ] {
            assert_eq!(plain(text), want, "{text}");
        }
    }

    #[test]
    fn a_tag_or_quotes_decide() {
        let tagged = |kind: &str, text: &str| {
            value(text, ScalarStyle::DoubleQuoted, Some(&Tag::new(CORE, kind)))
        };
        assert_eq!(value("5", ScalarStyle::SingleQuoted, None), Ok(json!("5")));
        assert_eq!(tagged("str", "5"), Ok(json!("5")));
        assert_eq!(tagged("int", "5"), Ok(json!(5)));
        assert!(tagged("bool", "5").is_err() && tagged("binary", "aGk=").is_err());
        let local = Tag::new("!", "Ref");
        assert_eq!(value("5", ScalarStyle::Plain, Some(&local)), Ok(json!("5")));
    }

    proptest! {
        #[test]
        fn json_numbers_stay_as_they_are(number in any::<i64>()) {
            prop_assert_eq!(plain(&number.to_string()), json!(number));
        }

        #[test]
        fn never_panics(text in "[-+.0-9a-fxob_e]{0,12}|\\PC{0,12}") {
            plain(&text);
        }
    }
}
