//! One object of a file.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::tree::{Fields, Position};
use crate::api::GROUP;

/// The namespace of an object that names none.
pub const NAMESPACE: &str = "default";
/// The one version of our group.
pub const API_VERSION: &str = "mixtap.dev/v1alpha1";
/// Our kinds.
pub const KINDS: [&str; 2] = ["CleverTapConnector", "CohortExport"];

/// An object, and where each of its fields stands.
pub struct Document {
    pub file: Arc<str>,
    pub value: Value,
    /// Where its file's document has it, if that is a list of objects: `items[3]`.
    root: String,
    start: Position,
    fields: Arc<Fields>,
}

impl Document {
    pub(super) fn new(file: &Arc<str>, value: Value, start: Position, fields: Fields) -> Self {
        Self {
            file: file.clone(),
            value,
            root: String::new(),
            start,
            fields: Arc::new(fields),
        }
    }

    /// The objects that it stands for: itself, or those of a `List`.
    pub(super) fn unfolded(mut self) -> Vec<Self> {
        let list = self.kind().ends_with("List") && self.value["items"].is_array();
        if !list {
            return vec![self];
        }
        let Value::Array(items) = self.value["items"].take() else {
            return Vec::new();
        };
        let items = items.into_iter().enumerate().map(|(index, value)| {
            let root = format!("items[{index}]");
            let start = self.fields.at(&root).unwrap_or(self.start);
            Self {
                file: self.file.clone(),
                value,
                root,
                start,
                fields: self.fields.clone(),
            }
        });
        items.collect()
    }

    /// Of a field, by a path such as `spec.profileProperties[1]`; where it isn't there, of the
    /// nearest one around it, and in the end of the object.
    pub fn at(&self, path: &str) -> Position {
        let dot = if self.root.is_empty() || path.is_empty() || path.starts_with('[') {
            ""
        } else {
            "."
        };
        let path = format!("{}{dot}{path}", self.root);
        self.fields.at(&path).unwrap_or(self.start)
    }

    /// Fields given more than once, of which readers take the last.
    pub fn twice(&self) -> impl Iterator<Item = (&str, Position)> {
        let all = self.fields.twice.iter();
        all.filter_map(|(path, at)| {
            let path = path.strip_prefix(&self.root)?;
            let inside = self.root.is_empty() || path.starts_with(['.', '[']);
            inside.then(|| (path.trim_start_matches('.'), *at))
        })
    }

    pub fn api_version(&self) -> &str {
        self.value["apiVersion"].as_str().unwrap_or_default()
    }

    pub fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        let name = self.value["metadata"]["name"].as_str();
        name.unwrap_or_default()
    }

    pub fn namespace(&self) -> &str {
        let namespace = self.value["metadata"]["namespace"].as_str();
        namespace.filter(|n| !n.is_empty()).unwrap_or(NAMESPACE)
    }

    /// Whether it is, or was meant to be, one of our kinds.
    pub fn is_ours(&self) -> bool {
        let group = self.api_version().split('/').next();
        group == Some(GROUP) || KINDS.contains(&self.kind())
    }

    pub fn is_secret(&self) -> bool {
        self.api_version() == "v1" && self.kind() == "Secret"
    }
}

/// As kubectl names it, `cohortexport/cart-drop-off`.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: &str, other: &str| if text.is_empty() { other } else { text }.to_owned();
        let kind = or(self.kind(), "object").to_lowercase();
        write!(f, "{kind}/{}", or(self.name(), "?"))
    }
}

/// Never the value: it may be that of a Secret.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {self}", self.file, self.start.line)
    }
}
