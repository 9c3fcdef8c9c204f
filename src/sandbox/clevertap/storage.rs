//! The storage behind presigned URLs: a server of its own that speaks as S3 does.

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Path, RawQuery, State},
    http::{HeaderMap, Response, header},
    routing::put,
};
use bytes::Bytes;
use url::form_urlencoded;

use super::{
    CleverTapState,
    lists::Kept,
    stored::{NotStored, Stored},
};
use crate::sandbox::{
    answer::{Answer, Delivery},
    calls::{Call, Seen},
    gate::{Gate, Leave},
    wire::Line,
};

#[derive(Clone)]
pub(in crate::sandbox) struct Bucket {
    pub state: CleverTapState,
    pub gate: Gate,
}

pub(in crate::sandbox) fn router(bucket: Bucket) -> Router {
    Router::new()
        .route("/custom-lists/{account}/{file}", put(put_file))
        .fallback(async |ConnectInfo(line): ConnectInfo<Line>| {
            error(404, "NoSuchBucket", "The bucket does not exist").send(Delivery::Whole, line)
        })
        .with_state(bucket)
}

async fn put_file(
    State(bucket): State<Bucket>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path((account, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    let file = match Stored::receive(body).await {
        Ok(file) => file,
        Err(why) => return not_stored(why).send(Delivery::Whole, line),
    };
    let token = name.strip_suffix(".csv").unwrap_or_default().to_owned();
    let query = query.unwrap_or_default();
    let signature =
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "X-Amz-Signature");
    let signature = signature
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    let admit = || {
        check(&headers)?;
        let leave: Leave = Box::new(|_| {});
        Ok(leave)
    };
    let body = match &file {
        Stored::Memory(bytes) => bytes.clone(),
        Stored::Disk(..) => Bytes::new(),
    };
    let seen = Seen {
        bytes: file.len(),
        ..Seen::new(Call::ListPut, account.clone(), &body)
    };
    let (state, latency) = (bucket.state.clone(), bucket.state.latency(&account));
    let work = move |_| {
        let kept = state.with(&account, |account| account.keep(&token, &signature, file));
        match kept.unwrap_or(Kept::Unsigned) {
            Kept::Yes => Answer {
                status: 200,
                headers: vec![],
                body: Bytes::new(),
            },
            Kept::Expired => error(403, "AccessDenied", "Request has expired"),
            Kept::Unsigned => unsigned(),
        }
    };
    bucket.gate.pass(seen, latency, line, admit, work).await
}

fn not_stored(why: NotStored) -> Answer {
    match why {
        NotStored::Cut => error(400, "IncompleteBody", "The request body ended early."),
        NotStored::TooLarge => error(400, "EntityTooLarge", "The file is too large."),
        NotStored::Disk => error(500, "InternalError", "The stand-in's disk failed."),
    }
}

/// Only the host was signed: whatever S3 takes into a signature makes another one.
fn check(headers: &HeaderMap) -> Result<(), Answer> {
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    if chunked || !headers.contains_key(header::CONTENT_LENGTH) {
        let text = "You must provide the Content-Length HTTP header.";
        return Err(error(411, "MissingContentLength", text));
    }
    let foreign = |name: &str| name.starts_with("x-clevertap-") || name.starts_with("x-amz-");
    let unsigned_header = headers.keys().any(|name| foreign(name.as_str()));
    if unsigned_header
        || headers.contains_key(header::CONTENT_TYPE)
        || headers.contains_key(header::AUTHORIZATION)
    {
        return Err(unsigned());
    }
    Ok(())
}

fn unsigned() -> Answer {
    let text = "The request signature we calculated does not match the signature you provided.";
    error(403, "SignatureDoesNotMatch", text)
}

fn error(status: u16, code: &str, text: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{text}</Message></Error>"
    );
    Answer::xml(status, body)
}
