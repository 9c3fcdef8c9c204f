//! Holding the lock of a state: waited for, renewed, and asked before each vendor write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use crate::config::LONGEST_LOCK;
use crate::state::{Found, Holder, State, StateError, boot_time};

/// Renewals and looks within the time that a lock lasts.
const RENEWALS: u32 = 3;
const LOOKS: u32 = 10;

/// Why it can't be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(
        "another sync works on this state: {who}, since {since}; it was waited for, see --wait"
    )]
    Held { who: String, since: Timestamp },
    #[error("{0}")]
    State(#[from] StateError),
}

/// The lock, until it is released or dropped.
pub struct Lock {
    state: State,
    number: u64,
    holder: Holder,
    until: Until,
    renewing: AbortOnDropHandle<()>,
}

/// Until when the lock is ours, in milliseconds of [`boot_time`]. Clones are the same.
#[derive(Clone)]
pub struct Until(Arc<AtomicU64>);

impl Until {
    /// Whether nobody else can hold it now.
    pub fn valid(&self) -> bool {
        millis(boot_time()) < self.0.load(Relaxed)
    }

    /// Once lapsed it is lost: somebody may have taken over since.
    fn extend(&self, until: Duration) -> bool {
        let valid = self.valid();
        if valid {
            self.0.store(millis(until), Relaxed);
        }
        valid
    }
}

impl Lock {
    /// Takes the lock, which lasts so long without a renewal; waits for its holder, at most for
    /// `wait`, after `waiting` was told who that is.
    ///
    /// # Errors
    /// [`LockError`].
    pub async fn take(
        state: &State,
        lasts: Duration,
        wait: Duration,
        waiting: impl Fn(&Holder),
    ) -> Result<Self, LockError> {
        let (began, mut seen, mut told) = (boot_time(), None::<(Found, Duration)>, false);
        let mut holder = Holder {
            id: format!("{:032x}", fastrand::u128(..)),
            who: who(),
            since: Timestamp::now(),
            patience: lasts.as_secs().max(1),
            beat: 0,
            released: false,
        };
        loop {
            let found = state.lock().await?;
            let now = boot_time();
            let since = match seen {
                Some((before, since)) if Some(&before) == found.as_ref() => since,
                _ => now,
            };
            if free(found.as_ref(), lasts, now.saturating_sub(since)) {
                let number = found.map_or(1, |found| found.number + 1);
                holder.since = Timestamp::now();
                if state.make_lock(number, &holder).await? {
                    return Ok(Self::hold(state.clone(), number, holder, now, lasts));
                }
                seen = None;
                continue;
            }
            if let Some(other) = found.as_ref().and_then(|found| found.holder.as_ref()) {
                if now.saturating_sub(began) >= wait {
                    let (who, since) = (other.who.clone(), other.since);
                    return Err(LockError::Held { who, since });
                }
                if !told {
                    waiting(other);
                    told = true;
                }
            }
            seen = found.map(|found| (found, since));
            sleep((lasts / LOOKS).min(Duration::from_secs(1))).await;
        }
    }

    fn hold(state: State, number: u64, holder: Holder, at: Duration, lasts: Duration) -> Self {
        let until = Until(Arc::new(AtomicU64::new(millis(at + lasts))));
        let renewing = renew(state.clone(), number, holder.clone(), until.clone(), lasts);
        Self {
            state,
            number,
            holder,
            until,
            renewing: AbortOnDropHandle::new(tokio::spawn(renewing)),
        }
    }

    /// Until when it is ours.
    pub fn until(&self) -> Until {
        self.until.clone()
    }

    /// Lets go, so that nobody has to wait.
    pub async fn release(self) {
        self.renewing.abort();
        // A renewal under way would undo it.
        let _ = self.renewing.await;
        if !self.until.valid() {
            return;
        }
        let holder = Holder {
            released: true,
            ..self.holder
        };
        if let Err(error) = self.state.renew_lock(self.number, &holder).await {
            tracing::warn!(%error, "the lock can't be released: the next sync waits for it to lapse");
        }
    }
}

/// Whether who finds this lock, unchanged for so long, may take it.
fn free(found: Option<&Found>, lasts: Duration, unchanged: Duration) -> bool {
    let Some(found) = found else {
        return true;
    };
    let theirs = found
        .holder
        .as_ref()
        .map(|h| Duration::from_secs(h.patience));
    // What can't be read may be a lock that is just being made.
    let patience = theirs.unwrap_or_default().min(LONGEST_LOCK).max(lasts);
    let released = found.holder.as_ref().is_some_and(|h| h.released);
    released || unchanged > patience
}

async fn renew(state: State, number: u64, mut holder: Holder, until: Until, lasts: Duration) {
    loop {
        sleep(lasts / RENEWALS).await;
        holder.beat += 1;
        let at = boot_time();
        match state.renew_lock(number, &holder).await {
            Ok(true) if until.extend(at + lasts) => {}
            Ok(_) => {
                until.0.store(0, Relaxed);
                tracing::warn!("another sync took the lock of the state: nothing more is written");
                return;
            }
            Err(error) => tracing::warn!(%error, "the lock of the state can't be renewed"),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn who() -> String {
    let named = std::env::var("HOSTNAME")
        .ok()
        .filter(|name| !name.is_empty());
    let kept = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = named.or_else(kept).unwrap_or_default();
    let process = std::process::id();
    match host.trim() {
        "" => format!("process {process}"),
        host => format!("process {process} on {host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Duration = Duration::from_secs(1);

    async fn take(state: &State, wait: Duration) -> Result<Lock, LockError> {
        Lock::take(state, LASTS, wait, |_| {}).await
    }

    #[tokio::test]
    async fn a_lock_is_held_until_it_is_released() {
        let state = State::open("memory:///", "").unwrap();
        let lock = take(&state, Duration::ZERO).await.unwrap();
        assert!(lock.until().valid());
        let refused = take(&state, Duration::ZERO).await;
        assert!(matches!(refused, Err(LockError::Held { .. })));
        lock.release().await;
        let next = take(&state, Duration::ZERO).await.unwrap();
        assert!(next.until().valid());
    }

    #[tokio::test]
    async fn a_dead_holders_lock_is_taken_over_and_a_living_ones_is_not() {
        let state = State::open("memory:///", "").unwrap();
        let living = take(&state, Duration::ZERO).await.unwrap();
        let refused = take(&state, 2 * LASTS).await;
        assert!(
            matches!(refused, Err(LockError::Held { .. })),
            "it is renewed"
        );
        let until = living.until();
        drop(living);
        let next = take(&state, 60 * LASTS).await.unwrap();
        assert!(next.until().valid() && !until.valid());
    }
}
