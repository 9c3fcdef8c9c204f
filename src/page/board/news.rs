//! News as it goes over the wire: server-sent events, made once for all who watch.

use std::ops::Range;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Version;
use crate::page::part::Id;

/// Some events, and which part each is of.
#[derive(Debug)]
pub struct News {
    /// Of the snapshot that they are from.
    pub version: u64,
    /// All of them.
    all: Bytes,
    /// Where each is; those of no part are for everybody.
    events: Vec<(Option<Id>, Range<usize>)>,
}

impl News {
    /// Parts as they are now, in HTML.
    pub fn put(version: u64, parts: impl Iterator<Item = (Id, String)>) -> Self {
        let events = parts.map(|(id, html)| {
            let data = json!({ "id": id.to_string(), "html": html });
            (Some(id), event("put", &data))
        });
        Self::of(version, events)
    }

    /// Parts that aren't there any more.
    pub fn gone(version: u64, ids: impl Iterator<Item = Id>) -> Self {
        let events = ids.map(|id| {
            let data = json!({ "id": id.to_string() });
            (Some(id), event("drop", &data))
        });
        Self::of(version, events)
    }

    /// Everything up to this version was told.
    pub fn seen(version: Version, now: Timestamp) -> Self {
        let data = json!({ "version": version.to_string(), "now": now.to_string() });
        Self::of(
            version.number(),
            std::iter::once((None, event("seen", &data))),
        )
    }

    /// What changed isn't known: all is to be fetched anew.
    pub fn reset(version: u64) -> Self {
        Self::of(version, std::iter::once((None, event("reset", &json!({})))))
    }

    /// All events, or those of one part and those for everybody.
    pub fn events(&self, only: Option<&Id>) -> Bytes {
        let Some(only) = only else {
            return self.all.clone();
        };
        let events = self.events.iter();
        let mine = events.filter(|(id, _)| id.as_ref().is_none_or(|id| id == only));
        let pieces: Vec<_> = mine.map(|(_, range)| &self.all[range.clone()]).collect();
        pieces.concat().into()
    }

    fn of(version: u64, events: impl Iterator<Item = (Option<Id>, String)>) -> Self {
        let (mut all, mut places) = (String::new(), Vec::new());
        for (id, event) in events {
            let start = all.len();
            all.push_str(&event);
            places.push((id, start..all.len()));
        }
        Self {
            version,
            all: all.into(),
            events: places,
        }
    }
}

/// JSON has no line break of its own, so it is one line of data.
fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
