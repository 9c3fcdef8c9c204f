//! What reads any server's header, for fuzz targets: nothing may panic.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

/// `Retry-After`: never more than a day.
pub fn retry_after(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        headers.insert(RETRY_AFTER, value);
    }
    for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
        let wait = super::retry_after(&headers, now).unwrap_or_default();
        assert!(wait <= Duration::from_secs(24 * 3600));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            super::retry_after(&bytes);
        }
    }
}
