//! Which exports an address asks for, and in which order. The script of the page does the same to
//! what is on the screen; without a script it is done here.

use std::cmp::Ordering;

use url::form_urlencoded;

use super::address;
use super::model::{Export, State};
use super::part::Part;

/// What exports can be sorted by: the columns of their table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Cohort,
    Segment,
    Type,
    State,
    Members,
    Change,
    Synced,
    Next,
}

impl Column {
    pub const ALL: [Self; 8] = [
        Self::Cohort,
        Self::Segment,
        Self::Type,
        Self::State,
        Self::Members,
        Self::Change,
        Self::Synced,
        Self::Next,
    ];

    /// As it stands in the address and in `data-column`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Cohort => "cohort",
            Self::Segment => "segment",
            Self::Type => "type",
            Self::State => "state",
            Self::Members => "members",
            Self::Change => "change",
            Self::Synced => "synced",
            Self::Next => "next",
        }
    }

    /// What its cells are sorted by: numbers by size, text by its lower case.
    pub fn key(self, export: &Export) -> Key {
        let text = |text: &str| Key::Text(text.to_lowercase());
        let number = |number: Option<i64>| number.map_or(Key::None, Key::Number);
        match self {
            Self::Cohort => text(&export.cohort),
            Self::Segment => export.segment.as_deref().map_or(Key::None, text),
            Self::Type => export.sync_type.map_or(Key::None, |t| text(t.as_str())),
            Self::State => Key::Number(export.state as i64),
            Self::Members => number(export.last.as_ref().map(|last| last.members)),
            Self::Change => number(export.last.as_ref().map(|last| last.added + last.removed)),
            Self::Synced => number(export.last_sync.map(|time| time.as_second())),
            Self::Next => number(export.next_sync.map(|time| time.as_second())),
        }
    }
}

/// See [`Column::key`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Number(i64),
    Text(String),
    /// There is nothing to sort by: it comes last, whatever the direction.
    None,
}

/// An order of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub column: Column,
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            column: Column::Cohort,
            descending: false,
        }
    }
}

impl Sort {
    /// `members`, or `-members` the other way round.
    fn parse(text: &str) -> Option<Self> {
        let (descending, id) = match text.strip_prefix('-') {
            Some(id) => (true, id),
            None => (false, text),
        };
        let column = Column::ALL.into_iter().find(|column| column.id() == id)?;
        Some(Self { column, descending })
    }

    fn compare(self, one: &Key, other: &Key) -> Ordering {
        let order = match (one, other) {
            (Key::Number(one), Key::Number(other)) => one.cmp(other),
            (Key::Text(one), Key::Text(other)) => one.cmp(other),
            (Key::None, Key::None) => Ordering::Equal,
            (Key::None, _) => return Ordering::Greater,
            (_, Key::None) => return Ordering::Less,
            (Key::Number(_), Key::Text(_)) => Ordering::Less,
            (Key::Text(_), Key::Number(_)) => Ordering::Greater,
        };
        match self.descending {
            true => order.reverse(),
            false => order,
        }
    }
}

/// What an address asks for. What it names and isn't there matches nothing; what can't be read asks
/// for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub namespace: String,
    /// Namespace and name, with a slash between.
    pub connector: String,
    /// One of [`State::words`].
    pub state: String,
    /// Text that a name must hold, whatever its case.
    pub text: String,
    pub sort: Sort,
}

impl Filter {
    /// Reads the query of an address; of what is there twice the last counts.
    pub fn parse(query: &str) -> Self {
        let mut filter = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "namespace" => filter.namespace = value,
                "connector" => filter.connector = value,
                "state" => filter.state = value,
                "q" => filter.text = value,
                "sort" => filter.sort = Sort::parse(&value).unwrap_or(filter.sort),
                _ => {}
            }
        }
        filter
    }

    /// Whether it shows this export.
    pub fn shows(&self, export: &Export) -> bool {
        let is = |wanted: &str, value: &str| wanted.is_empty() || wanted == value;
        let state = State::ALL.into_iter().find(|s| s.words() == self.state);
        let connector = address::connector(&export.namespace, &export.connector);
        is(&self.namespace, &export.namespace)
            && is(&self.connector, &connector)
            && (self.state.is_empty() || state.is_some_and(|state| export.is(state)))
            && sought(export).contains(&self.text.trim().to_lowercase())
    }

    /// The places of all exports among the parts, in its order.
    pub fn order(&self, parts: &[(u64, Part)]) -> Vec<usize> {
        let exports = parts
            .iter()
            .enumerate()
            .filter_map(|(at, (_, part))| match part {
                Part::Export(export) => Some((self.sort.column.key(export), at)),
                _ => None,
            });
        let mut exports: Vec<_> = exports.collect();
        // What is equal stays in the order of the parts.
        exports.sort_by(|(one, _), (other, _)| self.sort.compare(one, other));
        exports.into_iter().map(|(_, at)| at).collect()
    }
}

/// What a text is looked for in.
pub fn sought(export: &Export) -> String {
    let segment = export.segment.as_deref().unwrap_or_default();
    let next = export.next_segment.as_deref().unwrap_or_default();
    let text = format!(
        "{}\n{segment}\n{next}\n{}/{}",
        export.cohort, export.namespace, export.name
    );
    text.to_lowercase()
}

#[cfg(test)]
mod tests;
