//! One writer at a time on a state that no Lease guards.
//!
//! A lock is an object `lock/<number>`, and the highest number holds. Whoever takes over creates the
//! next number, which only one can: so it takes no more than a conditional create, which disks and
//! object stores both have. The highest number always stays, also when its holder lets go.
//!
//! A lower one is removed, and who was slow to create it may do so once more. That is no lock: it
//! was removed only after a higher one was made, so a listing from then on shows a higher one.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MAX_SMALL, State, StateError};

const FOLDER: &str = "lock";

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Tells this process from every other one.
    pub id: String,
    /// For people: which machine, and which process of it.
    pub who: String,
    pub since: Timestamp,
    /// Seconds without a renewal after which it counts as gone.
    pub patience: u64,
    /// Counts renewals. That it changes shows that the holder lives, whatever any clock says.
    pub beat: u64,
    /// It let go.
    #[serde(default)]
    pub released: bool,
}

/// The lock as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub number: u64,
    /// `None` where it can't be read, which is no one's yet.
    pub holder: Option<Holder>,
}

impl State {
    /// The highest lock, if there ever was one.
    ///
    /// # Errors
    /// As every call.
    pub async fn lock(&self) -> Result<Option<Found>, StateError> {
        let Some(number) = self.highest_lock().await? else {
            return Ok(None);
        };
        let holder = self.lock_holder(number).await?;
        Ok(Some(Found { number, holder }))
    }

    /// Makes the lock of this number; false where somebody else did, or made a higher one.
    ///
    /// # Errors
    /// As every call.
    pub async fn make_lock(&self, number: u64, holder: &Holder) -> Result<bool, StateError> {
        // Its own word isn't enough: an answer may have been lost, and not every store can tell.
        self.store.create(&object(number), json(holder)).await?;
        let mut numbers = self.lock_numbers().await?;
        if numbers.iter().any(|other| *other > number) {
            return Ok(false);
        }
        // Only now: a higher one that goes while a folder is listed is in no listing, but then ours,
        // being lower, went before it.
        let found = self.lock_holder(number).await?;
        let ours = found.is_some_and(|found| found.id == holder.id);
        if ours {
            // Lower numbers say nothing any more. The lowest goes first.
            numbers.sort_unstable();
            for lower in numbers.into_iter().filter(|other| *other < number) {
                self.store.delete(&object(lower)).await?;
            }
        }
        Ok(ours)
    }

    /// Renews or releases the lock of this number; false where a higher one was made since.
    ///
    /// # Errors
    /// As every call.
    pub async fn renew_lock(&self, number: u64, holder: &Holder) -> Result<bool, StateError> {
        self.store
            .put(&object(number), json(holder), MAX_SMALL)
            .await?;
        // Written first: who looks for a sign of life from now on sees this one.
        Ok(self.highest_lock().await? == Some(number))
    }

    async fn highest_lock(&self) -> Result<Option<u64>, StateError> {
        Ok(self.lock_numbers().await?.into_iter().max())
    }

    async fn lock_numbers(&self) -> Result<Vec<u64>, StateError> {
        let names = self.store.names(FOLDER).await?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    async fn lock_holder(&self, number: u64) -> Result<Option<Holder>, StateError> {
        let found = self.store.get(&object(number), MAX_SMALL).await?;
        Ok(found.and_then(|json| serde_json::from_slice(&json).ok()))
    }
}

fn object(number: u64) -> String {
    format!("{FOLDER}/{number}")
}

fn json(holder: &Holder) -> Bytes {
    serde_json::to_vec(holder)
        .expect("strings, numbers and times serialize")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(id: &str) -> Holder {
        Holder {
            id: id.into(),
            who: "host, process 1".into(),
            since: "2026-01-01T00:00:00Z".parse().unwrap(),
            patience: 30,
            beat: 0,
            released: false,
        }
    }

    #[tokio::test]
    async fn only_one_makes_a_number_and_a_holder_learns_that_it_lost() {
        let dir = tempfile::tempdir().unwrap();
        let url = url::Url::from_directory_path(dir.path()).unwrap();
        for url in ["memory:///", url.as_str()] {
            let state = State::open(url, "team").unwrap();
            assert_eq!(state.lock().await, Ok(None));
            let (a, b) = (holder("a"), holder("b"));
            assert_eq!(state.make_lock(1, &a).await, Ok(true));
            assert_eq!(state.make_lock(1, &a).await, Ok(true), "an answer was lost");
            assert_eq!(state.make_lock(1, &b).await, Ok(false));
            assert_eq!(state.renew_lock(1, &a).await, Ok(true));
            assert_eq!(state.make_lock(2, &b).await, Ok(true));
            assert_eq!(state.renew_lock(1, &a).await, Ok(false));
            let found = state.lock().await.unwrap().unwrap();
            assert_eq!((found.number, found.holder), (2, Some(b)));
            // Two found the lock 2 free. One took over, and was gone before the other wrote.
            let c = holder("c");
            assert_eq!(state.make_lock(3, &c).await, Ok(true));
            assert_eq!(state.make_lock(2, &a).await, Ok(false), "it came back");
            let found = state.lock().await.unwrap().unwrap();
            assert_eq!((found.number, found.holder), (3, Some(c)));
        }
    }
}
