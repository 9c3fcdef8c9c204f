//! One row of engage, packed into a batch without a copy in between.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::batch::Batch;
use crate::domain::scalar::{Scalar, is_integer};

/// Reads rows of the same query.
pub(super) struct Rows<'q> {
    /// Names of the properties to keep, each once.
    wanted: &'q [String],
    /// Where in `wanted` the next property likely is: rows are much alike.
    next: usize,
}

/// Why a row can't be packed; the batch is of no use then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadRow {
    /// No JSON, or not that of a row.
    Garbled,
    /// No usable `$distinct_id`.
    NoId,
}

impl<'q> Rows<'q> {
    pub fn new(wanted: &'q [String]) -> Self {
        Self { wanted, next: 0 }
    }

    /// Adds a row to the batch: its id, and of its properties the wanted ones.
    pub fn pack(&mut self, number: u64, row: &[u8], batch: &mut Batch) -> Result<(), BadRow> {
        let mut json = serde_json::Deserializer::from_slice(row);
        batch.begin(number);
        let has_id = Row { rows: self, batch }.deserialize(&mut json);
        let has_id = has_id.and_then(|has_id| json.end().map(|()| has_id));
        match has_id {
            Ok(true) => Ok(()),
            Ok(false) => Err(BadRow::NoId),
            Err(_) => Err(BadRow::Garbled),
        }
    }

    fn index(&mut self, name: &str) -> Option<usize> {
        let (before, after) = self.wanted.split_at(self.next);
        let found = |wanted: &[String]| wanted.iter().position(|wanted| wanted == name);
        let index = found(after).map_or_else(|| found(before), |at| Some(before.len() + at))?;
        self.next = (index + 1) % self.wanted.len();
        Some(index)
    }
}

enum Key {
    Id,
    Properties,
    Other,
}

/// The row as an object; whether it has an id.
struct Row<'r, 'q> {
    rows: &'r mut Rows<'q>,
    batch: &'r mut Batch,
}

impl<'de> DeserializeSeed<'de> for Row<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut row: A) -> Result<bool, A::Error> {
        let Self { rows, batch } = self;
        let (mut has_id, mut has_properties) = (None, false);
        while let Some(key) = row.next_key_seed(KeyIn(|name: &str| match name {
            "$distinct_id" => Key::Id,
            "$properties" => Key::Properties,
            _ => Key::Other,
        }))? {
            match key {
                Key::Id if has_id.is_some() => return Err(A::Error::custom("two ids")),
                Key::Id => has_id = Some(put_id(row.next_value()?, batch)),
                Key::Properties if std::mem::replace(&mut has_properties, true) => {
                    return Err(A::Error::custom("properties twice"));
                }
                Key::Properties => row.next_value_seed(Properties { rows, batch })?,
                Key::Other => drop(row.next_value::<IgnoredAny>()?),
            }
        }
        Ok(has_id == Some(true))
    }
}

/// Text or an integer, as it's written.
fn put_id(raw: &RawValue, batch: &mut Batch) -> bool {
    match Scalar::parse(raw.get()) {
        Scalar::Text(text) if !text.is_empty() => batch.set_id(&text),
        Scalar::Number(digits) if is_integer(digits) => batch.set_id(digits),
        _ => return false,
    }
    true
}

/// `$properties`, which may be null.
struct Properties<'r, 'q> {
    rows: &'r mut Rows<'q>,
    batch: &'r mut Batch,
}

impl<'de> DeserializeSeed<'de> for Properties<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Properties<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("properties")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<(), A::Error> {
        let Self { rows, batch } = self;
        while let Some(index) = properties.next_key_seed(KeyIn(|name: &str| rows.index(name)))? {
            let raw: &RawValue = properties.next_value()?;
            if let Some(index) = index {
                batch.set(index, raw.get());
            }
        }
        Ok(())
    }
}

/// The name of a field, looked at where it stands.
struct KeyIn<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for KeyIn<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<T, D::Error> {
        json.deserialize_identifier(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for KeyIn<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<T, E> {
        Ok((self.0)(name))
    }
}
