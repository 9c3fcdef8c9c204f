//! A small HTTP server on loopback for the vendor clients' tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use url::Url;

use super::{Http, Metrics, Retry};

/// As many attempts as ever, without the waits.
pub(crate) const QUICK: Retry = Retry {
    first: Duration::from_millis(1),
    max: Duration::from_millis(2),
    total: Duration::from_secs(30),
};

pub(crate) fn http() -> Http {
    Http::new(Metrics::default()).unwrap()
}

#[derive(Clone)]
pub(crate) struct Recorded {
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// How many requests came before.
    pub nth: usize,
}

impl Recorded {
    /// A field of a form body.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(&self.body);
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// Answers every request by one function and keeps what was asked. Ends when dropped.
pub(crate) struct Server {
    pub url: Url,
    requests: Arc<Mutex<Vec<Recorded>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub async fn start(answer: impl Fn(&Recorded) -> Response + Send + Sync + 'static) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        let answer = Arc::new(answer);
        let app = axum::Router::new().fallback(move |request: Request| {
            let (kept, answer) = (kept.clone(), answer.clone());
            async move {
                let (head, body) = request.into_parts();
                let mut recorded = Recorded {
                    path: head.uri.path().to_owned(),
                    query: head.uri.query().unwrap_or_default().to_owned(),
                    headers: head.headers,
                    body: axum::body::to_bytes(body, 1 << 26).await.unwrap(),
                    nth: 0,
                };
                {
                    let mut kept = kept.lock().unwrap();
                    recorded.nth = kept.len();
                    kept.push(recorded.clone());
                }
                answer(&recorded)
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            requests,
            task,
        }
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    pub fn paths(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|request| request.path)
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn answer(status: u16, body: &str) -> Response {
    Response::builder()
        .status(status)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// A 200 whose body breaks off.
pub(crate) fn cut(body: &str) -> Response {
    let whole = Ok(Bytes::from(body.to_owned()));
    let broken = async {
        // Lets the server flush what it has.
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe))
    };
    let parts = stream::iter([whole]).chain(stream::once(broken));
    let length = body.len() + 10;
    Response::builder()
        .header("content-length", length)
        .body(Body::from_stream(parts))
        .unwrap()
}
