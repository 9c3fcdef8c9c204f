//! What reads Mixpanel's bytes, for fuzz targets: nothing may panic.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};

use super::page::Page;
use super::{cohorts, rate_limit};
use crate::http::Answer;

/// A page of members.
pub fn page(bytes: &[u8]) {
    let _ = Page::parse(bytes, &["$email".to_owned(), "a".to_owned()]);
}

/// The list of cohorts, and the App API's word on one.
pub fn cohorts(bytes: &[u8]) {
    let _ = serde_json::from_slice::<Vec<cohorts::Cohort>>(bytes);
    for status in [StatusCode::OK, StatusCode::NOT_FOUND] {
        let answer = Answer {
            status,
            headers: HeaderMap::new(),
            body: bytes.to_vec().into(),
        };
        cohorts::existence(1, &answer);
    }
    super::client::error_text(bytes);
}

/// The first line is `RateLimit-Policy`, the second `RateLimit`, and the rest the error's text.
pub fn rate_limit(text: &str) {
    let mut lines = text.splitn(3, '\n');
    let mut headers = HeaderMap::new();
    for name in ["ratelimit-policy", "ratelimit"] {
        if let Some(Ok(value)) = lines.next().map(HeaderValue::from_str) {
            headers.insert(name, value);
        }
    }
    rate_limit::tripped(&headers, lines.next().unwrap_or_default());
    rate_limit::hourly_limit(&headers);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC*") {
            super::page(&bytes);
            super::cohorts(&bytes);
            super::rate_limit(&text);
        }
    }
}
