//! A proxy before the page, of the kinds that companies have: one that refuses streams, and one that
//! keeps an answer to itself until it is whole.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;

/// What becomes of `/events`.
#[derive(Clone, Copy)]
pub enum Events {
    Refused,
    HeldBack,
}

struct Way {
    upstream: String,
    events: Events,
    http: reqwest::Client,
}

/// Starts it, for as long as the test's runtime lives; its URL.
pub async fn start(upstream: &str, events: Events) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let http = reqwest::Client::builder().no_proxy().build();
    let way = Way {
        upstream: upstream.to_owned(),
        events,
        http: http.expect("an HTTP client"),
    };
    let routes = Router::new().fallback(pass).with_state(Arc::new(way));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

async fn pass(State(way): State<Arc<Way>>, request: Request) -> Response {
    if request.uri().path() == "/events" {
        match way.events {
            Events::Refused => return StatusCode::BAD_GATEWAY.into_response(),
            Events::HeldBack => return std::future::pending().await,
        }
    }
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let answer = way.http.get(format!("{}{path}", way.upstream)).send().await;
    match answer {
        Ok(answer) => {
            let mut response = Response::builder().status(answer.status());
            // How long the body is, is told anew.
            let framing = [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION];
            let kept = answer
                .headers()
                .iter()
                .filter(|(name, _)| !framing.contains(name));
            for (name, value) in kept {
                response = response.header(name, value);
            }
            let body = answer.bytes().await.unwrap_or_default();
            response.body(Body::from(body)).expect("an answer")
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
