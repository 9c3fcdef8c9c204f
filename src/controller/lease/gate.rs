//! The check before each vendor write, without a lock.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

/// Until when vendor writes may start.
#[derive(Debug, Default)]
pub struct Gate {
    /// Boot time in nanoseconds, which last for 584 years.
    until: AtomicU64,
    /// For good.
    shut: AtomicBool,
}

impl Gate {
    pub fn is_open(&self, now: Duration) -> bool {
        !self.shut.load(Ordering::Acquire) && nanos(now) < self.until.load(Ordering::Acquire)
    }

    pub fn open_until(&self, until: Duration) {
        self.until.store(nanos(until), Ordering::Release);
    }

    pub fn shut(&self) {
        self.shut.store(true, Ordering::Release);
    }

    pub fn remaining(&self, now: Duration) -> Duration {
        let until = self.until.load(Ordering::Acquire);
        Duration::from_nanos(until.saturating_sub(nanos(now)))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_open_until_its_time_and_no_longer(until in 0_u64..1 << 40, now in 0_u64..1 << 40) {
            let (until, now) = (Duration::from_nanos(until), Duration::from_nanos(now));
            let gate = Gate::default();
            prop_assert!(!gate.is_open(now));
            gate.open_until(until);
            prop_assert_eq!(gate.is_open(now), now < until);
            prop_assert_eq!(gate.remaining(now), until.saturating_sub(now));
            gate.shut();
            gate.open_until(Duration::MAX);
            prop_assert!(!gate.is_open(now));
        }
    }
}
