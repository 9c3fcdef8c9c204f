//! What reads CleverTap's bytes, for fuzz targets: nothing may panic.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::{Map, Value};

use super::custom_list::storage_code;
use super::presigned::presigned;
use super::profiles::Profile;
use super::reply::Reply;
use super::{upload, verdict};
use crate::http::{Answer, Said};

fn answer(status: u16, bytes: &[u8]) -> Answer {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        headers.insert(RETRY_AFTER, value);
    }
    Answer {
        status: StatusCode::from_u16(status).unwrap_or_default(),
        headers,
        body: bytes.to_vec().into(),
    }
}

/// The answer to a batch of three profiles: each has one fate.
pub fn reply(bytes: &[u8]) {
    let profiles = ["1", "user-2", "a\"b"].map(|identity| Profile {
        identity: identity.to_owned(),
        data: Map::new(),
    });
    let batch: Vec<_> = upload::batches(&profiles).flatten().collect();
    if let Ok(reply) = serde_json::from_slice::<Reply>(bytes) {
        reply.has_details();
        if let Some(sorted) = reply.sort(&batch) {
            assert_eq!(sorted.fates.len(), batch.len());
        }
    }
}

/// The first byte chooses the status of an answer with the rest.
pub fn verdict(bytes: &[u8]) {
    let (first, body) = bytes.split_first().unwrap_or((&0, &[]));
    let said = |text: &str| Said::new(text, &[]);
    let answer = answer(200 + 2 * u16::from(*first), body);
    let _ = verdict::refusal(&answer, &said);
    let _ = verdict::body::<Value>(&answer, &said, |_| true);
}

/// S3's refusal of a list: what is shown of it is a short name.
pub fn storage_error(bytes: &[u8]) {
    if let Some(code) = storage_code(&answer(403, bytes)) {
        assert!(code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}

/// The address of a list's upload: used only over https, unless the vendor is on loopback.
pub fn list_url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let base = "https://api.clevertap.com".parse().expect("a URL");
    if let Some(url) = presigned(&text, &base) {
        assert_eq!(url.scheme(), "https");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            super::reply(&bytes);
            super::verdict(&bytes);
            super::storage_error(&bytes);
            super::list_url(&bytes);
        }
    }
}
