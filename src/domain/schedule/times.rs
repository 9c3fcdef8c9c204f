//! The arithmetic of waiting: slots, back-off, and times that can't be trusted.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::domain::failure::{Kind, Reason};

const BACKOFF_FIRST: SignedDuration = SignedDuration::from_secs(10);
const BACKOFF_MAX: SignedDuration = SignedDuration::from_mins(15);
/// The longest wait that a vendor can ask for: Mixpanel's hourly window.
const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(1);

/// A duration as the rules take it; the longest where it is longer.
pub fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// The first slot at or after this time, of the phase that `key` gives: whatever divides the
/// interval has its slots there too.
pub fn slot_from(after: Timestamp, interval: SignedDuration, key: &str) -> Timestamp {
    let period = interval.as_secs().max(1);
    let digest = blake3::hash(key.as_bytes());
    let spread = u64::from_be_bytes(
        digest.as_bytes()[..8]
            .try_into()
            .expect("a digest has 32 bytes"),
    );
    let phase = (spread % period.unsigned_abs()) as i64;
    let seconds = up(after).as_second();
    let slot = seconds + (phase - seconds).rem_euclid(period);
    Timestamp::from_second(slot).unwrap_or(after)
}

/// How long to wait after this many failures in a row: 10 s, doubled, at most 15 min.
pub fn backoff(failures: i32) -> SignedDuration {
    let doublings = failures.clamp(1, 8) - 1;
    (BACKOFF_FIRST * (1 << doublings)).min(BACKOFF_MAX)
}

/// When a failed run is due again: in whole seconds, and never earlier than asked.
pub fn retry_at(
    reason: Reason,
    failures: i32,
    asked: Option<Duration>,
    slot: Timestamp,
    now: Timestamp,
) -> Timestamp {
    match reason.kind() {
        Kind::Transient => {
            let asked = asked.map_or(SignedDuration::ZERO, signed);
            let asked = asked.min(transient_max(reason));
            up(plus(now, backoff(failures).max(asked)))
        }
        Kind::Fine | Kind::Stalled => slot,
    }
}

/// How far ahead the next run can honestly be after a failure of this reason. The slot after a run
/// is up to one and a half intervals away: one that is nearer than half an interval is skipped.
pub(super) fn furthest(reason: Option<Reason>, interval: SignedDuration) -> SignedDuration {
    match reason {
        Some(reason) if reason.kind() == Kind::Transient => transient_max(reason),
        _ => interval + interval / 2,
    }
}

fn transient_max(reason: Reason) -> SignedDuration {
    match reason {
        Reason::RateLimited => RETRY_AFTER_MAX,
        _ => BACKOFF_MAX,
    }
}

/// A time as metav1.Time keeps it: whole seconds.
pub fn seconds(time: Timestamp) -> Time {
    Time(Timestamp::from_second(time.as_second()).unwrap_or(time))
}

/// The first whole second at or after this time.
fn up(time: Timestamp) -> Timestamp {
    let second = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    Timestamp::from_second(second).unwrap_or(time)
}

/// This much later, or the end of time: a stored time may be anything.
pub(super) fn plus(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}

/// A stored time further ahead than it can honestly be (a clock was wrong) counts as absent.
pub(super) fn sane(time: Timestamp, ahead: SignedDuration, now: Timestamp) -> Option<Timestamp> {
    let latest = plus(plus(now, ahead), SignedDuration::from_secs(1));
    (time <= latest).then_some(time)
}
