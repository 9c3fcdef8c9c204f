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

use super::{CleverTapState, lists::Upload};
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
    Path((account, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let token = file.strip_suffix(".csv").unwrap_or_default().to_owned();
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
    let seen = Seen::new(Call::ListPut, account.clone(), &body);
    let state = bucket.state.clone();
    let work = move |_| {
        let found = state.with(&account, |account| {
            let mut uploads = account.uploads.iter_mut();
            let found =
                uploads.find(|upload| upload.token == token && upload.signature == signature);
            found.map(|upload| keep(upload, body))
        });
        found.ok().flatten().unwrap_or_else(unsigned)
    };
    bucket.gate.pass(seen, line, admit, work).await
}

fn keep(upload: &mut Upload, body: Bytes) -> Answer {
    if upload.expired() {
        return error(403, "AccessDenied", "Request has expired");
    }
    upload.file = Some(body);
    Answer {
        status: 200,
        headers: vec![],
        body: Bytes::new(),
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
