//! A project's window as it is kept between processes.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::hour::Hour;
use super::ledger::{Record, WINDOW};

const FORMAT: u32 = 1;
/// Older ones say nothing that matters.
const OLD: u64 = 7 * 24 * 3600;

/// All times are Unix seconds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Window {
    format: u32,
    host: String,
    project: i64,
    saved: u64,
    /// When counted queries ended, and how many in that second.
    ended: Vec<(u64, u32)>,
    /// Queries under way.
    running: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed_until: Option<u64>,
    /// Queries an hour that the server permits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused_page_size: Option<u32>,
}

/// What a kept window says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Host and port, and Mixpanel's project id.
    pub key: (String, i64),
    /// Its hour is over: no query of it counts.
    pub over: bool,
    pub record: Record,
    pub refused_page_size: Option<u32>,
}

/// The JSON of a project's hour, as of `now`, which is this Unix time.
pub(super) fn encode(key: &(String, i64), hour: &mut Hour, now: Instant, unix: u64) -> Bytes {
    let record = hour.ledger.record(now);
    let mut ended: Vec<(u64, u32)> = Vec::new();
    for age in &record.ended {
        // Whole seconds: it may be named up to one too early.
        let second = unix.saturating_sub(age.as_secs());
        match ended.last_mut() {
            Some((last, queries)) if *last == second => *queries += 1,
            _ => ended.push((second, 1)),
        }
    }
    let window = Window {
        format: FORMAT,
        host: key.0.clone(),
        project: key.1,
        saved: unix,
        ended,
        running: record.running,
        closed_until: record.closed.map(|wait| unix + wait.as_secs() + 1),
        limit: record.learned,
        refused_page_size: hour.refused_page_size,
    };
    serde_json::to_vec(&window)
        .expect("numbers and strings serialize")
        .into()
}

/// Reads what [`encode`] wrote, at this Unix time. `None` where it is damaged, of another format or
/// old. A clock that was wrong then, or is now, never makes room: what lies ahead is of this moment.
pub(super) fn decode(json: &[u8], unix: u64) -> Option<Kept> {
    let window: Window = serde_json::from_slice(json).ok()?;
    if window.format != FORMAT || window.saved.saturating_add(OLD) < unix {
        return None;
    }
    let age = |second: u64| Duration::from_secs(unix.saturating_sub(second));
    let ended = window.ended.iter();
    let ended = ended.flat_map(|(second, queries)| {
        // An hour holds no more: a damaged count takes no memory.
        std::iter::repeat_n(age(*second), (*queries).min(10_000) as usize)
    });
    let closed = window.closed_until.map(|until| until.saturating_sub(unix));
    Some(Kept {
        key: (window.host, window.project),
        over: window.saved.saturating_add(WINDOW.as_secs()) < unix,
        record: Record {
            ended: ended.take(100_000).collect(),
            running: window.running.min(1000),
            learned: window.limit,
            closed: closed.filter(|wait| *wait > 0).map(Duration::from_secs),
        },
        refused_page_size: window.refused_page_size,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_767_225_600;

    fn key() -> (String, i64) {
        ("mixpanel.example.com".to_owned(), 7)
    }

    #[test]
    fn a_window_comes_back_as_it_was() {
        let (mut hour, start) = (Hour::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        for second in [0, 0, 5] {
            hour.ledger.book_anyway();
            hour.ledger.settle(true, at(second));
        }
        hour.ledger.book_anyway();
        hour.learn(60);
        hour.ledger.close(Some(Duration::from_secs(100)), at(5));
        hour.refused_page_size = Some(50_000);
        let json = encode(&key(), &mut hour, at(10), NOW);
        let kept = decode(&json, NOW + 20).unwrap();
        assert_eq!((kept.key, kept.refused_page_size), (key(), Some(50_000)));
        let ages = [30, 30, 25].map(Duration::from_secs).to_vec();
        assert_eq!((kept.record.ended, kept.record.running), (ages, 1));
        assert_eq!(kept.record.learned, Some(60));
        assert_eq!(kept.record.closed, Some(Duration::from_secs(76)));
        // A clock that went back: nothing lies ahead.
        let back = decode(&json, NOW - 5000).unwrap().record;
        assert!(back.ended.iter().all(Duration::is_zero));
        assert_eq!(decode(&json, NOW + OLD + 1), None);
        assert_eq!(decode(br#"{"format":2}"#, NOW), None);
    }

    #[test]
    fn the_largest_hour_fits_its_object() {
        let (mut hour, start) = (Hour::default(), Instant::now());
        for n in 0..10_000_u64 {
            hour.ledger.book_anyway();
            hour.ledger
                .settle(true, start + Duration::from_millis(n * 359));
        }
        let json = encode(&key(), &mut hour, start + Duration::from_secs(3599), NOW);
        assert!(json.len() < 64 << 10, "{}", json.len());
        assert_eq!(decode(&json, NOW).unwrap().record.ended.len(), 10_000);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(json in prop::collection::vec(any::<u8>(), 0..200), unix: u64) {
            decode(&json, unix);
        }

        #[test]
        fn no_number_panics(a: u64, b: u32, c: u64, unix: u64) {
            let json = serde_json::json!({"format": 1, "host": "a", "project": 1, "saved": a,
                "ended": [[c, b], [a, b]], "running": b, "closedUntil": c});
            if let Some(kept) = decode(json.to_string().as_bytes(), unix) {
                let mut hour = Hour::default();
                hour.ledger.restore(kept.record, Instant::now());
                hour.spare(0, Instant::now());
            }
        }
    }
}
