//! How many calls of an account may be under way, per API: CleverTap limits concurrency, not rate
//! [doc]. And how many bytes of uploads, of all accounts. Shared by all connectors and exports of
//! the process.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use super::place::Place;
use crate::http::{Gate, Stopped};

/// What an account permits [doc].
const LISTS: usize = 3;
const UPLOADS: usize = 15;
/// Accounts before those that nobody uses are forgotten.
const ACCOUNTS: usize = 256;
/// KiB of all upload bodies under way, and of the largest one.
const BODIES: u32 = 8 << 10;
const LARGEST: usize = 2 << 10;
/// How often the gate is asked while waiting.
pub(super) const SLICE: Duration = Duration::from_secs(1);

type Key = (String, String);

/// The places of all accounts in use, and the room for bodies. Clones are the same registry.
#[derive(Clone, Debug)]
pub struct Limits {
    accounts: Arc<Mutex<HashMap<Key, Arc<Places>>>>,
    /// A permit is a KiB.
    bodies: Arc<Semaphore>,
}

/// The places of one account.
#[derive(Debug)]
pub(super) struct Places {
    pub lists: Arc<Place>,
    pub uploads: Arc<Place>,
}

/// A connector's share: what of the account's places it may use.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub places: Arc<Places>,
    pub lists: usize,
    pub uploads: usize,
    bodies: Arc<Semaphore>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            accounts: Arc::default(),
            bodies: Arc::new(Semaphore::new(BODIES as usize)),
        }
    }
}

impl Default for Places {
    fn default() -> Self {
        Self {
            lists: Arc::new(Place::new(LISTS)),
            uploads: Arc::new(Place::new(UPLOADS)),
        }
    }
}

impl Limits {
    /// The account's places, of which a connector uses at most `lists` and `uploads`.
    pub(super) fn share(&self, base: &Url, project: &str, lists: usize, uploads: usize) -> Share {
        let key = (base.authority().to_owned(), project.to_owned());
        let mut all = lock(&self.accounts);
        if all.len() >= ACCOUNTS && !all.contains_key(&key) {
            all.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let places = all.entry(key).or_default().clone();
        Share {
            places,
            lists: lists.clamp(1, LISTS),
            uploads: uploads.clamp(1, UPLOADS),
            bodies: self.bodies.clone(),
        }
    }
}

impl Share {
    /// Uploads at once that are worth starting: one, if there isn't room for another large body.
    pub fn worth_starting(&self) -> usize {
        if self.bodies.available_permits() < LARGEST {
            return 1;
        }
        self.uploads.min(self.places.uploads.ceiling())
    }

    /// Waits until there is room for a body of so many bytes, and asks the gate each second.
    pub async fn room(
        &self,
        bytes: usize,
        gate: &Gate<'_>,
    ) -> Result<OwnedSemaphorePermit, Stopped> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(BODIES);
        let mut room = pin!(self.bodies.clone().acquire_many_owned(kib.min(BODIES)));
        loop {
            match tokio::time::timeout(SLICE, &mut room).await {
                // A semaphore that somebody closed would hold up nobody.
                Ok(room) => return room.map_err(|_| Stopped),
                Err(_) => gate()?,
            }
        }
    }
}

/// What these locks hold is whole at every step, so a panic elsewhere spoils none.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn share(limits: &Limits, project: &str, lists: usize) -> Share {
        limits.share(
            &"https://api.clevertap.com".parse().unwrap(),
            project,
            lists,
            99,
        )
    }

    #[tokio::test]
    async fn connectors_of_an_account_share_its_places() {
        let limits = Limits::default();
        let (narrow, wide) = (share(&limits, "A", 1), share(&limits, "A", 99));
        assert_eq!((wide.lists, wide.uploads), (LISTS, UPLOADS));
        let place = &narrow.places.lists;
        let first = place.take(narrow.lists, &|| Ok(())).await.unwrap();
        let second = wide
            .places
            .lists
            .take(wide.lists, &|| Ok(()))
            .await
            .unwrap();
        let mut third = Box::pin(place.take(narrow.lists, &|| Ok(())));
        assert!((&mut third).now_or_never().is_none());
        drop(first);
        assert!(
            (&mut third).now_or_never().is_none(),
            "one is too many for the narrow one"
        );
        drop(second);
        third.await.unwrap();
        let other = share(&limits, "B", 1).places.lists.clone();
        assert!(other.take(1, &|| Ok(())).now_or_never().is_some());
    }

    #[tokio::test]
    async fn refusals_lower_what_may_be_under_way() {
        let share = share(&Limits::default(), "A", 1);
        assert_eq!(share.worth_starting(), UPLOADS);
        let place = &share.places.uploads;
        let taken = place.take(UPLOADS, &|| Ok(())).await.unwrap();
        let second = place.take(UPLOADS, &|| Ok(())).await.unwrap();
        assert!(taken.refused() && second.refused());
        assert_eq!(share.worth_starting(), UPLOADS / 2);
    }

    #[tokio::test]
    async fn bodies_of_all_accounts_share_their_room() {
        let limits = Limits::default();
        let (one, two) = (share(&limits, "A", 1), share(&limits, "B", 1));
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(one.room(2 << 20, &|| Ok(())).await.unwrap());
        }
        assert_eq!(two.worth_starting(), 1);
        assert_eq!(two.room(1, &|| Err(Stopped)).await.err(), Some(Stopped));
        held.pop();
        drop(two.room(1, &|| Ok(())).await.unwrap());
        drop(held);
        // Even one that could never fit gets its turn.
        drop(two.room(usize::MAX, &|| Ok(())).await.unwrap());
        assert_eq!(two.worth_starting(), UPLOADS);
    }

    #[test]
    fn accounts_that_nobody_uses_are_forgotten() {
        let limits = Limits::default();
        let kept = share(&limits, "kept", 1);
        for account in 0..3 * ACCOUNTS {
            share(&limits, &account.to_string(), 1);
        }
        assert!(lock(&limits.accounts).len() <= ACCOUNTS);
        assert!(Arc::ptr_eq(&kept.places, &share(&limits, "kept", 1).places));
    }
}
