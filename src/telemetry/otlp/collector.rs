//! The way to the collector: one deadline, no redirects, and a word when it begins or ceases to
//! refuse.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{Request, Response};
use bytes::{Bytes, BytesMut};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

/// Bytes of an answer. A collector says little.
const LIMIT: usize = 64 << 10;

/// Why a batch wasn't taken. It never holds an address or a header, which may be credentials.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the collector doesn't answer in time")]
    Timeout,
    #[error("there's no connection to the collector")]
    Connect,
    #[error("the connection to the collector broke")]
    Broken,
    #[error("the collector answers {0}")]
    Status(u16),
    #[error("the collector's answer is larger than {LIMIT} bytes")]
    TooLarge,
    #[error("the process ends")]
    Ending,
}

impl From<reqwest::Error> for Refusal {
    fn from(error: reqwest::Error) -> Self {
        match error {
            error if error.is_timeout() => Self::Timeout,
            error if error.is_connect() => Self::Connect,
            _ => Self::Broken,
        }
    }
}

/// Sends on the process's runtime, for the thread that asks has none.
pub(super) struct Collector {
    client: reqwest::Client,
    runtime: Handle,
    failing: AtomicBool,
}

impl Collector {
    /// A batch may take so long.
    pub(super) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            // The variables may hold credentials, which a redirect would carry along.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(timeout)
            .build()?;
        Ok(Self {
            client,
            runtime: Handle::current(),
            failing: AtomicBool::new(false),
        })
    }

    fn tell(&self, refused: Option<&Refusal>) {
        let failed = self.failing.swap(refused.is_some(), Ordering::Relaxed);
        match refused {
            Some(why) if !failed => tracing::warn!("traces can't be exported: {why}"),
            None if failed => tracing::info!("traces are exported again"),
            _ => {}
        }
    }
}

#[async_trait::async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let sending = self.runtime.spawn(send(self.client.clone(), request));
        match sending.await.unwrap_or(Err(Refusal::Ending)) {
            Ok(answer) => {
                let status = answer.status();
                let refused = Refusal::Status(status.as_u16());
                self.tell((!status.is_success()).then_some(&refused));
                // The exporter knows which statuses are worth another attempt, in time.
                Ok(answer)
            }
            Err(refused) => {
                self.tell(Some(&refused));
                Err(refused.into())
            }
        }
    }
}

async fn send(
    client: reqwest::Client,
    request: reqwest::Request,
) -> Result<Response<Bytes>, Refusal> {
    let mut answer = client.execute(request).await?;
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > LIMIT {
            return Err(Refusal::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let mut whole = Response::new(body.freeze());
    *whole.status_mut() = answer.status();
    *whole.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(whole)
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}
