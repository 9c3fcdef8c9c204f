//! A batch on its way: what is sent of it, and whom its records are about.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use super::record::START;
use crate::domain::scalar::Scalar;
use crate::http::Veil;

/// Around the records of a body.
pub(super) const OPEN: &[u8] = b"{\"d\":[";
pub(super) const CLOSE: &[u8] = b"]}";

/// Where a record and its identity lie in the body.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub start: u32,
    /// The end of the identity, which is a JSON string.
    pub identity: u32,
    pub end: u32,
}

/// A batch that can be sent, whole or in parts. Its records go by their numbers, 0 and up.
pub struct Sealed {
    body: Bytes,
    records: Vec<Place>,
}

impl Sealed {
    pub(super) fn new(body: Bytes, records: Vec<Place>) -> Self {
        Self { body, records }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Of the whole body.
    pub(super) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// The body that holds these records only, in ascending order.
    pub(super) fn part(&self, records: &[u32]) -> Bytes {
        if records.len() == self.len() {
            return self.body.clone();
        }
        let mut body = OPEN.to_vec();
        for (n, record) in self.records(records).enumerate() {
            body.extend_from_slice(if n == 0 { b"" } else { b"," });
            body.extend_from_slice(record);
        }
        body.extend_from_slice(CLOSE);
        body.into()
    }

    pub(super) fn identity(&self, record: u32) -> Cow<'_, str> {
        let json = self.records.get(record as usize).and_then(|place| {
            let json = self
                .body
                .get(place.start as usize + START.len()..place.identity as usize)?;
            std::str::from_utf8(json).ok()
        });
        match Scalar::parse(json.unwrap_or_default()) {
            Scalar::Text(identity) => identity,
            _ => Cow::Borrowed(""),
        }
    }

    /// Hides the users of these records in a text: the identity, every value however it is typed
    /// in the text, and the parts of the name but for initials.
    pub(super) fn hide(&self, records: &[u32], veil: &mut Veil) {
        records
            .iter()
            .for_each(|record| veil.hide_word(&self.identity(*record)));
        for record in self.records(records) {
            let record: Value = serde_json::from_slice(record).unwrap_or_default();
            for (key, value) in record["profileData"].as_object().into_iter().flatten() {
                match value {
                    Value::String(text) => {
                        veil.hide_word(text);
                        let parts = text.split_whitespace().filter(|_| key == "Name");
                        let parts = parts.filter(|part| part.chars().nth(1).is_some());
                        parts.for_each(|part| veil.hide_word(part));
                    }
                    Value::Number(number) => veil.hide_word(&number.to_string()),
                    _ => {}
                }
            }
        }
    }

    fn records(&self, records: &[u32]) -> impl Iterator<Item = &[u8]> {
        let places = records
            .iter()
            .filter_map(|record| self.records.get(*record as usize));
        places.filter_map(|place| self.body.get(place.start as usize..place.end as usize))
    }
}
