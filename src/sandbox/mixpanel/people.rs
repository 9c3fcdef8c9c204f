//! Users and cohorts as they are set from outside: the JSON of the admin API.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// A user's id as it stands in JSON: text, or at times a number \[seen\].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DistinctId {
    Text(String),
    Number(Number),
}

impl DistinctId {
    /// The id as text.
    pub fn text(&self) -> String {
        match self {
            DistinctId::Text(text) => text.clone(),
            DistinctId::Number(number) => number.to_string(),
        }
    }
}

impl From<&str> for DistinctId {
    fn from(text: &str) -> Self {
        DistinctId::Text(text.to_owned())
    }
}

impl From<String> for DistinctId {
    fn from(text: String) -> Self {
        DistinctId::Text(text)
    }
}

impl From<u64> for DistinctId {
    fn from(number: u64) -> Self {
        DistinctId::Number(number.into())
    }
}

/// A user of the project.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub distinct_id: DistinctId,
    #[serde(default)]
    pub properties: Map<String, Value>,
    /// Whether there is a profile: at least one property, shown here or not. Absent = whether
    /// there are properties.
    #[serde(default)]
    pub has_profile: Option<bool>,
}

impl User {
    /// `properties` is a JSON object; anything else counts as none.
    pub fn new(distinct_id: impl Into<DistinctId>, properties: Value) -> Self {
        let properties = if let Value::Object(map) = properties {
            map
        } else {
            Map::new()
        };
        User {
            distinct_id: distinct_id.into(),
            properties,
            has_profile: None,
        }
    }

    pub(super) fn identified(&self) -> bool {
        self.has_profile.unwrap_or(!self.properties.is_empty())
    }
}

/// A cohort to be put into a project.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CohortSpec {
    pub name: String,
    /// The stored figure that cohorts/list shows; absent = the members' number.
    pub count: Option<u64>,
    /// Set for a group cohort.
    pub data_group_id: Option<u64>,
    pub members: Vec<DistinctId>,
}

/// A change of a cohort; what is absent stays. `set` goes before `remove`, and that before `add`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CohortChange {
    pub name: Option<String>,
    pub count: Option<u64>,
    pub set: Option<Vec<DistinctId>>,
    pub remove: Vec<DistinctId>,
    pub add: Vec<DistinctId>,
}

/// Members by the number: `u-000001`, `u-000002`, ... Their properties are made when a page is
/// written, so that a large cohort costs no more than its ids.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Generator {
    pub prefix: String,
    pub start: u64,
    pub count: u64,
    /// In text values `{id}` stands for the id and `{n}` for its number.
    pub properties: Map<String, Value>,
}

impl Default for Generator {
    fn default() -> Self {
        let text = |text: &str| Value::String(text.to_owned());
        let properties = [
            ("$email", "{id}@example.com"),
            ("$first_name", "User"),
            ("$last_name", "{n}"),
        ];
        let properties = properties.map(|(name, value)| (name.to_owned(), text(value)));
        Generator {
            prefix: "u-".to_owned(),
            start: 1,
            count: 0,
            properties: Map::from_iter(properties),
        }
    }
}

impl Generator {
    /// The first `count` members under the default prefix.
    pub fn members(count: u64) -> Self {
        Generator {
            count,
            ..Generator::default()
        }
    }

    pub(super) fn id(&self, number: u64) -> String {
        format!("{}{number:06}", self.prefix)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = String> {
        (self.start..self.start.saturating_add(self.count)).map(|number| self.id(number))
    }

    /// The number of an id of its making.
    pub(super) fn number(&self, id: &str) -> Option<u64> {
        let digits = id.strip_prefix(&self.prefix)?;
        let number = digits.parse().ok()?;
        let range = self.start..self.start.saturating_add(self.count);
        (range.contains(&number) && self.id(number) == id).then_some(number)
    }

    pub(super) fn property(&self, name: &str, number: u64) -> Option<Value> {
        let value = self.properties.get(name)?;
        let Value::String(text) = value else {
            return Some(value.clone());
        };
        let text = text
            .replace("{id}", &self.id(number))
            .replace("{n}", &format!("{number:06}"));
        Some(Value::String(text))
    }
}
