//! How many calls of an account may be under way, per API: CleverTap limits concurrency, not rate
//! [doc]. Shared by all connectors and exports of the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use url::Url;

use crate::http::{Gate, Stopped};

/// What an account permits [doc].
const LISTS: usize = 3;
const UPLOADS: usize = 15;
/// Accounts before those that nobody uses are forgotten.
const ACCOUNTS: usize = 256;

type Key = (String, String);

/// The places of all accounts in use. Clones are the same registry.
#[derive(Clone, Debug, Default)]
pub struct Limits(Arc<Mutex<HashMap<Key, Arc<Places>>>>);

/// The places of one account.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub lists: Arc<Place>,
    pub uploads: Arc<Place>,
}

/// One API of one account: how many calls are under way.
#[derive(Debug, Default)]
pub(super) struct Place {
    busy: Mutex<usize>,
    freed: Notify,
}

/// A call under way.
#[derive(Debug)]
pub(super) struct Taken(Arc<Place>);

/// A connector's share: what of the account's places it may use.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub places: Arc<Places>,
    pub lists: usize,
    pub uploads: usize,
}

impl Limits {
    /// The account's places, of which a connector uses at most `lists` and `uploads`.
    pub(super) fn share(&self, base: &Url, project: &str, lists: usize, uploads: usize) -> Share {
        let key = (base.authority().to_owned(), project.to_owned());
        let mut all = lock(&self.0);
        if all.len() >= ACCOUNTS && !all.contains_key(&key) {
            all.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let places = all.entry(key).or_default().clone();
        Share {
            places,
            lists: lists.clamp(1, LISTS),
            uploads: uploads.clamp(1, UPLOADS),
        }
    }
}

impl Place {
    /// Waits until fewer than `limit` calls are under way, and asks the gate each second.
    pub async fn take(self: &Arc<Self>, limit: usize, gate: &Gate<'_>) -> Result<Taken, Stopped> {
        loop {
            // Listens before it looks, so that no place freed in between goes unseen.
            let freed = self.freed.notified();
            {
                let mut busy = lock(&self.busy);
                if *busy < limit {
                    *busy += 1;
                    return Ok(Taken(self.clone()));
                }
            }
            tokio::select! {
                () = freed => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => gate()?,
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut busy = lock(&self.0.busy);
        *busy = busy.saturating_sub(1);
        // Waiters differ in their limits, so each looks for itself.
        self.0.freed.notify_waiters();
    }
}

/// What these locks hold is whole at every step, so a panic elsewhere spoils none.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
        let other = share(&limits, "B", 1);
        assert_eq!(*lock(&other.places.lists.busy), 0);
    }

    #[tokio::test]
    async fn a_waiting_call_can_be_stopped() {
        let place = Arc::new(Place::default());
        let _taken = place.take(1, &|| Ok(())).await.unwrap();
        assert_eq!(place.take(1, &|| Err(Stopped)).await.err(), Some(Stopped));
    }

    #[test]
    fn accounts_that_nobody_uses_are_forgotten() {
        let limits = Limits::default();
        let kept = share(&limits, "kept", 1);
        for account in 0..3 * ACCOUNTS {
            share(&limits, &account.to_string(), 1);
        }
        assert!(lock(&limits.0).len() <= ACCOUNTS);
        assert!(Arc::ptr_eq(&kept.places, &share(&limits, "kept", 1).places));
    }
}
