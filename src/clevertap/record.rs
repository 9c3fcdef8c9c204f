//! A profile as JSON, straight from a user's properties.
//!
//! The wanted properties go under CleverTap's names: `$email` -> Email, `$phone` -> Phone,
//! `$first_name` and `$last_name` -> Name, any other without its leading `$`. Scalars only. Null
//! and blank count as absent; what breaks a limit, or is no e-mail or phone number, would have the
//! whole record rejected: it is left out and counted.

use std::borrow::Cow;

use super::wellformed::{is_email, is_phone};
use crate::domain::scalar::Scalar;

/// Bytes of a key and of a value [doc].
const KEY: usize = 120;
const VALUE: usize = 512;

/// What stands before a record's identity.
pub(super) const START: &[u8] = br#"{"type":"profile","identity":"#;

/// Where a property goes.
enum Target<'a> {
    /// The first or the second part of the name.
    Name(usize),
    Key(&'a str),
}

/// Writes one record: `value(i)` is the user's value of `wanted[i]`. Of two properties under one
/// name the first counts, but the parts of a name go before a `Name` of its own. Returns where
/// the identity ends in `out`, and how many values were left out.
pub(super) fn write<'v>(
    out: &mut Vec<u8>,
    identity: &str,
    wanted: &[String],
    value: impl Fn(usize) -> Option<Scalar<'v>>,
) -> (usize, u32) {
    out.extend_from_slice(START);
    string(out, identity);
    let identity_end = out.len();
    out.extend_from_slice(br#","profileData":{"#);
    let (mut names, mut own_name, mut dropped) = ([None, None], None, 0);
    let data = out.len();
    for (i, property) in wanted.iter().enumerate() {
        let Some(found) = value(i).and_then(present) else {
            continue;
        };
        match target(property) {
            Target::Name(part) => {
                names[part] = text(found);
                dropped += u32::from(names[part].is_none());
            }
            Target::Key(key) if !fits(key, &found) => dropped += 1,
            Target::Key("Name") => own_name = own_name.or(Some(found)),
            Target::Key(key) => {
                let before = |j: usize| {
                    matches!(target(&wanted[j]), Target::Key(other) if other == key)
                        && value(j)
                            .and_then(present)
                            .is_some_and(|found| fits(key, &found))
                };
                if !(0..i).any(before) {
                    field(out, data, key, &found);
                }
            }
        }
    }
    let name = match names {
        [Some(first), Some(last)] => Some(Cow::Owned([first, last].join(" "))),
        [first, last] => first.or(last),
    };
    let name = name.map(Scalar::Text);
    let too_long = name.as_ref().is_some_and(|name| !fits("Name", name));
    dropped += u32::from(too_long);
    if let Some(name) = name.filter(|_| !too_long).or(own_name) {
        field(out, data, "Name", &name);
    }
    out.extend_from_slice(b"}}");
    (identity_end, dropped)
}

fn target(property: &str) -> Target<'_> {
    match property {
        "$email" => Target::Key("Email"),
        "$phone" => Target::Key("Phone"),
        "$first_name" => Target::Name(0),
        "$last_name" => Target::Name(1),
        other => Target::Key(other.strip_prefix('$').unwrap_or(other)),
    }
}

/// A value that says something, trimmed.
fn present(value: Scalar<'_>) -> Option<Scalar<'_>> {
    match value {
        Scalar::Null => None,
        Scalar::Text(text) => {
            let trimmed = text.trim();
            if trimmed.is_empty() {
                None
            } else if trimmed.len() == text.len() {
                Some(Scalar::Text(text))
            } else {
                Some(Scalar::Text(match text {
                    Cow::Borrowed(text) => text.trim().into(),
                    Cow::Owned(text) => text.trim().to_owned().into(),
                }))
            }
        }
        other => Some(other),
    }
}

fn text(value: Scalar<'_>) -> Option<Cow<'_, str>> {
    match value {
        Scalar::Text(text) => Some(text),
        Scalar::Number(number) => Some(number.into()),
        Scalar::Bool(bool) => Some(word(bool).into()),
        Scalar::Null | Scalar::Compound => None,
    }
}

fn word(bool: bool) -> &'static str {
    if bool { "true" } else { "false" }
}

fn fits(key: &str, value: &Scalar<'_>) -> bool {
    let well_formed = match (key, value) {
        (_, Scalar::Null | Scalar::Compound) => false,
        ("Email", Scalar::Text(text)) => is_email(text),
        ("Phone", Scalar::Text(text)) => is_phone(text),
        ("Email" | "Phone", _) => false,
        _ => true,
    };
    let short = match value {
        Scalar::Text(text) => text.len() <= VALUE,
        Scalar::Number(number) => number.len() <= VALUE,
        _ => true,
    };
    well_formed && short && !key.is_empty() && key.len() <= KEY
}

/// Adds a field to the object that begins at `data`.
fn field(out: &mut Vec<u8>, data: usize, key: &str, value: &Scalar<'_>) {
    if out.len() > data {
        out.push(b',');
    }
    string(out, key);
    out.push(b':');
    match value {
        Scalar::Text(text) => string(out, text),
        Scalar::Number(number) => out.extend_from_slice(number.as_bytes()),
        Scalar::Bool(bool) => out.extend_from_slice(word(*bool).as_bytes()),
        Scalar::Null | Scalar::Compound => out.extend_from_slice(b"null"),
    }
}

/// A JSON string. Most need no escape, which is quick to see.
fn string(out: &mut Vec<u8>, text: &str) {
    let odd = |byte: &u8| (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
    if text
        .as_bytes()
        .iter()
        .fold(false, |any, byte| any | odd(byte))
    {
        serde_json::to_writer(out, text).expect("memory takes any text");
    } else {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::super::profiles::profile_data;
    use super::*;

    fn written(identity: &str, wanted: &[String], properties: &Map<String, Value>) -> (Value, u32) {
        let texts: Vec<_> = wanted
            .iter()
            .map(|name| Some(properties.get(name)?.to_string()))
            .collect();
        let mut out = b"before".to_vec();
        let value = |i: usize| texts[i].as_deref().map(Scalar::parse);
        let (end, dropped) = write(&mut out, identity, wanted, value);
        let record = &out[6..];
        let echoed: String = serde_json::from_slice(&out[6 + START.len()..end]).unwrap();
        assert_eq!(echoed, identity);
        (serde_json::from_slice(record).unwrap(), dropped)
    }

    fn mapped(properties: Value, wanted: &[&str]) -> (Value, u32) {
        let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
        let (mut record, dropped) = written("u", &wanted, properties.as_object().unwrap());
        (record["profileData"].take(), dropped)
    }

    #[test]
    fn a_record_is_what_the_contract_shows() {
        let properties = json!({"$email": " a@example.com ", "$phone": "+14155550100",
                          "$first_name": "A", "$last_name": " B", "other": 1});
        let wanted = ["$email", "$phone", "$first_name", "$last_name"].map(str::to_owned);
        let (record, dropped) = written("a\"b\u{1}", &wanted, properties.as_object().unwrap());
        let data = json!({"Email": "a@example.com", "Phone": "+14155550100", "Name": "A B"});
        assert_eq!(
            record,
            json!({"type": "profile", "identity": "a\"b\u{1}", "profileData": data})
        );
        assert_eq!(dropped, 0);
        let blank = json!({"$email": null, "$phone": " ", "$first_name": ""});
        assert_eq!(
            mapped(blank, &["$email", "$phone", "$first_name"]),
            (json!({}), 0)
        );
    }

    #[test]
    fn what_would_reject_the_record_is_dropped_and_counted() {
        let bad = json!({"$email": "a@b@example.com", "$phone": 14155550100_u64, "list": [1],
                         "map": {}, "long": "x".repeat(513), "$": 1, "$last_name": {}});
        let wanted = ["$email", "$phone", "list", "map", "long", "$", "$last_name"];
        assert_eq!(mapped(bad, &wanted), (json!({}), 7));
        let long = "k".repeat(121);
        assert_eq!(mapped(json!({&long: 1}), &[&long]), (json!({}), 1));
        let good = json!({"$plan": "pro", "n": 1.5, "b": true, "big": "x".repeat(512)});
        let expected = json!({"plan": "pro", "n": 1.5, "b": true, "big": "x".repeat(512)});
        assert_eq!(mapped(good, &["$plan", "n", "b", "big"]), (expected, 0));
    }

    #[test]
    fn of_two_under_one_name_the_first_that_fits_counts() {
        let two = json!({"Email": "no", "$email": "a@example.com", "$Email": "b@example.com"});
        let expected = json!({"Email": "a@example.com"});
        assert_eq!(mapped(two, &["Email", "$email", "$Email"]), (expected, 1));
        let names = json!({"Name": "own", "$first_name": "first"});
        assert_eq!(
            mapped(names, &["Name", "$first_name"]),
            (json!({"Name": "first"}), 0)
        );
        let long = json!({"Name": "own", "$first_name": "x".repeat(513)});
        assert_eq!(
            mapped(long, &["Name", "$first_name"]),
            (json!({"Name": "own"}), 1)
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            Just(json!([1])),
            Just(json!(1.5)),
            "[ a\"\\\\\n]{0,3}".prop_map(Value::from),
            "\\PC{0,600}".prop_map(Value::from),
            Just(json!("+14155550100")),
            "[a. ]{1,3}@[a.-]{1,4}\\.example".prop_map(Value::from),
        ]
    }

    proptest! {
        /// The rules are those of the tree of JSON.
        #[test]
        fn it_agrees_with_the_mapping_of_trees(
            identity in "\\PC{0,20}",
            pairs in prop::collection::vec(
                ("\\$?(email|phone|first_name|last_name|Name|Email|plan|a\"b|k{119,122})?", any_value()), 0..8),
        ) {
            let mut wanted: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
            wanted.push("absent".into());
            let properties: Map<String, Value> = pairs.into_iter().collect();
            let (mut record, dropped) = written(&identity, &wanted, &properties);
            let (data, expected) = profile_data(&properties, &wanted);
            prop_assert_eq!(record["profileData"].take(), Value::Object(data));
            prop_assert_eq!(dropped, expected);
            prop_assert_eq!(record["identity"].as_str(), Some(&*identity));
        }
    }
}
