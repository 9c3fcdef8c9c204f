//! How many calls of an account may be under way, per API: CleverTap limits concurrency, not rate
//! [doc]. And how many bytes of uploads, of all accounts. Shared by all connectors and exports of
//! the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::client::{Account, Options};
use super::place::Place;
use super::room::Room;

/// What an account permits [doc].
const LISTS: usize = 3;
const UPLOADS: usize = 15;
/// Accounts before those that nobody uses are forgotten.
const ACCOUNTS: usize = 256;
/// How often the gate is asked while waiting.
pub(super) const SLICE: Duration = Duration::from_secs(1);

type Key = (String, String);

/// The places of all accounts in use, and the room for bodies. Clones are the same registry.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    accounts: Arc<Mutex<HashMap<Key, Arc<Places>>>>,
    room: Room,
}

/// The places of one account, and its part of the room.
#[derive(Debug)]
pub(super) struct Places {
    pub lists: Arc<Place>,
    pub uploads: Arc<Place>,
    pub room: Room,
}

/// A connector's share: what of the account's places it may use.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub places: Arc<Places>,
    /// All clients of a connector count as one.
    pub connector: Arc<str>,
    pub lists: usize,
    pub uploads: usize,
}

impl Places {
    fn new(room: Room) -> Self {
        Self {
            lists: Arc::new(Place::new(LISTS)),
            uploads: Arc::new(Place::new(UPLOADS)),
            room,
        }
    }
}

impl Limits {
    /// The account's places, of which a connector uses no more than its options say.
    pub(super) fn share(&self, account: &Account, options: &Options<'_>) -> Share {
        let key = (account.base.authority().to_owned(), account.project.clone());
        let mut all = lock(&self.accounts);
        if all.len() >= ACCOUNTS && !all.contains_key(&key) {
            all.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let new = || Arc::new(Places::new(self.room.beside()));
        Share {
            places: all.entry(key).or_insert_with(new).clone(),
            connector: options.connector.into(),
            lists: options.concurrent_lists.clamp(1, LISTS),
            uploads: options.concurrent_uploads.clamp(1, UPLOADS),
        }
    }
}

impl Share {
    /// Uploads at once that are worth starting: one, if there isn't room for another large body.
    pub fn worth_starting(&self) -> usize {
        match self.places.room.has_more() {
            true => self.uploads.min(self.places.uploads.ceiling()),
            false => 1,
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

    use super::super::place::Taken;
    use super::*;
    use crate::http::{Retry, Stopped};

    fn share(limits: &Limits, project: &str, connector: &str, lists: usize) -> Share {
        let account = Account {
            base: "https://api.clevertap.com".parse().unwrap(),
            project: project.to_owned(),
        };
        let options = Options {
            connector,
            retry: Retry::default(),
            concurrent_lists: lists,
            concurrent_uploads: 99,
        };
        limits.share(&account, &options)
    }

    async fn list(share: &Share) -> Result<Taken, Stopped> {
        let lists = &share.places.lists;
        // Whoever has to wait is stopped.
        let stop = || Err(Stopped);
        lists.take(&share.connector, share.lists, &stop).await
    }

    #[tokio::test]
    async fn a_narrow_connector_does_not_starve_beside_a_wide_one() {
        let limits = Limits::default();
        let (narrow, wide) = (share(&limits, "A", "n", 1), share(&limits, "A", "w", 99));
        assert_eq!((wide.lists, wide.uploads), (LISTS, UPLOADS));
        let _long = [list(&wide).await.unwrap(), list(&wide).await.unwrap()];
        let _taken = list(&narrow).await.unwrap();
        assert!(list(&wide).await.is_err(), "the account permits no more");
        let other = share(&limits, "B", "w", 1);
        assert!(list(&other).now_or_never().is_some());
    }

    #[tokio::test]
    async fn all_clients_of_a_connector_keep_its_limit() {
        let limits = Limits::default();
        let (one, two) = (share(&limits, "A", "n", 1), share(&limits, "A", "n", 1));
        let taken = list(&one).await.unwrap();
        assert!(list(&two).await.is_err());
        drop(taken);
        list(&two).await.unwrap();
    }

    #[tokio::test]
    async fn refusals_lower_what_may_be_under_way() {
        let share = share(&Limits::default(), "A", "n", 1);
        assert_eq!(share.worth_starting(), UPLOADS);
        let take = || {
            let uploads = &share.places.uploads;
            uploads.take(&share.connector, UPLOADS, &|| Ok(()))
        };
        let (taken, second) = (take().await.unwrap(), take().await.unwrap());
        assert!(taken.refused() && second.refused());
        assert_eq!(share.worth_starting(), UPLOADS / 2);
    }

    #[test]
    fn bodies_of_all_accounts_share_their_room() {
        let limits = Limits::default();
        let shares = ["A", "B", "C"].map(|account| share(&limits, account, "n", 1));
        let [one, two, three] = &shares;
        let _held = one.places.room.hold(3 << 20);
        assert_eq!(one.worth_starting(), UPLOADS, "it has less than it leaves");
        let other = two.places.room.hold(3 << 20);
        assert_eq!(
            shares.each_ref().map(Share::worth_starting),
            [1, 1, UPLOADS]
        );
        let last = three.places.room.hold(1 << 20);
        assert_eq!(shares.each_ref().map(Share::worth_starting), [1; 3]);
        drop((other, last));
        assert_eq!(shares.each_ref().map(Share::worth_starting), [UPLOADS; 3]);
    }

    #[test]
    fn accounts_that_nobody_uses_are_forgotten() {
        let limits = Limits::default();
        let kept = share(&limits, "kept", "n", 1);
        for account in 0..3 * ACCOUNTS {
            share(&limits, &account.to_string(), "n", 1);
        }
        assert!(lock(&limits.accounts).len() <= ACCOUNTS);
        let again = share(&limits, "kept", "n", 1);
        assert!(Arc::ptr_eq(&kept.places, &again.places));
    }
}
