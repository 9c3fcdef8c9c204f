//! A profile as JSON, straight from a user's properties.
//!
//! The wanted properties go under CleverTap's names: `$email` -> Email, `$phone` -> Phone,
//! `$first_name` and `$last_name` -> Name, any other without its leading `$`. Scalars only. Null
//! and blank count as absent; what breaks a limit, or is no e-mail or phone number, would have the
//! whole record rejected: it is left out and counted.

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

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
