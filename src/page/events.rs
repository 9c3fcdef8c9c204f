//! How a page in a browser stays right: server-sent events, or the same asked for again and again.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::{Stream, StreamExt as _, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::api::{Refusal, leader};
use super::board::{Changes, News, Put, Snapshot};
use super::html;
use super::part::{Id, Part};
use super::view::{Leading, Page};

/// Open streams; who comes after them asks again and again instead, and everybody gets a page.
const STREAMS: usize = 400;
/// Parts in a piece of what was missed.
const PIECE: usize = 16;
/// Whoever asks for changes and missed more parts than these fetches all of them.
const CHANGES: usize = 512;

pub(super) fn routes() -> Router<Page> {
    let places = Arc::new(Semaphore::new(STREAMS));
    Router::new()
        .route(
            "/events",
            get(move |page, asked, shutdown| events(page, asked, shutdown, places)),
        )
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
    places: Arc<Semaphore>,
) -> Result<Response, Refusal> {
    let leading = leader(&page)?;
    let place = places.try_acquire_owned().map_err(|_| {
        let error = "too many pages are open: ask for /changes now and then";
        Refusal(StatusCode::SERVICE_UNAVAILABLE, error.to_owned())
    })?;
    let only = asked.only();
    let (snapshot, news) = leading.board.watch(&leading.view, only.is_some());
    let first = match asked.missed(leading, &snapshot) {
        Some(missed) => {
            let seen = News::seen(leading.board.name(snapshot.version), Timestamp::now());
            let seen = stream::iter([Arc::new(seen)]);
            catch_up(page.clone(), missed).chain(seen).left_stream()
        }
        None => stream::iter([Arc::new(News::reset(snapshot.version))]).right_stream(),
    };
    let events = first.chain(news).take_until(shutdown.cancelled_owned());
    let bytes = events.map(move |news| {
        let _place = &place;
        news.events(only.as_ref())
    });
    let some = bytes.filter(|bytes| ready(!bytes.is_empty()));
    // No proxy waits until there is more.
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        ("x-accel-buffering", "no"),
    ];
    let body = Body::from_stream(some.map(Ok::<_, Infallible>));
    Ok((headers, body).into_response())
}

/// What was missed, as it is when the reader takes it: whoever reads slowly keeps no page of its own.
fn catch_up(page: Page, Missed { put, gone }: Missed) -> impl Stream<Item = Arc<News>> {
    let pieces: Vec<_> = put.chunks(PIECE).map(<[Id]>::to_vec).collect();
    let put = stream::iter(pieces).filter_map(move |piece| {
        let news = page.led().map(|leading| {
            let snapshot = leading.board.look(&leading.view);
            let parts = piece.iter().filter_map(|id| snapshot.part(id));
            Arc::new(News::put(snapshot.version, rendered(parts)))
        });
        ready(news)
    });
    let gone = (!gone.is_empty()).then(|| Arc::new(News::gone(0, gone.into_iter())));
    stream::iter(gone).chain(put)
}

fn rendered<'a>(parts: impl Iterator<Item = &'a Part>) -> impl Iterator<Item = Put> {
    let now = Timestamp::now();
    parts.map(move |part| Put {
        id: part.id(),
        html: html::part(part, now).into_string(),
        detail: html::detail_part(part, now),
    })
}

/// The same as one answer.
async fn changes(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Refusal> {
    let leading = leader(&page)?;
    let snapshot = leading.board.look(&leading.view);
    let missed = asked.missed(leading, &snapshot);
    let Some(Missed { put, gone }) = missed.filter(|missed| missed.put.len() <= CHANGES) else {
        return Ok(Json(json!({ "reset": true })));
    };
    let of_one = asked.only().is_some();
    let put = rendered(put.iter().filter_map(|id| snapshot.part(id))).map(|put| {
        let html = put.detail.filter(|_| of_one).unwrap_or(put.html);
        json!({ "id": put.id.to_string(), "html": html })
    });
    Ok(Json(json!({
        "version": leading.board.name(snapshot.version).to_string(),
        "now": Timestamp::now().to_string(),
        "put": put.collect::<Vec<_>>(),
        "drop": gone.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })))
}

/// What a page missed.
struct Missed {
    put: Vec<Id>,
    gone: Vec<Id>,
}

impl Asked {
    /// `None` where that isn't known.
    fn missed(&self, leading: &Leading, snapshot: &Snapshot) -> Option<Missed> {
        let only = self.only();
        let mine = |id: &Id| only.as_ref().is_none_or(|only| only == id);
        let Changes { put, gone } = leading.board.since(snapshot, self.since.parse().ok()?)?;
        let put = put.iter().map(|at| snapshot.parts[*at].1.id());
        Some(Missed {
            put: put.filter(mine).collect(),
            gone: gone.into_iter().filter(mine).collect(),
        })
    }
}
