//! `/healthz`, `/readyz` and `/metrics`, over plain HTTP for kubelet and Prometheus.

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::{net::TcpListener, sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{connections::BoundedListener, metrics::Metrics};

/// Probes and scrapes need a handful; the rest wait.
const CONNECTIONS: usize = 64;
/// Longer than the usual scrape interval, so that Prometheus keeps its connection.
const IDLE: Duration = Duration::from_secs(90);
/// What answers under way have left at shutdown.
const DRAIN: Duration = Duration::from_secs(2);
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How far the start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No word from the API server yet.
    WaitingForApiServer,
    /// The CRDs aren't installed.
    WaitingForCrds,
    /// The state store doesn't answer.
    WaitingForState,
    /// No run could make its files.
    WaitingForScratch,
    /// Another controller leads; this one could take over at any time.
    Standby,
    /// At work.
    Ready,
    /// Shutting down.
    Stopping,
}

impl Phase {
    const fn answer(self) -> (StatusCode, &'static str) {
        const WAIT: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
        match self {
            Self::WaitingForApiServer => (WAIT, "waiting for the API server\n"),
            Self::WaitingForCrds => (
                WAIT,
                "waiting for CRDs: install them with `mixtap crds | kubectl apply -f -`\n",
            ),
            Self::WaitingForState => (WAIT, "waiting for the state store\n"),
            Self::WaitingForScratch => (WAIT, "waiting for the scratch directory\n"),
            Self::Standby => (StatusCode::OK, "standby: waits for the Lease\n"),
            Self::Ready => (StatusCode::OK, "ready\n"),
            Self::Stopping => (WAIT, "stopping\n"),
        }
    }
}

/// What `/readyz` says. Clones share it.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<Phase>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::WaitingForApiServer)))
    }
}

impl Readiness {
    /// Moves on to `phase`, and logs it if it is another one.
    pub fn set(&self, phase: Phase) {
        let changed = self.0.send_if_modified(|current| {
            let changed = *current != phase;
            *current = phase;
            changed
        });
        if changed {
            tracing::info!("{}", phase.answer().1.trim_end());
        }
    }

    /// The phase that stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }
}

#[derive(Clone)]
struct Told {
    readiness: Readiness,
    metrics: Arc<Metrics>,
}

/// Serves until `shutdown`, and then answers under way for at most two seconds.
///
/// # Errors
/// The listener can't be used.
pub async fn serve(
    listener: TcpListener,
    readiness: Readiness,
    metrics: Arc<Metrics>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(Told { readiness, metrics });
    let listener = BoundedListener::new(listener, CONNECTIONS, IDLE);
    let server =
        axum::serve(listener, routes).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tokio::select! {
        ended = server => ended,
        () = async { shutdown.cancelled().await; sleep(DRAIN).await } => Ok(()),
    }
}

async fn readyz(State(told): State<Told>) -> impl IntoResponse {
    told.readiness.phase().answer()
}

async fn scrape(State(told): State<Told>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPENMETRICS)], told.metrics.encode())
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinHandle};

    use super::*;

    struct Server {
        base: String,
        readiness: Readiness,
        shutdown: CancellationToken,
        task: JoinHandle<io::Result<()>>,
    }

    async fn server() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (readiness, shutdown) = (Readiness::default(), CancellationToken::new());
        let metrics = Arc::new(Metrics::new(|_| {}));
        let serve = serve(listener, readiness.clone(), metrics, shutdown.clone());
        Server {
            base,
            readiness,
            shutdown,
            task: tokio::spawn(serve),
        }
    }

    impl Server {
        async fn get(&self, path: &str) -> (u16, String, String) {
            // The provider is a process-wide default that `main` installs; tests need one too.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let client = reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client");
            let answer = client
                .get(format!("{}{path}", self.base))
                .send()
                .await
                .expect("an answer");
            let kind = answer
                .headers()
                .get("content-type")
                .map(|v| v.to_str().expect("ASCII").to_owned());
            (
                answer.status().as_u16(),
                kind.unwrap_or_default(),
                answer.text().await.expect("a body"),
            )
        }
    }

    #[tokio::test]
    async fn readyz_says_what_it_waits_for() {
        let server = server().await;
        for (phase, code, text) in [
            (
                Phase::WaitingForApiServer,
                503,
                "waiting for the API server",
            ),
            (Phase::WaitingForCrds, 503, "waiting for CRDs"),
            (Phase::WaitingForState, 503, "waiting for the state store"),
            (
                Phase::WaitingForScratch,
                503,
                "waiting for the scratch directory",
            ),
            (Phase::Standby, 200, "standby: waits for the Lease"),
            (Phase::Ready, 200, "ready"),
            (Phase::Stopping, 503, "stopping"),
        ] {
            server.readiness.set(phase);
            let (status, _, body) = server.get("/readyz").await;
            assert_eq!(status, code, "{phase:?}");
            assert!(body.starts_with(text), "{body}");
            assert_eq!(server.get("/healthz").await.0, 200);
        }
    }

    #[tokio::test]
    async fn metrics_are_openmetrics() {
        let (status, kind, body) = server().await.get("/metrics").await;
        assert_eq!((status, kind.as_str()), (200, OPENMETRICS));
        assert!(body.contains("mixtap_build_info") && body.ends_with("# EOF\n"));
    }

    #[tokio::test]
    async fn nothing_else_is_served() {
        let server = server().await;
        assert_eq!(server.get("/").await.0, 404);
        let post = format!("{}/metrics", server.base);
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        assert_eq!(
            client.post(post).send().await.expect("an answer").status(),
            405
        );
    }

    #[tokio::test]
    async fn a_peer_that_never_finishes_doesnt_hold_the_shutdown() {
        let server = server().await;
        let address = server.base.trim_start_matches("http://").to_owned();
        let mut peer = TcpStream::connect(address).await.expect("connect");
        peer.write_all(b"GET /healthz HT").await.expect("write");
        // Connections are accepted in order: once this one is answered, the other is held.
        assert_eq!(server.get("/healthz").await.0, 200);
        server.shutdown.cancel();
        assert!(server.task.await.expect("no panic").is_ok());
    }
}
