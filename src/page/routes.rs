//! What people open in a browser.

use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;
use std::{io, iter};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use futures::stream;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::board::Version;
use super::filter::Filter;
use super::html::{self, Detail, Index};
use super::part::{Id, Part};
use super::view::Page;

/// Of the index at once: each keeps what it shows until it is sent.
pub(super) const INDEXES: usize = 16;
/// What an index has until it is sent.
const SENT_WITHIN: Duration = Duration::from_secs(30);
/// Rows in a piece of the index.
const ROWS: usize = 64;

macro_rules! assets {
    ($($name:literal $kind:literal;)+) => {
        /// Path, media type and text of what pages load.
        const ASSETS: &[(&str, &str, &str)] =
            &[$((concat!("/", $name), $kind, include_str!(concat!("assets/", $name))),)+];
    };
}

assets! {
    "icon.svg" "image/svg+xml";
    "style.css" "text/css";
    "script/main.js" "text/javascript";
    "script/connection.js" "text/javascript";
    "script/copy.js" "text/javascript";
    "script/filter.js" "text/javascript";
    "script/page.js" "text/javascript";
    "script/parts.js" "text/javascript";
    "script/rows.js" "text/javascript";
    "script/times.js" "text/javascript";
}

pub(super) fn routes() -> Router<Page> {
    let turns = Arc::new(Semaphore::new(INDEXES));
    let pages = Router::new()
        .route("/", get(move |page, query| index(page, query, turns)))
        .route("/exports/{namespace}/{name}", get(export));
    ASSETS.iter().fold(pages, |routes, (path, kind, text)| {
        routes.route(path, get(async || asset(kind, text)))
    })
}

/// The whole index, in pieces: whoever reads slowly has no more of it made than a piece.
async fn index(
    State(page): State<Page>,
    RawQuery(query): RawQuery,
    turns: Arc<Semaphore>,
) -> Response {
    let Some(leading) = page.leading() else {
        return not_leading("./");
    };
    let turn = turns.acquire_owned().await;
    let turn = turn.expect("the semaphore is never closed");
    let snapshot = leading.board.look(&leading.view);
    let version = leading.board.name(snapshot.version);
    let filter = Filter::parse(&query.unwrap_or_default());
    let now = Timestamp::now();
    let Index { above, below } = Index::of(&snapshot, version, &filter, now);
    let order = filter.order(&snapshot.parts);
    let pieces: Vec<_> = order.chunks(ROWS).map(<[usize]>::to_vec).collect();
    let rows = pieces.into_iter().map(move |piece| {
        let exports = piece.iter().filter_map(|at| match &snapshot.parts[*at].1 {
            Part::Export(export) => Some(export),
            _ => None,
        });
        Index::rows(exports, &filter, now)
    });
    let pieces = iter::once(above).chain(rows).chain(iter::once(below));
    Html(in_time(pieces, turn)).into_response()
}

/// Pieces, each made when the last was taken. The turn is over in time, whether they were taken or
/// not; who was too slow gets an error, for what is cut must not look whole.
fn in_time(
    pieces: impl Iterator<Item = String> + Send + 'static,
    turn: OwnedSemaphorePermit,
) -> Body {
    let (give, mut take) = mpsc::channel(1);
    tokio::spawn(async move {
        let _turn = turn;
        let all = async {
            // A reader that went away takes no more.
            for piece in pieces.map(Some).chain([None]) {
                give.send(piece).await.ok()?;
            }
            Some(())
        };
        timeout(SENT_WITHIN, all).await
    });
    let bytes = stream::poll_fn(move |cx| match ready!(take.poll_recv(cx)) {
        Some(piece) => Poll::Ready(piece.map(Ok)),
        None => Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut)))),
    });
    Body::from_stream(bytes)
}

async fn export(
    State(page): State<Page>,
    Path((namespace, name)): Path<(String, String)>,
) -> Response {
    const ROOT: &str = "../../";
    let Some(leading) = page.leading() else {
        return not_leading(ROOT);
    };
    let snapshot = leading.board.look(&leading.view);
    let version = leading.board.name(snapshot.version);
    let found = snapshot.part(&Id::Export(namespace.clone(), name.clone()));
    let Some(Part::Export(export)) = found else {
        let text = "The controller sees no export of this name. It may have been deleted; its \
                    segment stays in CleverTap.";
        let (title, of) = ("This export isn't there", format!("{namespace}/{name}"));
        let of = Some((of.as_str(), version));
        return notice(StatusCode::NOT_FOUND, title, text, ROOT, of);
    };
    let runs = leading.recent_history(export).await;
    let detail = Detail {
        export,
        version,
        runs: runs.as_deref(),
    };
    Html(html::detail(&detail, Timestamp::now()).into_string()).into_response()
}

/// Any other address, however deep: its links lead to the exports too.
pub(super) async fn nothing(address: Uri) -> Response {
    let deep = address.path().matches('/').count().saturating_sub(1);
    let root = format!("./{}", "../".repeat(deep));
    let text = "No page has this address.";
    notice(StatusCode::NOT_FOUND, "Nothing is here", text, &root, None)
}

/// This process doesn't lead, or not yet.
fn not_leading(root: &str) -> Response {
    let text = "This controller doesn't lead, has just begun to, or has lost its cluster. The page tries again by itself.";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = notice(status, "One moment", text, root, None);
    let again = HeaderValue::from_static("5");
    response
        .headers_mut()
        .insert(header::REFRESH, again.clone());
    response.headers_mut().insert(header::RETRY_AFTER, again);
    response
}

fn notice(
    status: StatusCode,
    title: &str,
    text: &str,
    root: &str,
    of: Option<(&str, Version)>,
) -> Response {
    let page = html::notice(title, text, root, of, Timestamp::now());
    (status, Html(page.into_string())).into_response()
}

/// Text of ours, in UTF-8.
fn asset(kind: &str, text: &'static str) -> Response {
    let kind = format!("{kind}; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
