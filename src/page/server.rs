//! The port of the page: plain HTTP, a bounded number of connections, a deadline for each answer.

use std::{io, net::IpAddr, time::Duration};

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header, uri::Authority};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::serve::Listener as _;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::api::{self, Refusal};
use super::view::Page;
use super::{events, routes};
use crate::telemetry::connections::{BoundedListener, Connection};

/// Of hundreds of browsers, and of the plug-in; further ones wait.
const CONNECTIONS: usize = 512;
/// Without a byte either way. A page that is open hears something more often.
const IDLE: Duration = Duration::from_secs(60);
/// What a request's head has.
const HEAD: Duration = Duration::from_secs(10);
/// Of a request's head, and of what a slow reader hasn't taken yet.
const BUFFER: usize = 16 * 1024;
/// Of one answer's beginning.
const DEADLINE: Duration = Duration::from_secs(45);
/// What answers under way have left at shutdown.
const DRAIN: Duration = Duration::from_secs(2);

/// On every answer: nothing is kept, guessed at, framed or loaded from elsewhere, and no script or
/// style runs that isn't a file of the page's own.
const HEADERS: [(header::HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store, no-transform"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        header::HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
];

/// The `Host` of `kubectl mixtap`, which comes by a stream of its own.
pub const HOST: &str = "mixtap";

/// Serves until `shutdown`, and then answers under way for at most two seconds.
///
/// On a loopback address it answers to that alone, by any of its names: a browser's page of another
/// site may call this port by a name that it made lead here.
///
/// # Errors
/// The listener can't be used.
pub async fn serve(
    listener: TcpListener,
    page: Page,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let loopback = listener.local_addr()?.ip().is_loopback();
    let router = router(page.clone(), loopback, shutdown.clone());
    let mut listener = BoundedListener::new(listener, CONNECTIONS, IDLE);
    let connections = TaskTracker::new();
    let accept = async {
        loop {
            let (connection, _) = listener.accept().await;
            connections.spawn(answer(connection, router.clone(), shutdown.clone()));
        }
    };
    tokio::select! {
        () = accept => {}
        () = page.tell() => {}
        () = shutdown.cancelled() => {}
    }
    connections.close();
    // Each ends within its time.
    connections.wait().await;
    Ok(())
}

/// One connection, to its end.
async fn answer(connection: Connection, router: Router, shutdown: CancellationToken) {
    let service = TowerToHyperService::new(router);
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER);
    let connection = server.serve_connection(TokioIo::new(connection), service);
    let mut connection = std::pin::pin!(connection);
    // That a peer goes away, or was cut, is nobody's fault.
    tokio::select! {
        _ = &mut connection => return,
        () = shutdown.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! { _ = connection => {}, () = sleep(DRAIN) => {} }
}

fn router(page: Page, loopback: bool, shutdown: CancellationToken) -> Router {
    let here = move |request: Request, next: Next| async move {
        if loopback && !names_loopback(&request) {
            let error = "this page answers to localhost and loopback addresses only";
            return refuse(StatusCode::MISDIRECTED_REQUEST, error);
        }
        if is_used_by_another_site(&request) {
            let error = "this page is no part of another site's";
            return refuse(StatusCode::FORBIDDEN, error);
        }
        next.run(request).await
    };
    Router::new()
        .merge(routes::routes())
        .merge(events::routes())
        .nest("/api/v1", api::routes())
        .fallback(routes::nothing)
        .method_not_allowed_fallback(async || {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "this page is read-only")
        })
        .layer(Extension(shutdown))
        .layer(from_fn(in_time))
        .layer(from_fn(here))
        .layer(map_response(strict))
        .with_state(page)
}

fn refuse(status: StatusCode, error: &str) -> Response {
    Refusal(status, error.to_owned()).into_response()
}

/// Whether the request is for this machine, by its own word.
fn names_loopback(request: &Request) -> bool {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    host.is_some_and(|authority| {
        let host = authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let address = address.parse::<IpAddr>();
        [HOST, "localhost"].contains(&host) || address.is_ok_and(|ip| ip.is_loopback())
    })
}

/// A browser says so: a link from elsewhere is followed, and nothing else.
fn is_used_by_another_site(request: &Request) -> bool {
    let says = |name: &str, value: &str| {
        let found = request.headers().get(name);
        found.is_some_and(|found| found.as_bytes() == value.as_bytes())
    };
    let elsewhere = says("sec-fetch-site", "cross-site") || says("sec-fetch-site", "same-site");
    elsewhere && !says("sec-fetch-mode", "navigate")
}

async fn in_time(request: Request, next: Next) -> Response {
    let late = |_| refuse(StatusCode::GATEWAY_TIMEOUT, "no answer came in time");
    timeout(DEADLINE, next.run(request))
        .await
        .unwrap_or_else(late)
}

async fn strict(mut response: Response) -> Response {
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}

#[cfg(test)]
mod tests;
