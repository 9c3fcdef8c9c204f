//! Nodes of a YAML document that know where they stand, and what becomes of them: one JSON value,
//! and the position of every field.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Where something stands in its file; both count from 1, columns by characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub at: Position,
    pub content: Content,
    /// How many levels of collections it has.
    pub depth: usize,
    /// How many nodes it is, itself included.
    pub size: usize,
}

#[derive(Clone, Debug)]
pub enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub at: Position,
    pub value: Node,
    /// Whether the same map gave this key before, other than by a merge.
    pub again: bool,
}

/// Positions by the path of a field, such as `spec.profileProperties[1]`.
#[derive(Debug, Default)]
pub struct Fields {
    at: BTreeMap<String, Position>,
    /// Fields given more than once in the same map: the last one counts.
    pub twice: Vec<(String, Position)>,
}

impl Fields {
    /// Of this field, or of the nearest one around it that is there.
    pub fn at(&self, path: &str) -> Option<Position> {
        let mut path = path;
        loop {
            if let Some(position) = self.at.get(path) {
                return Some(*position);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

impl Node {
    pub fn new(at: Position, content: Content) -> Self {
        let (depth, size) = match &content {
            Content::Scalar(_) => (0, 0),
            Content::List(items) => measure(items.iter()),
            Content::Map(entries) => measure(entries.iter().map(|entry| &entry.value)),
        };
        Self {
            at,
            content,
            depth: depth + 1,
            size: size + 1,
        }
    }

    /// The node's value; the positions of what is below `path` go to `fields`.
    pub fn flatten(self, path: &str, fields: &mut Fields) -> Value {
        match self.content {
            Content::Scalar(value) => value,
            Content::List(items) => {
                let flat = items.into_iter().enumerate().map(|(index, item)| {
                    let path = format!("{path}[{index}]");
                    fields.at.insert(path.clone(), item.at);
                    item.flatten(&path, fields)
                });
                Value::Array(flat.collect())
            }
            Content::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    let path = below(path, &entry.key);
                    fields.at.insert(path.clone(), entry.at);
                    if entry.again {
                        fields.twice.push((path.clone(), entry.at));
                    }
                    map.insert(entry.key, entry.value.flatten(&path, fields));
                }
                Value::Object(map)
            }
        }
    }
}

fn measure<'a>(nodes: impl Iterator<Item = &'a Node>) -> (usize, usize) {
    nodes.fold((0, 0), |(depth, size), node| {
        (depth.max(node.depth), size + node.size)
    })
}

/// The path of a field below another one. A key that could be taken for a path is in brackets.
pub fn below(path: &str, key: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if !key.chars().all(plain) || key.is_empty() {
        format!("{path}[{key}]")
    } else if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The value without the fields that are null: to Kubernetes they aren't there.
pub fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            let kept = kept.map(|(name, value)| (name.clone(), without_nulls(value)));
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}
