//! One page of engage, as Mixpanel writes it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A user of the cohort. Its `Debug` shows nothing of them.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// `$distinct_id`; a number became its digits.
    pub distinct_id: String,
    /// Those of the asked properties that the user has. An integer that no 64 bits hold is kept
    /// as a string of its digits, so that every integer is exact.
    pub properties: Map<String, Value>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").finish_non_exhaustive()
    }
}

/// A page that can be read. What later pages leave out [seen] is `None`.
#[derive(Debug)]
pub(super) struct Page {
    pub number: Option<u64>,
    /// Rows a full page has, whatever was asked for.
    pub size: Option<u64>,
    pub session: Option<String>,
    pub total: Option<u64>,
    pub members: Vec<Row>,
}

/// Why an answer is no page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoPage {
    /// 200 with an `error`: Mixpanel's words.
    Error(String),
    /// JSON without rows.
    NoResults,
    /// A row without a usable `$distinct_id`.
    NoId,
    /// No JSON: cut or garbled on the way.
    Garbled,
}

#[derive(Deserialize)]
struct Body<'a> {
    page: Option<u64>,
    page_size: Option<u64>,
    #[serde(borrow)]
    session_id: Option<Cow<'a, str>>,
    total: Option<u64>,
    error: Option<Value>,
    #[serde(borrow)]
    results: Option<Vec<Given<'a>>>,
}

#[derive(Deserialize)]
struct Given<'a> {
    #[serde(rename = "$distinct_id", borrow)]
    distinct_id: Option<&'a RawValue>,
    #[serde(rename = "$properties", borrow)]
    properties: Option<HashMap<Cow<'a, str>, &'a RawValue>>,
}

impl Page {
    /// Reads an answer's body; of each row's properties the wanted ones.
    pub fn parse(body: &[u8], wanted: &[String]) -> Result<Self, NoPage> {
        let body: Body<'_> = serde_json::from_slice(body).map_err(|_| NoPage::Garbled)?;
        match body.error {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => return Err(NoPage::Error(text)),
            Some(_) => return Err(NoPage::Error(String::new())),
        }
        let rows = body.results.ok_or(NoPage::NoResults)?;
        let members = rows.into_iter().map(|row| row.member(wanted));
        let members = members.collect::<Option<_>>();
        Ok(Self {
            number: body.page,
            size: body.page_size,
            session: body.session_id.map(Cow::into_owned),
            total: body.total,
            members: members.ok_or(NoPage::NoId)?,
        })
    }
}

impl Given<'_> {
    fn member(self, wanted: &[String]) -> Option<Row> {
        let distinct_id = match exact(self.distinct_id?) {
            Value::String(text) if !text.is_empty() => text,
            Value::Number(number) if !number.is_f64() => number.to_string(),
            _ => return None,
        };
        let mut properties = Map::new();
        if let Some(given) = self.properties {
            for name in wanted {
                if let Some(raw) = given.get(name.as_str()) {
                    properties.insert(name.clone(), exact(raw));
                }
            }
        }
        Some(Row {
            distinct_id,
            properties,
        })
    }
}

/// A value whose integers are exact: a float is only what was written as one. A number that no
/// type holds, such as 1e999, is null.
fn exact(raw: &RawValue) -> Value {
    let text = raw.get();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_integer = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match serde_json::from_str(text) {
        Ok(Value::Number(number)) if is_integer && number.is_f64() => {
            Value::String(text.to_owned())
        }
        Ok(value) => value,
        Err(_) if is_integer => Value::String(text.to_owned()),
        Err(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(rows: &str) -> Result<Vec<Row>, NoPage> {
        let body = format!(r#"{{"page":0,"total":1,"results":[{rows}]}}"#);
        Page::parse(body.as_bytes(), &["a".into(), "b".into()]).map(|page| page.members)
    }

    #[test]
    fn ids_become_text_and_wanted_properties_stay() {
        let members = parse(
            r#"{"$distinct_id":"ü\n1","$properties":{"a":"x","other":1,"b":[1,{"c":null}]}},
               {"$distinct_id":12345678901234567890123,"$properties":{}},
               {"$distinct_id":-7}, {"$distinct_id":7,"$properties":null}"#,
        )
        .unwrap();
        let ids: Vec<_> = members.iter().map(|m| m.distinct_id.as_str()).collect();
        assert_eq!(ids, ["ü\n1", "12345678901234567890123", "-7", "7"]);
        assert_eq!(
            json!(members[0].properties),
            json!({"a": "x", "b": [1, {"c": null}]})
        );
        assert!(members[1].properties.is_empty() && members[2].properties.is_empty());
        assert_eq!(format!("{:?}", members[0]), "Row { .. }");
    }

    #[test]
    fn integers_are_exact_and_floats_stay_floats() {
        let member = |value: &str| {
            let row = format!(r#"{{"$distinct_id":"u","$properties":{{"a":{value}}}}}"#);
            parse(&row)
                .unwrap()
                .remove(0)
                .properties
                .remove("a")
                .unwrap()
        };
        assert_eq!(member("9007199254740993"), json!(9_007_199_254_740_993_u64));
        assert_eq!(
            member("18446744073709551616"),
            json!("18446744073709551616")
        );
        assert_eq!(member("1e3"), json!(1000.0));
        assert_eq!(member("1e999"), Value::Null);
        let long = "9".repeat(400);
        assert_eq!(member(&long), json!(long));
    }

    #[test]
    fn what_is_no_page_is_told_apart() {
        let no_page = |body: &str| Page::parse(body.as_bytes(), &[]).unwrap_err();
        assert_eq!(no_page(r#"{"error":"gone"}"#), NoPage::Error("gone".into()));
        assert_eq!(
            no_page(r#"{"error":{"a":1},"results":[]}"#),
            NoPage::Error("".into())
        );
        assert_eq!(no_page("{}"), NoPage::NoResults);
        assert_eq!(no_page(r#"{"results":[{"#), NoPage::Garbled);
        for id in ["null", "\"\"", "1.5", "true", "[]"] {
            let row = format!(r#"{{"$distinct_id":{id}}}"#);
            assert_eq!(parse(&row).unwrap_err(), NoPage::NoId, "{id}");
        }
    }

    proptest! {
        #[test]
        fn any_integer_keeps_its_digits(digits in "-?[1-9][0-9]{0,40}") {
            let member = parse(&format!(r#"{{"$distinct_id":{digits}}}"#)).unwrap().remove(0);
            prop_assert_eq!(member.distinct_id, digits);
        }

        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Page::parse(&body, &[]);
        }
    }
}
