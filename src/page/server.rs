//! The port of the page: plain HTTP, a bounded number of connections, a deadline for each answer.

use std::{io, net::IpAddr, time::Duration};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header, uri::Authority};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::api::{self, Refusal};
use super::view::Page;
use crate::telemetry::connections::BoundedListener;

/// People's, and the plug-in's; the rest wait.
const CONNECTIONS: usize = 32;
const IDLE: Duration = Duration::from_secs(60);
/// Of one answer.
const DEADLINE: Duration = Duration::from_secs(45);
/// What answers under way have left at shutdown.
const DRAIN: Duration = Duration::from_secs(2);

/// On every answer: nothing is kept, guessed at, framed or loaded from elsewhere.
const HEADERS: [(header::HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
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
    let here = move |request: Request, next: Next| async move {
        match loopback && !names_loopback(&request) {
            true => refuse(
                StatusCode::MISDIRECTED_REQUEST,
                "this page answers to localhost and loopback addresses only",
            ),
            false => next.run(request).await,
        }
    };
    let routes = Router::new()
        .nest("/api/v1", api::routes())
        .fallback(async || refuse(StatusCode::NOT_FOUND, "nothing is here"))
        .method_not_allowed_fallback(async || {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "this page is read-only")
        })
        .layer(from_fn(in_time))
        .layer(from_fn(here))
        .layer(map_response(strict))
        .with_state(page);
    let listener = BoundedListener::new(listener, CONNECTIONS, IDLE);
    let server =
        axum::serve(listener, routes).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tokio::select! {
        ended = server => ended,
        () = async { shutdown.cancelled().await; sleep(DRAIN).await } => Ok(()),
    }
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

async fn in_time(request: Request, next: Next) -> Response {
    let late = |_| {
        refuse(
            StatusCode::GATEWAY_TIMEOUT,
            "the state store takes too long",
        )
    };
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
