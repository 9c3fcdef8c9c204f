//! An answer in one piece, and the ways in which it can be delivered badly.

use std::{io, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use serde::Serialize;

use super::{faults::Live, wire::Line};

/// Status, headers and the whole body.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// How the body goes out.
pub(super) enum Delivery {
    Whole,
    /// Only the first bytes, then a reset.
    Cut(usize),
    /// The first bytes, the rest once the fault is released.
    Stall(usize, Arc<Live>),
    /// Pieces of so many bytes with a pause after each.
    Dribble(usize, Duration),
}

impl Answer {
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Answer::typed(status, "text/plain; charset=utf-8", body.into())
    }

    pub fn xml(status: u16, body: String) -> Self {
        Answer::typed(status, "application/xml", body)
    }

    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).unwrap_or_default();
        Answer::typed(status, "application/json", body)
    }

    /// A body that is JSON already.
    pub fn json_text(status: u16, body: Vec<u8>) -> Self {
        Answer::typed(status, "application/json", body)
    }

    fn typed(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Answer {
            status,
            headers,
            body: body.into(),
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Puts the answer on the wire; `line` is cut where the delivery says so.
    pub fn send(self, how: Delivery, line: Line) -> Response<Body> {
        let Answer {
            status,
            headers,
            body,
        } = self;
        let length = body.len();
        let mut response = Response::new(match how {
            Delivery::Whole => Body::from(body),
            Delivery::Cut(after) => {
                Body::from_stream(first(&body, after).chain(stream::once(async move {
                    // The first part is flushed while this waits.
                    tokio::task::yield_now().await;
                    Err(line.cut())
                })))
            }
            Delivery::Stall(after, live) => {
                let rest = body.slice(after.min(length)..);
                Body::from_stream(first(&body, after).chain(stream::once(async move {
                    let go_on = live.released().await;
                    if go_on { Ok(rest) } else { Err(line.cut()) }
                })))
            }
            Delivery::Dribble(chunk, pause) => {
                Body::from_stream(pieces(body, chunk).then(move |piece| async move {
                    tokio::time::sleep(pause).await;
                    Ok::<_, io::Error>(piece)
                }))
            }
        });
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in headers {
            // A fault's own headers may be unusable; such a header is left out.
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        // Named up front, so that a reader can tell a cut body from a whole one.
        if status != 204 {
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        response
    }
}

fn first(body: &Bytes, after: usize) -> impl stream::Stream<Item = io::Result<Bytes>> + use<> {
    let part = body.slice(..after.min(body.len()));
    stream::iter((!part.is_empty()).then_some(Ok(part)))
}

fn pieces(body: Bytes, chunk: usize) -> impl stream::Stream<Item = Bytes> {
    let chunk = chunk.max(1);
    let starts = (0..body.len()).step_by(chunk);
    stream::iter(starts.map(move |at| body.slice(at..(at + chunk).min(body.len()))))
}
