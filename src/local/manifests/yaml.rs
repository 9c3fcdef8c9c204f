//! The documents of a text, YAML or JSON (which is YAML too), as trees with positions.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, StrInput};
use serde_json::Value;

use super::scalar;
use super::tree::{Content, Entry, Node, Position};

/// Levels that a document may have; serde_json stops at 127.
const DEEPEST: usize = 100;
/// Nodes that aliases may add to a file: a few lines of them could fill any memory.
const MOST_BY_ALIAS: usize = 100_000;

/// Why a document can't be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub at: Position,
    pub why: String,
}

/// Every document of a text, each read or not; one that can't be read doesn't hide the next.
pub fn documents(text: &str) -> Vec<Result<Node, Unreadable>> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    (options.block_nesting_limit, options.flow_nesting_limit) = (DEEPEST, DEEPEST);
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        anchors: HashMap::new(),
        left: MOST_BY_ALIAS,
    };
    let mut documents = Vec::new();
    loop {
        match reader.document() {
            Ok(None) => return documents,
            Ok(Some(node)) => documents.push(Ok(node)),
            Err(error) => {
                documents.push(Err(error));
                if !matches!(reader.parser.proceed_next_document(), Ok(true)) {
                    return documents;
                }
            }
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// What aliases of this document stand for.
    anchors: HashMap<usize, Node>,
    /// Nodes that aliases may still add.
    left: usize,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<Option<Node>, Unreadable> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(None),
                (Event::DocumentStart(..), _) => self.anchors.clear(),
                (Event::StreamStart | Event::DocumentEnd, _) => {}
                (event, at) => return self.node(event, at).map(Some),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Position), Unreadable> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, position(&span.start))),
            Some(Err(error)) => {
                let why = format!("must be YAML: {}", error.info());
                Err(unreadable(position(error.marker()), why))
            }
            None => Ok((Event::StreamEnd, Position { line: 1, column: 1 })),
        }
    }

    fn node(&mut self, event: Event<'t>, at: Position) -> Result<Node, Unreadable> {
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar::value(&text, style, tag.as_deref());
                let value = value.map_err(|why| unreadable(at, why))?;
                (Content::Scalar(value), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (Content::List(self.list()?), anchor),
            Event::MappingStart(_, anchor, _) => (Content::Map(self.map()?), anchor),
            Event::Alias(anchor) => return self.alias(anchor, at),
            _ => return Err(unreadable(at, "must be a value")),
        };
        let node = Node::new(at, content);
        if node.depth > DEEPEST {
            return Err(unreadable(
                at,
                format!("must be at most {DEEPEST} levels deep"),
            ));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self) -> Result<Vec<Node>, Unreadable> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, at) => items.push(self.node(event, at)?),
            }
        }
    }

    fn map(&mut self) -> Result<Vec<Entry>, Unreadable> {
        let mut entries = Entries::default();
        loop {
            let (event, at) = self.next()?;
            let merge = matches!(&event, Event::Scalar(text, style, _, None)
                if text == "<<" && *style == ScalarStyle::Plain);
            if matches!(event, Event::MappingEnd) {
                return Ok(entries.list);
            }
            let key = self.node(event, at)?;
            let (event, value_at) = self.next()?;
            let value = self.node(event, value_at)?;
            if merge {
                entries.merge(value)?;
            } else {
                entries.add(name(key)?, at, value);
            }
        }
    }

    /// What the alias stands for, which keeps the positions of where it is written out.
    fn alias(&mut self, anchor: usize, at: Position) -> Result<Node, Unreadable> {
        let inside = || unreadable(at, "must not stand inside of what it stands for");
        let node = self.anchors.get(&anchor).ok_or_else(inside)?;
        let left = self.left.checked_sub(node.size);
        self.left = left.ok_or_else(|| {
            let most = "must be at most 100,000 values by aliases in a file";
            unreadable(at, most)
        })?;
        Ok(node.clone())
    }
}

/// A map as it grows: a key given once more takes the place of the one before.
#[derive(Default)]
struct Entries {
    list: Vec<Entry>,
    places: HashMap<String, usize>,
    /// Keys that only a merge has given so far.
    merged: HashSet<String>,
}

impl Entries {
    fn add(&mut self, key: String, at: Position, value: Node) {
        let merged = self.merged.remove(&key);
        let again = self.places.contains_key(&key) && !merged;
        self.put(Entry {
            key,
            at,
            value,
            again,
        });
    }

    fn put(&mut self, entry: Entry) {
        match self.places.get(&entry.key) {
            Some(&place) => self.list[place] = entry,
            None => {
                self.places.insert(entry.key.clone(), self.list.len());
                self.list.push(entry);
            }
        }
    }

    /// As kubectl's reader does: in the order written, and of several maps the first one wins.
    fn merge(&mut self, value: Node) -> Result<(), Unreadable> {
        let maps = match value.content {
            Content::List(maps) => maps,
            _ => vec![value],
        };
        for map in maps.into_iter().rev() {
            let Content::Map(entries) = map.content else {
                return Err(unreadable(
                    map.at,
                    "must be a map, or a list of maps, to merge",
                ));
            };
            for entry in entries {
                if !self.places.contains_key(&entry.key) {
                    self.merged.insert(entry.key.clone());
                }
                self.put(entry);
            }
        }
        Ok(())
    }
}

/// A key as JSON has it: text.
fn name(key: Node) -> Result<String, Unreadable> {
    match key.content {
        Content::Scalar(Value::String(text)) => Ok(text),
        Content::Scalar(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value.to_string()),
        _ => Err(unreadable(key.at, "must be text: it is a key")),
    }
}

fn unreadable(at: Position, why: impl Into<String>) -> Unreadable {
    Unreadable {
        at,
        why: why.into(),
    }
}

fn position(mark: &Marker) -> Position {
    Position {
        line: mark.line().max(1),
        column: mark.col() + 1,
    }
}

#[cfg(test)]
mod tests;
