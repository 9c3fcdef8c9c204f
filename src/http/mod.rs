//! One way to call a vendor: deadlines, size limits, no redirects, errors without addresses.
//!
//! [`Http::send`] is one attempt, and [`Http::open`] one whose answer is read as it arrives. Who may
//! try again, and what an answer means, is the vendor client's business; [`Backoff`] paces it and
//! asks the caller's [`Gate`] meanwhile.

mod fault;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod incoming;
mod metrics;
mod retry;
mod said;
#[cfg(test)]
pub(crate) mod testing;
mod veil;
mod watched;

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use url::Url;

pub use fault::Fault;
pub use incoming::Incoming;
pub use metrics::Metrics;
pub use retry::{Backoff, Gate, Retry, Stopped, retry_after};
pub use said::Said;
pub use veil::Veil;

const CONNECT: Duration = Duration::from_secs(10);
const POOL_IDLE: Duration = Duration::from_secs(60);
/// Connections that are kept unused, by host. Each takes some 40 KiB.
const IDLE_CONNECTIONS: usize = 8;

/// What one kind of call is named in metrics and traces, and what it may take.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub vendor: &'static str,
    pub name: &'static str,
    /// Bytes of an answer's body, decompressed. A longer answer is [`Fault::TooLarge`].
    pub limit: usize,
    /// How long the server may let us wait for the answer's head or for more of its body.
    pub idle: Duration,
    /// The deadline of one attempt.
    pub total: Duration,
}

/// A whole answer, whatever its status.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The shared HTTP client. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    metrics: Metrics,
    attempt: u32,
}

impl Http {
    /// # Errors
    /// When TLS can't be set up on this machine.
    pub fn new(metrics: Metrics) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("mixtap/", env!("CARGO_PKG_VERSION")))
            // A redirect to another host would carry credentials along.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // Every attempt is ours to count and to permit.
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build()?;
        Ok(Self {
            client,
            metrics,
            attempt: 1,
        })
    }

    /// The same client for another attempt at a call, 1 at first: traces tell which.
    #[must_use]
    pub fn attempt(&self, attempt: u32) -> Self {
        Self {
            attempt,
            ..self.clone()
        }
    }

    /// Begins a request for [`Http::send`].
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// One attempt: sends, and reads the whole answer. Counted and timed in the metrics.
    ///
    /// # Errors
    /// Any [`Fault`]; a status of any kind is an answer.
    pub async fn send(&self, call: &Call, request: RequestBuilder) -> Result<Answer, Fault> {
        self.open(call, request).await?.whole().await
    }
}

/// `base` with path segments appended; a base with a path of its own (a proxy) keeps it.
pub fn join(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // An address that can't have a path is refused long before; it stays as it is here.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::testing::{Server, answer, cut, http};
    use super::*;

    const CALL: Call = Call {
        vendor: "test",
        name: "call",
        limit: 64,
        idle: Duration::from_secs(10),
        total: Duration::from_secs(10),
    };

    async fn get(call: &Call, url: &Url) -> Result<Answer, Fault> {
        let http = http();
        http.send(call, http.request(Method::GET, url.clone()))
            .await
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_never_followed() {
        let server = Server::start(|_| {
            let mut answer = answer(302, "");
            answer
                .headers_mut()
                .insert("location", "/elsewhere".parse().unwrap());
            answer
        })
        .await;
        assert_eq!(get(&CALL, &server.url).await.ok().unwrap().status, 302);
        assert_eq!(server.requests().len(), 1);
        let agent = &server.requests()[0].headers["user-agent"];
        assert!(agent.to_str().unwrap().starts_with("mixtap/"));
    }

    #[tokio::test]
    async fn faults_are_told_apart_and_hold_no_address() {
        let server = Server::start(|request| match request.path.as_str() {
            "/large" => answer(200, &"x".repeat(65)),
            "/cut" => cut("half of"),
            _ => answer(200, &"x".repeat(64)),
        })
        .await;
        let at = |path: &str| server.url.join(path).unwrap();
        assert_eq!(get(&CALL, &at("/fits")).await.ok().unwrap().body.len(), 64);
        assert_eq!(
            get(&CALL, &at("/large")).await.err(),
            Some(Fault::TooLarge(64))
        );
        assert_eq!(get(&CALL, &at("/cut")).await.err(), Some(Fault::Cut));

        // Accepts and never answers; then drops the connection.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url: Url = format!("http://{}/?signature=canary", silent.local_addr().unwrap())
            .parse()
            .unwrap();
        let quick = Call {
            idle: Duration::from_millis(50),
            ..CALL
        };
        assert_eq!(get(&quick, &url).await.err(), Some(Fault::Timeout));
        drop(silent);
        let fault = get(&CALL, &url).await.err().unwrap();
        assert!(
            matches!(&fault, Fault::Connect(why) if why.contains("refused")),
            "{fault}"
        );
        assert!(!format!("{fault:?}").contains("canary"));
    }

    #[test]
    fn a_base_keeps_its_path() {
        let at = |base: &str| join(&base.parse().unwrap(), &["api", "x"]).to_string();
        assert_eq!(
            at("https://api.example.com"),
            "https://api.example.com/api/x"
        );
        assert_eq!(
            at("https://example.com/proxy/"),
            "https://example.com/proxy/api/x"
        );
    }
}
