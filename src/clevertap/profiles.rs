//! What a created profile carries: a Mixpanel user's properties as CleverTap wants them.

use serde_json::{Map, Value};

use super::wellformed::{is_email, is_phone};

/// Bytes of a key and of a value [doc].
const KEY: usize = 120;
const VALUE: usize = 512;

/// A profile to be created or updated. Its fields are personal data: no `Debug`.
#[derive(Clone, PartialEq)]
pub struct Profile {
    pub identity: String,
    /// What [`profile_data`] gives.
    pub data: Map<String, Value>,
}

/// The wanted properties of a user under CleverTap's names: `$email` -> Email, `$phone` -> Phone,
/// `$first_name` and `$last_name` -> Name, any other without its leading `$`. Scalars only.
/// Null and blank count as absent; what breaks a limit, or is no e-mail or phone number, would
/// have the whole record rejected: it is left out and counted in the second value.
pub fn profile_data(
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn mapped(properties: Value, wanted: &[&str]) -> (Value, u32) {
        let Value::Object(properties) = properties else {
            panic!("an object")
        };
        let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
        let (data, dropped) = profile_data(&properties, &wanted);
        (Value::Object(data), dropped)
    }

    #[test]
    fn the_default_properties_get_the_names_of_clevertap() {
        let wanted = ["$email", "$phone", "$first_name", "$last_name"];
        let full = json!({"$email": " a@example.com ", "$phone": "+14155550100",
                          "$first_name": "A", "$last_name": "B", "other": 1});
        let expected = json!({"Email": "a@example.com", "Phone": "+14155550100", "Name": "A B"});
        assert_eq!(mapped(full, &wanted), (expected, 0));
        assert_eq!(
            mapped(json!({"$last_name": "B"}), &wanted),
            (json!({"Name": "B"}), 0)
        );
        let blank = json!({"$email": null, "$phone": " ", "$first_name": ""});
        assert_eq!(mapped(blank, &wanted), (json!({}), 0));
    }

    #[test]
    fn what_would_reject_the_record_is_dropped_and_counted() {
        let bad = json!({"$email": "a@b@example.com", "$phone": 14155550100_u64, "list": [1],
                         "map": {}, "long": "x".repeat(513), "$": 1});
        assert_eq!(
            mapped(bad, &["$email", "$phone", "list", "map", "long", "$"]),
            (json!({}), 6)
        );
        let long = "k".repeat(121);
        assert_eq!(mapped(json!({&long: 1}), &[&long]), (json!({}), 1));
        let good = json!({"$plan": "pro", "n": 1.5, "b": true, "big": "x".repeat(512)});
        let (data, dropped) = mapped(good, &["$plan", "n", "b", "big"]);
        assert_eq!(
            (&data["plan"], &data["n"], &data["b"], dropped),
            (&json!("pro"), &json!(1.5), &json!(true), 0)
        );
    }

    proptest! {
        #[test]
        fn limits_hold_for_any_property(name in "\\$?\\PC{0,130}", value in "\\PC{0,600}") {
            let (data, dropped) = mapped(json!({&name: value.clone()}), &[&name]);
            let data = data.as_object().unwrap();
            for (key, value) in data {
                prop_assert!(!key.is_empty() && key.len() <= KEY);
                prop_assert!(value.as_str().is_some_and(|text| text.len() <= VALUE));
            }
            prop_assert_eq!(data.len() + dropped as usize, usize::from(!value.trim().is_empty()));
        }
    }
}
