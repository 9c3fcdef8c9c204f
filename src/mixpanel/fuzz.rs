//! What reads Mixpanel's bytes, for fuzz targets: nothing may panic, and however a page's bytes
//! arrive, it has the same rows.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};

use super::batch::Batch;
use super::page::{Facts, NoPage, PageReader};
use super::{cohorts, rate_limit};
use crate::http::Answer;

/// A row: its number, its id and the JSON of its wanted properties.
pub(super) type Plain = (u64, String, Vec<Option<String>>);

/// Reads a page that arrives in these parts; its first row has the number 100.
pub(super) fn read<'a>(
    parts: impl IntoIterator<Item = &'a [u8]>,
    wanted: &[String],
) -> Result<(Facts, Vec<Plain>), NoPage> {
    let mut page = PageReader::new(100, wanted);
    let mut rows = Vec::new();
    let mut take = |batch: Batch| {
        rows.extend(batch.members().map(|row| {
            let raws = (0..wanted.len()).map(|index| row.raw(index).map(str::to_owned));
            (row.number, row.distinct_id.to_owned(), raws.collect())
        }));
    };
    for mut part in parts {
        while let Some(batch) = page.next(&mut part)? {
            take(batch);
        }
    }
    let (facts, last) = page.end()?;
    take(last);
    Ok((facts, rows))
}

/// The first eight bytes say into which parts the rest, the page, is cut.
pub fn page(bytes: &[u8]) {
    let wanted = ["$email".to_owned(), "a".to_owned()];
    let (sizes, body) = bytes.split_at(bytes.len().min(8));
    let mut sizes = sizes.iter().cycle();
    let mut rest = body;
    let parts = std::iter::from_fn(|| {
        let size = sizes.next().map_or(1, |size| 1 + usize::from(*size));
        let (part, tail) = rest.split_at(size.min(rest.len()));
        rest = tail;
        (!part.is_empty()).then_some(part)
    });
    assert!(read(parts, &wanted) == read([body], &wanted));
}

/// The list of cohorts, and the App API's word on one.
pub fn cohorts(bytes: &[u8]) {
    let _ = cohorts::parse(bytes);
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
