//! When a failed call is tried again: exponential back-off with full jitter, bounded in time and
//! in number, and the server's own word where it gives one.

use std::time::{Duration, Instant};

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Attempts of one call, the first included, whatever the jitter.
const ATTEMPTS: u32 = 8;
/// How often the gate is asked during a pause.
const SLICE: Duration = Duration::from_secs(1);
/// No server is believed beyond this.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The caller's work has to stop: nothing may be sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped before the next call")]
pub struct Stopped;

/// Asked before every attempt of a call, and about each second of a pause: may this still go on?
/// The caller keeps the reason why not.
pub type Gate<'a> = dyn Fn() -> Result<(), Stopped> + Send + Sync + 'a;

/// How long a call is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The ceiling of the first pause; it doubles each time.
    pub first: Duration,
    /// The highest ceiling of a pause.
    pub max: Duration,
    /// No new attempt this long after the first failure.
    pub total: Duration,
}

impl Retry {
    /// Attempts with this ceiling of the first pause, none of them so long after the first failure.
    pub fn within(first: Duration, total: Duration) -> Self {
        Self {
            first,
            total,
            ..Self::default()
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            max: Duration::from_secs(60),
            total: Duration::from_secs(60),
        }
    }
}

impl Retry {
    /// Full jitter: `share` (0 to 1) of the ceiling after `failures` failures (1 and up).
    fn pause(&self, failures: u32, share: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let ceiling = self.first.saturating_mul(doubled).min(self.max);
        ceiling.mul_f64(share.clamp(0.0, 1.0))
    }
}

/// The retries of one call. Its clock starts at the first failure: a first attempt that took
/// minutes is still worth a second one.
pub struct Backoff {
    retry: Retry,
    failures: u32,
    since: Option<Instant>,
}

impl Backoff {
    pub fn new(retry: Retry) -> Self {
        Self {
            retry,
            failures: 0,
            since: None,
        }
    }

    /// Waits before the next attempt; false, at once, when there shall be none: too many
    /// attempts, the time is up, or the server wants a longer wait than that.
    ///
    /// # Errors
    /// [`Stopped`] as soon as the gate says so.
    pub async fn pause(
        &mut self,
        server: Option<Duration>,
        gate: &Gate<'_>,
    ) -> Result<bool, Stopped> {
        self.failures += 1;
        let since = *self.since.get_or_insert_with(Instant::now);
        let jitter = self.retry.pause(self.failures, fastrand::f64());
        // On top of the server's word a little jitter, so that the herd doesn't return as one.
        let wait = server.map_or(jitter, |server| server + jitter.min(self.retry.first));
        if self.failures >= ATTEMPTS || since.elapsed() + wait > self.retry.total {
            return Ok(false);
        }
        let until = Instant::now() + wait;
        loop {
            gate()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(true);
            }
            tokio::time::sleep(left.min(SLICE)).await;
        }
    }
}

/// `Retry-After` in seconds or as an HTTP date, at most a day; a date gone by is no wait.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
            Duration::try_from(until.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use proptest::prelude::*;

    use super::super::testing::QUICK;
    use super::*;

    fn parsed(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().ok()?);
        retry_after(&headers, "2026-11-23T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(parsed("120"), seconds(120));
        assert_eq!(parsed("Mon, 23 Nov 2026 10:00:30 GMT"), seconds(30));
        assert_eq!(parsed("Mon, 23 Nov 2026 09:00:00 GMT"), seconds(0));
        assert_eq!(parsed("99999999999"), seconds(86_400));
        for nothing in ["", "soon", "-5", "1.5"] {
            assert_eq!(parsed(nothing), None, "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn a_pause_never_exceeds_its_ceiling(failures in 0_u32..1000, share in 0.0_f64..=1.0) {
            let retry = Retry::default();
            prop_assert!(retry.pause(failures, share) <= retry.max);
            prop_assert!(retry.pause(1, share) <= retry.first);
        }

        #[test]
        fn no_header_panics(value in "\\PC*") {
            parsed(&value);
        }
    }

    #[tokio::test]
    async fn attempts_are_bounded() {
        let mut backoff = Backoff::new(QUICK);
        let mut attempts = 1;
        while backoff.pause(None, &|| Ok(())).await.unwrap() {
            attempts += 1;
        }
        assert_eq!(attempts, ATTEMPTS);
    }

    #[tokio::test]
    async fn a_wait_beyond_the_budget_ends_the_call_at_once() {
        let long = Some(Duration::from_secs(3600));
        assert_eq!(
            Backoff::new(Retry::default()).pause(long, &|| Ok(())).await,
            Ok(false)
        );
    }

    #[tokio::test]
    async fn a_pause_asks_the_gate_again() {
        let asked = AtomicU32::new(0);
        let gate = || match asked.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(()),
            _ => Err(Stopped),
        };
        let wait = Some(Duration::from_secs(50));
        assert_eq!(
            Backoff::new(Retry::default()).pause(wait, &gate).await,
            Err(Stopped)
        );
    }
}
