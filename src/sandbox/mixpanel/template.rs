//! The rows of a generator as JSON text, whose only variable is the number.

use serde_json::Value;

use super::{
    generator::Generator,
    rows::{is_asked, is_bare},
};

/// Between these texts stands the member's number.
pub(super) struct Template {
    full: Vec<Vec<u8>>,
    /// Without `$properties`, where none is asked for.
    bare: Option<Vec<Vec<u8>>>,
}

impl Template {
    pub fn new(maker: &Generator, wanted: Option<&[String]>) -> Self {
        let id = format!("{{\"$distinct_id\":\"{}", inner(&maker.prefix));
        let mut full = vec![id.clone().into_bytes(), b"\",\"$properties\":{".to_vec()];
        let asked = maker.properties.iter();
        let asked = asked.filter(|(name, _)| is_asked(wanted, name));
        let mut none = true;
        for (name, value) in asked {
            let comma = if none { "" } else { "," };
            push(&mut full, &format!("{comma}\"{}\":", inner(name)));
            match value {
                Value::String(text) => {
                    push(&mut full, "\"");
                    let text = text.replace("{id}", &format!("{}{{n}}", maker.prefix));
                    for (at, piece) in text.split("{n}").enumerate() {
                        if at > 0 {
                            full.push(vec![]);
                        }
                        push(&mut full, &inner(piece));
                    }
                    push(&mut full, "\"");
                }
                other => push(&mut full, &other.to_string()),
            }
            none = false;
        }
        push(&mut full, "}}");
        let bare = none.then(|| vec![id.into_bytes(), b"\"}".to_vec()]);
        Template { full, bare }
    }

    /// Appends the row of this number; `place` is its place in the page.
    pub fn write(&self, number: u64, place: usize, out: &mut Vec<u8>) {
        let bare = self.bare.as_ref().filter(|_| is_bare(place));
        let mut room = [0; 20];
        let digits = digits(number, &mut room);
        for (at, text) in bare.unwrap_or(&self.full).iter().enumerate() {
            if at > 0 {
                out.extend_from_slice(digits);
            }
            out.extend_from_slice(text);
        }
    }
}

fn push(texts: &mut [Vec<u8>], text: &str) {
    if let Some(last) = texts.last_mut() {
        last.extend_from_slice(text.as_bytes());
    }
}

/// A text as it stands between the quotes of JSON.
fn inner(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// At least six digits.
fn digits(mut number: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut at = room.len();
    while number > 0 || at > room.len() - 6 {
        at -= 1;
        // A digit fits a byte.
        room[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    &room[at..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    fn property(maker: &Generator, name: &str, number: u64) -> Value {
        let Value::String(text) = &maker.properties[name] else {
            return maker.properties[name].clone();
        };
        let text = text.replace("{id}", &maker.id(number));
        json!(text.replace("{n}", &format!("{number:06}")))
    }

    proptest! {
        #[test]
        fn the_text_is_the_row(
            prefix in ".{0,6}", number: u64, place in 0_usize..2,
            texts in prop::collection::btree_map("[a-c$\"]{1,3}", "([a-z\"\\\\\n ü]|\\{id\\}|\\{n\\}){0,4}", 0..4),
            wanted in prop::option::of(prop::collection::vec("[a-c$\"]{1,3}", 0..4)),
        ) {
            let properties: Map<_, _> = texts.into_iter().map(|(name, text)| (name, json!(text))).collect();
            let maker = Generator { prefix, properties, ..Generator::default() };
            let mut text = vec![];
            Template::new(&maker, wanted.as_deref()).write(number, place, &mut text);
            let names = maker.properties.keys().filter(|name| is_asked(wanted.as_deref(), name));
            let values: Map<_, _> = names.map(|name| (name.clone(), property(&maker, name, number))).collect();
            let row = if values.is_empty() && place == 0 {
                json!({ "$distinct_id": maker.id(number) })
            } else {
                json!({ "$distinct_id": maker.id(number), "$properties": values })
            };
            prop_assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), row);
        }
    }

    #[test]
    fn values_other_than_texts_stay() {
        let properties = json!({ "plan": 3, "list": [1, "{n}"], "none": null });
        let Value::Object(properties) = properties else {
            unreachable!("an object")
        };
        let maker = Generator {
            properties,
            ..Generator::default()
        };
        let mut text = vec![];
        Template::new(&maker, None).write(7, 0, &mut text);
        let shown: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(shown["$properties"], Value::Object(maker.properties));
    }
}
