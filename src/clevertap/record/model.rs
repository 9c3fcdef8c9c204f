//! The same mapping by trees of JSON: slower, and simple enough to be believed.

use serde_json::{Map, Value};

use super::super::wellformed::{is_email, is_phone};
use super::{KEY, VALUE};

/// A user's properties under CleverTap's names, and how many of them were left out.
pub(super) fn profile_data(
    properties: &Map<String, Value>,
    wanted: &[String],
) -> (Map<String, Value>, u32) {
    let (mut data, mut dropped) = (Map::new(), 0);
    let mut names = [None, None];
    for property in wanted {
        let Some(value) = properties.get(property).and_then(present) else {
            continue;
        };
        let key = match property.as_str() {
            "$first_name" | "$last_name" => {
                let part = usize::from(property == "$last_name");
                names[part] = text(&value);
                dropped += u32::from(names[part].is_none());
                continue;
            }
            "$email" => "Email",
            "$phone" => "Phone",
            other => other.strip_prefix('$').unwrap_or(other),
        };
        if !fits(key, &value) {
            dropped += 1;
        } else if !data.contains_key(key) {
            data.insert(key.to_owned(), value);
        }
    }
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if name.len() > VALUE {
        dropped += 1;
    } else if !name.is_empty() {
        data.insert("Name".to_owned(), name.into());
    }
    (data, dropped)
}

/// A value that says something, trimmed.
fn present(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then(|| text.into())
        }
        other => Some(other.clone()),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

fn fits(key: &str, value: &Value) -> bool {
    let Some(text) = text(value) else {
        return false;
    };
    let well_formed = match key {
        "Email" => value.is_string() && is_email(&text),
        "Phone" => value.is_string() && is_phone(&text),
        _ => true,
    };
    well_formed && !key.is_empty() && key.len() <= KEY && text.len() <= VALUE
}
