//! The rows that a query found: a view of generated ones, a list of the others.

use std::{collections::HashMap, ops::Range, sync::Arc};

use serde_json::{Map, json};

use super::{cohort::Made, generator::Generator, people::User, template::Template};

/// One row as page 0 found it.
#[derive(Clone)]
pub(super) enum Row {
    User(Arc<User>),
    Made(Arc<Generator>, u64),
    /// An id without a profile.
    Bare(String),
}

/// Some rows in a row.
pub(super) enum Part {
    Listed(Vec<Row>),
    /// Generated ones; those that are users of their own by the generator's index.
    Made(Made, HashMap<u64, Row>),
}

/// Cheap to clone: all clones are one view.
#[derive(Clone)]
pub(super) struct Rows {
    parts: Arc<Vec<Part>>,
    limit: usize,
}

impl Default for Rows {
    fn default() -> Self {
        Rows {
            parts: Arc::default(),
            limit: usize::MAX,
        }
    }
}

impl Rows {
    pub fn push(&mut self, part: Part) {
        if let Some(parts) = Arc::get_mut(&mut self.parts) {
            parts.push(part);
        }
    }

    /// The first ones only.
    pub fn limited(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    pub fn len(&self) -> usize {
        let all = self.parts.iter().map(Part::len);
        all.fold(0, usize::saturating_add).min(self.limit)
    }

    /// Appends these rows as JSON, separated by commas; of their properties the wanted ones.
    pub fn write(&self, range: Range<usize>, wanted: Option<&[String]>, out: &mut Vec<u8>) {
        let (start, mut first) = (range.start, 0);
        for part in self.parts.iter() {
            let from = range.start.saturating_sub(first).min(part.len());
            let to = range.end.saturating_sub(first).min(part.len());
            if from < to {
                part.write(from..to, first + from - start, wanted, out);
            }
            first += part.len();
        }
    }
}

impl From<Part> for Rows {
    fn from(part: Part) -> Self {
        let mut rows = Rows::default();
        rows.push(part);
        rows
    }
}

impl Part {
    /// Generated members, of whom these are users of their own; without those that have no
    /// profile unless everyone is asked for.
    pub fn made(
        mut made: Made,
        users: impl Iterator<Item = (u64, Arc<User>)>,
        everyone: bool,
    ) -> Self {
        let users: Vec<_> = users.filter(|(index, _)| made.keeps(*index)).collect();
        let users = users.into_iter();
        if !everyone && made.maker.properties.is_empty() {
            let identified = users.filter(|(_, user)| user.identified());
            let mut identified: Vec<_> = identified.collect();
            identified.sort_unstable_by_key(|(index, _)| *index);
            return Part::Listed(
                identified
                    .into_iter()
                    .map(|(_, user)| Row::User(user))
                    .collect(),
            );
        }
        let (known, unknown): (Vec<_>, Vec<_>) =
            users.partition(|(_, user)| everyone || user.identified());
        made.without(unknown.into_iter().map(|(index, _)| index).collect());
        let known = known
            .into_iter()
            .map(|(index, user)| (index, Row::User(user)));
        Part::Made(made, known.collect())
    }

    fn len(&self) -> usize {
        match self {
            Part::Listed(rows) => rows.len(),
            Part::Made(made, _) => usize::try_from(made.len()).unwrap_or(usize::MAX),
        }
    }

    /// `at` is the place of the first of these rows in its page.
    fn write(&self, range: Range<usize>, at: usize, wanted: Option<&[String]>, out: &mut Vec<u8>) {
        let places = at..at + range.len();
        let comma = |place: usize, out: &mut Vec<u8>| {
            if place > 0 {
                out.push(b',');
            }
        };
        match self {
            Part::Listed(rows) => {
                for (row, place) in rows[range].iter().zip(places) {
                    comma(place, out);
                    row.write(wanted, place, out);
                }
            }
            Part::Made(made, known) => {
                let template = Template::new(&made.maker, wanted);
                for (row, place) in range.zip(places) {
                    comma(place, out);
                    let index = made.index(row as u64);
                    match known.get(&index) {
                        Some(row) => row.write(wanted, place, out),
                        None => template.write(made.maker.number_at(index), place, out),
                    }
                }
            }
        }
    }
}

impl Row {
    /// A profile with at least one property.
    pub fn identified(&self) -> bool {
        match self {
            Row::User(user) => user.identified(),
            Row::Made(maker, _) => !maker.properties.is_empty(),
            Row::Bare(_) => false,
        }
    }

    fn write(&self, wanted: Option<&[String]>, place: usize, out: &mut Vec<u8>) {
        let (id, properties) = match self {
            Row::Bare(id) => (json!(id), Map::new()),
            Row::User(user) => {
                let asked = user
                    .properties
                    .iter()
                    .filter(|(name, _)| is_asked(wanted, name));
                let asked = asked.map(|(name, value)| (name.clone(), value.clone()));
                (json!(user.distinct_id), asked.collect())
            }
            Row::Made(maker, number) => {
                Template::new(maker, wanted).write(*number, place, out);
                return;
            }
        };
        let row = if properties.is_empty() && is_bare(place) {
            json!({ "$distinct_id": id })
        } else {
            json!({ "$distinct_id": id, "$properties": properties })
        };
        // JSON values always have a text, and a vector takes any.
        let _ = serde_json::to_writer(out, &row);
    }
}

/// Whether a property is among those asked for; all are where none is named.
pub(super) fn is_asked(wanted: Option<&[String]>, name: &String) -> bool {
    wanted.is_none_or(|names| names.contains(name))
}

/// The live service shows both: no `$properties` at all, and an empty one \[seen\].
pub(super) fn is_bare(place: usize) -> bool {
    place.is_multiple_of(2)
}
