//! What fuzz targets feed with any bytes: none of it may panic.

use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde_json::Value;

use super::reply::Reply;
use super::{presigned, storage, verdict};
use crate::http::{Answer, Said};

/// The answer to an upload of as many records as the bytes have lines.
pub fn reply(bytes: &[u8]) {
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    if let Ok(reply) = serde_json::from_slice::<Reply>(bytes) {
        for size in [0, 1, 2, lines.len()] {
            let identity = |n: usize| String::from_utf8_lossy(lines.get(n).unwrap_or(&&b""[..]));
            let fates = reply.sort(size, identity);
            assert!(fates.is_none_or(|fates| fates.len() == size));
        }
    }
}

/// Any answer to a call, its status in the first two bytes.
pub fn verdict(bytes: &[u8]) {
    let (status, body) = bytes.split_at(bytes.len().min(2));
    let status = status
        .iter()
        .fold(0, |status, byte| status << 8 | u16::from(*byte));
    let answer = Answer {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body),
    };
    let say = |text: &str| Said::new(text, &[]);
    let _ = verdict::text(&answer);
    let _ = verdict::refusal(&answer, &say);
    let _ = verdict::body::<Value>(&answer, &say, |_| false);
    let _ = verdict::body::<Reply>(&answer, &say, Reply::has_details);
}

/// What the upload's storage answers.
pub fn storage_error(bytes: &[u8]) {
    let code = storage::code(bytes);
    assert!(code.is_none_or(|code| code.len() <= 64));
}

/// The address of step 1.
pub fn list_url(bytes: &[u8]) {
    for base in ["https://api.clevertap.com", "http://127.0.0.1:8080"] {
        let base = base.parse().expect("a URL");
        let _ = presigned::presigned(&String::from_utf8_lossy(bytes), &base);
    }
}
