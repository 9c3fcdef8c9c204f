//! Users and cohorts as they are set from outside: the JSON of the admin API.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::generator::Generator;

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
    /// Further members, before those named one by one.
    pub generators: Vec<Generator>,
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
