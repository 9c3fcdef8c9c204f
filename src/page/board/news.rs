//! News as it goes over the wire: server-sent events, made once for all who watch.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Version;
use crate::page::part::Id;

/// Some events, for the index and for the pages of single exports.
#[derive(Debug)]
pub struct News {
    /// Of the snapshot that they are from.
    pub version: u64,
    /// What the index hears: all of it.
    index: Bytes,
    /// What the page of an export hears besides what everybody does.
    details: Vec<(Id, Bytes)>,
    everybody: Bytes,
}

/// A part as it is now, in HTML.
pub struct Put {
    pub id: Id,
    /// On the index.
    pub html: String,
    /// On its own page, if that is wanted and it has one.
    pub detail: Option<String>,
}

impl News {
    /// Parts as they are now.
    pub fn put(version: u64, parts: impl Iterator<Item = Put>) -> Self {
        let (mut index, mut details) = (String::new(), Vec::new());
        for Put { id, html, detail } in parts {
            let put = |html| event("put", &json!({ "id": id.to_string(), "html": html }));
            index.push_str(&put(html));
            if let Some(detail) = detail {
                details.push((id.clone(), put(detail).into()));
            }
        }
        Self {
            version,
            index: index.into(),
            details,
            everybody: Bytes::new(),
        }
    }

    /// Parts that aren't there any more.
    pub fn gone(version: u64, ids: impl Iterator<Item = Id>) -> Self {
        let (mut index, mut details) = (String::new(), Vec::new());
        for id in ids {
            let event = event("drop", &json!({ "id": id.to_string() }));
            index.push_str(&event);
            details.push((id, event.into()));
        }
        Self {
            version,
            index: index.into(),
            details,
            everybody: Bytes::new(),
        }
    }

    /// Everything up to this version was told.
    pub fn seen(version: Version, now: Timestamp) -> Self {
        let data = json!({ "version": version.to_string(), "now": now.to_string() });
        Self::to_everybody(version.number(), event("seen", &data))
    }

    /// What changed isn't known: all is to be fetched anew.
    pub fn reset(version: u64) -> Self {
        Self::to_everybody(version, event("reset", &json!({})))
    }

    /// What the index hears, or the page of one export.
    pub fn events(&self, only: Option<&Id>) -> Bytes {
        let Some(only) = only else {
            return self.index.clone();
        };
        let mine = self.details.iter().find(|(id, _)| id == only);
        mine.map_or_else(|| self.everybody.clone(), |(_, event)| event.clone())
    }

    fn to_everybody(version: u64, event: String) -> Self {
        let event = Bytes::from(event);
        Self {
            version,
            index: event.clone(),
            details: Vec::new(),
            everybody: event,
        }
    }
}

/// JSON has no line break of its own, so it is one line of data.
fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
