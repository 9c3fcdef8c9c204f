//! How a page in a browser stays right: server-sent events, or the same asked for again and again.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::api::{Refusal, leader};
use super::board::{Changes, News, Snapshot, Version};
use super::html;
use super::part::{Id, Part};
use super::view::{Leading, Page};

/// Who missed more parts than these fetches all of them.
const CATCH_UP: usize = 64;

pub(super) fn routes() -> Router<Page> {
    Router::new()
        .route("/events", get(events))
        .route("/changes", get(changes))
}

/// What a page says that it has.
#[derive(Deserialize)]
struct Asked {
    /// The version; one that can't be read is another process's.
    #[serde(default)]
    since: String,
    /// The one export, as `NAMESPACE/NAME`, that the page is of; empty for all of them.
    #[serde(default)]
    only: String,
}

impl Asked {
    fn only(&self) -> Option<Id> {
        let (namespace, name) = self.only.split_once('/')?;
        Some(Id::Export(namespace.to_owned(), name.to_owned()))
    }
}

/// First what the page missed, then what changes, as long as it keeps up.
async fn events(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Extension(shutdown): Extension<CancellationToken>,
) -> Result<Response, Refusal> {
    let leading = leader(&page)?;
    let only = asked.only();
    let (snapshot, news) = leading.board.watch(&leading.view);
    let missed = missed(leading, &snapshot, &asked, only.as_ref());
    let events = stream::iter(missed.news()).chain(news);
    let events = events.take_until(shutdown.cancelled_owned());
    let bytes = events.map(move |news| Ok::<_, Infallible>(news.events(only.as_ref())));
    // Nothing of others in between, and no proxy that waits until there is more.
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        ("x-accel-buffering", "no"),
    ];
    let bytes = bytes.filter(|bytes| {
        let some = bytes.as_ref().is_ok_and(|bytes: &Bytes| !bytes.is_empty());
        std::future::ready(some)
    });
    Ok((headers, Body::from_stream(bytes)).into_response())
}

/// The same as one answer.
async fn changes(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Refusal> {
    let leading = leader(&page)?;
    let snapshot = leading.board.look(&leading.view);
    let missed = missed(leading, &snapshot, &asked, asked.only().as_ref());
    Ok(Json(missed.json()))
}

/// Parts as they are now, in HTML, and those that are gone.
type Rendered = (Vec<(Id, String)>, Vec<Id>);

/// What somebody missed.
struct Missed {
    version: Version,
    now: Timestamp,
    /// `None` where that isn't known, or too much.
    changes: Option<Rendered>,
}

fn missed(leading: &Leading, snapshot: &Snapshot, asked: &Asked, only: Option<&Id>) -> Missed {
    let now = Timestamp::now();
    let since = asked.since.parse().ok();
    let changes = since.and_then(|since| leading.board.since(snapshot, since));
    let changes = changes.and_then(|changes| rendered(snapshot, changes, only, now));
    Missed {
        version: leading.board.name(snapshot.version),
        now,
        changes,
    }
}

fn rendered(
    snapshot: &Snapshot,
    Changes { put, gone }: Changes,
    only: Option<&Id>,
    now: Timestamp,
) -> Option<Rendered> {
    let mine = |id: &Id| only.is_none_or(|only| only == id);
    let parts = put.iter().map(|at| &snapshot.parts[*at].1);
    let put: Vec<&Part> = parts.filter(|part| mine(&part.id())).collect();
    let gone: Vec<_> = gone.into_iter().filter(mine).collect();
    if put.len() > CATCH_UP {
        return None;
    }
    let put = put.into_iter();
    let put = put.map(|part| (part.id(), html::part(part, now).into_string()));
    Some((put.collect(), gone))
}

impl Missed {
    fn news(self) -> Vec<Arc<News>> {
        let version = self.version.number();
        let news = match self.changes {
            None => vec![News::reset(version)],
            Some((put, gone)) => vec![
                News::put(version, put.into_iter()),
                News::gone(version, gone.into_iter()),
                News::seen(self.version, self.now),
            ],
        };
        news.into_iter().map(Arc::new).collect()
    }

    fn json(self) -> Value {
        let Some((put, gone)) = self.changes else {
            return json!({ "reset": true });
        };
        let put = put.into_iter();
        let put = put.map(|(id, html)| json!({ "id": id.to_string(), "html": html }));
        json!({
            "version": self.version.to_string(),
            "now": self.now.to_string(),
            "put": put.collect::<Vec<_>>(),
            "drop": gone.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}
