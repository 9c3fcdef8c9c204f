//! A clock that can be waited by.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time since this machine started, suspended time included: it never jumps and never stands
/// still, unlike the wall clock and `Instant`.
pub fn boot_time() -> Duration {
    // On other systems the monotonic clock is the one that counts suspended time.
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Monotonic;
    Duration::try_from(clock_gettime(CLOCK)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_time_goes_on() {
        let before = boot_time();
        assert!(before > Duration::ZERO && boot_time() >= before);
    }
}
