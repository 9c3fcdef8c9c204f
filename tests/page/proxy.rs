//! A proxy before the page, of the kinds that companies have, and what becomes of it meanwhile: it
//! refuses streams, keeps an answer to itself until it is whole, is too slow, or wants people to sign
//! in first.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING};
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, stream};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::world::PATIENCE;

/// What the proxy does now.
#[derive(Clone)]
pub enum Mood {
    /// Passes all on, streams as they come.
    Open,
    EventsRefused,
    EventsHeldBack,
    /// The pages of exports can't be had: this instead, or a way to another page.
    NoExports(StatusCode),
    /// Nobody is signed in, and streams end: 401.
    SignedOut,
    /// The same, and all are sent to this address to sign in.
    SentTo(String),
}

impl Mood {
    fn ends_streams(&self) -> bool {
        matches!(self, Self::SignedOut | Self::SentTo(_))
    }

    /// The answer where this isn't passed on.
    async fn answer(&self, path: &str) -> Option<Response> {
        let is_events = path == "/events";
        match self {
            Self::EventsRefused if is_events => Some(StatusCode::BAD_GATEWAY.into_response()),
            Self::EventsHeldBack if is_events => std::future::pending().await,
            Self::NoExports(status) if path.starts_with("/exports/") => {
                Some((*status, [(LOCATION, "/")]).into_response())
            }
            Self::SignedOut => Some(StatusCode::UNAUTHORIZED.into_response()),
            Self::SentTo(url) => Some((StatusCode::FOUND, [(LOCATION, url)]).into_response()),
            _ => None,
        }
    }
}

struct Way {
    upstream: String,
    mood: watch::Receiver<Mood>,
    turned_away: watch::Sender<u64>,
    http: reqwest::Client,
}

/// Lives as long as the test's runtime.
pub struct Proxy {
    pub url: String,
    mood: watch::Sender<Mood>,
    turned_away: watch::Receiver<u64>,
}

impl Proxy {
    pub async fn start(upstream: &str, mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let http = reqwest::Client::builder().no_proxy().build();
        let (mood, seen) = watch::channel(mood);
        let (turned_away, counted) = watch::channel(0);
        let way = Way {
            upstream: upstream.to_owned(),
            mood: seen,
            turned_away,
            http: http.expect("an HTTP client"),
        };
        let routes = Router::new().fallback(pass).with_state(Arc::new(way));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            url,
            mood,
            turned_away: counted,
        }
    }

    pub fn turns(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Waits until it has turned so many more requests away.
    pub async fn until_turned_away(&self, times: u64) {
        let mut turned_away = self.turned_away.clone();
        let last = *turned_away.borrow() + times;
        let turned = timeout(PATIENCE, turned_away.wait_for(|count| *count >= last)).await;
        turned
            .expect("requests are turned away")
            .expect("the proxy is there");
    }
}

async fn pass(State(way): State<Arc<Way>>, request: Request) -> Response {
    let mood = way.mood.borrow().clone();
    if let Some(answer) = mood.answer(request.uri().path()).await {
        way.turned_away.send_modify(|count| *count += 1);
        return answer;
    }
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let answer = way.http.get(format!("{}{path}", way.upstream)).send().await;
    let Ok(answer) = answer else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut response = Response::builder().status(answer.status());
    // How long the body is, is told anew.
    let framing = [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION];
    let headers = answer.headers().iter();
    for (name, value) in headers.filter(|(name, _)| !framing.contains(name)) {
        response = response.header(name, value);
    }
    let pieces = stream::unfold(answer, async |mut answer| {
        let piece = answer.chunk().await.ok()??;
        Some((Ok::<_, Infallible>(piece), answer))
    });
    let mut mood = way.mood.clone();
    let end = async move {
        // Without the proxy there is no stream either.
        let _ = mood.wait_for(Mood::ends_streams).await;
    };
    let body = Body::from_stream(pieces.take_until(Box::pin(end)));
    response.body(body).expect("an answer")
}
