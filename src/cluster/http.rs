//! One request over a stream that leads to the leader's page: a port-forward's, or TCP.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper::header;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::Error;
use crate::page::HOST;

/// Of a whole answer: the page's own deadline, and the way.
const DEADLINE: Duration = Duration::from_secs(60);
/// Bytes of an answer.
const LIMIT: usize = 1 << 20;

/// The JSON that the page answers to `GET path`, or what it says in its place.
pub async fn get<T: DeserializeOwned>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    path: &str,
) -> Result<T, Error> {
    let answer = timeout(DEADLINE, exchange(stream, path)).await;
    let answer = answer.map_err(|_| broken("it didn't answer in time"))?;
    let (status, body) = answer.map_err(|error| broken(&error.to_string()))?;
    if status == 200 {
        return serde_json::from_slice(&body).map_err(|_| {
            broken("its answer can't be understood: is it mixtap's page, and no older?")
        });
    }
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    Err(match serde_json::from_slice(&body) {
        Ok(Refusal { error }) => Error::new(format!("the leader's page says: {error}")),
        Err(_) => broken(&format!("it answered {status}")),
    })
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    path: &str,
) -> Result<(u16, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path).header(header::HOST, HOST);
    let answer = sender
        .send_request(request.body(Empty::<Bytes>::new())?)
        .await?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), LIMIT).collect().await?;
    connection.abort();
    Ok((status, body.to_bytes()))
}

fn broken(why: &str) -> Error {
    Error::new(format!("the leader's page can't be read: {why}"))
}
