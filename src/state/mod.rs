//! Where snapshots, marks and one-time records live: any object store, by URL.
//!
//! Below the prefix stand `owner` (the installation whose state this is) and these kinds of
//! objects, each but the last named after a digest of what it speaks of:
//! `snapshots/` (bytes that `export` understands), `pending/` (the room for one that is about to be
//! kept; never read), `unconfirmed/` (the run that may have replaced a list without having kept its
//! snapshot), `one-time/` (finished one-time exports), `history/` (what became of an export's
//! runs), `budget/` (what is left of query budgets), `local/` (what passes from files remember of their
//! objects) and `lock/` (which of them is under way).
//! A put is atomic: on disk a temporary file is written, synced and renamed over the old one.

mod budget;
mod clock;
mod disk;
mod error;
mod history;
mod local;
mod lock;
mod mark;
mod one_time;
mod store;
mod stream;
mod sweep;
#[cfg(test)]
mod tests;

use std::path::Path;

use bytes::Bytes;

pub use clock::boot_time;
pub use error::StateError;
pub use history::{ExportKey, PastCounts, PastRun, day};
pub use local::{LocalKey, LocalRecord};
pub use lock::{Found, Holder};
pub use mark::{Mark, MarkedList};
pub use one_time::{OneTimeKey, OneTimeRecord};

use crate::domain::Destination;
use store::Store;
pub use stream::Object;

/// Enough for 15 million members.
const MAX_SNAPSHOT: u64 = 256 << 20;
/// Whose state this is.
const OWNER: &str = "owner";
/// Of marks and records.
const MAX_SMALL: u64 = 64 << 10;

/// The state of one installation. Cheap to clone.
#[derive(Clone, Debug)]
pub struct State {
    store: Store,
}

impl State {
    /// The store at `url` (`file:///var/lib/mixtap`, `s3://bucket/path`, `memory:///`); S3's
    /// settings come from the usual `AWS_` variables. Keys begin with `prefix`, which may be empty.
    ///
    /// # Errors
    /// [`StateError::Address`] if these can't be used, [`StateError::Unavailable`] if the folder
    /// can't be made. No call goes over the network yet: see [`State::probe`].
    pub fn open(url: &str, prefix: &str) -> Result<Self, StateError> {
        let settings = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        Self::open_with(url, prefix, settings)
    }

    /// The same with these in place of the process's variables.
    ///
    /// # Errors
    /// As [`State::open`].
    pub fn open_with(
        url: &str,
        prefix: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, StateError> {
        let store = Store::open(url, prefix, settings)?;
        Ok(Self { store })
    }

    /// Whether the store can be written, read and cleaned up now.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn probe(&self) -> Result<(), StateError> {
        let key = format!("probe/{:016x}", fastrand::u64(..));
        let content = Bytes::from_static(b"mixtap");
        self.store.put(&key, content.clone(), MAX_SMALL).await?;
        let read = self.store.get(&key, MAX_SMALL).await;
        self.store.delete(&key).await?;
        match read? {
            Some(found) if found == content => Ok(()),
            _ => Err(StateError::Unavailable("it doesn't return what was put")),
        }
    }

    /// Makes this installation the state's owner, if it has none or `adopt` is set: two clusters on
    /// one bucket must not take each other's lists for their own. `owner` is the Lease's uid.
    ///
    /// # Errors
    /// As every call: when the store doesn't answer in time, or refuses; and
    /// [`StateError::Foreign`].
    pub async fn own(&self, owner: &str, adopt: bool) -> Result<(), StateError> {
        let mine = Bytes::copy_from_slice(owner.as_bytes());
        let mut found = self.store.get(OWNER, MAX_SMALL).await?;
        if found.is_none() {
            if self.store.create(OWNER, mine.clone()).await? {
                return Ok(());
            }
            // Another installation was faster, or an answer to our own attempt got lost.
            found = self.store.get(OWNER, MAX_SMALL).await?;
        }
        match found {
            Some(found) if found == mine => Ok(()),
            _ if adopt => self.store.put(OWNER, mine, MAX_SMALL).await,
            _ => Err(StateError::Foreign),
        }
    }

    /// Whether nobody else owns the state. Changes nothing.
    ///
    /// # Errors
    /// As above.
    pub async fn may_read(&self, owner: &str) -> Result<(), StateError> {
        match self.store.get(OWNER, MAX_SMALL).await? {
            Some(found) if found != owner.as_bytes() => Err(StateError::Foreign),
            _ => Ok(()),
        }
    }

    /// Whether this is the state's owner. Changes nothing.
    ///
    /// # Errors
    /// As above.
    pub async fn is_owned_by(&self, owner: &str) -> Result<bool, StateError> {
        let found = self.store.get(OWNER, MAX_SMALL).await?;
        Ok(found.is_some_and(|found| found == owner.as_bytes()))
    }

    /// The snapshot of this list, as it was kept, to be read piece by piece.
    ///
    /// # Errors
    /// As every call: when the store doesn't answer in time, or refuses.
    pub async fn snapshot(&self, of: &Destination) -> Result<Option<Object>, StateError> {
        self.store
            .open_object(&snapshot_key(of), MAX_SNAPSHOT)
            .await
    }

    /// Takes room for a snapshot of so many bytes, so that a full disk shows before anything is
    /// sent. Only a disk needs that.
    ///
    /// # Errors
    /// As above, [`StateError::Full`], and [`StateError::TooLarge`]: it could never be kept.
    pub async fn reserve(&self, of: &Destination, bytes: u64) -> Result<(), StateError> {
        if bytes > MAX_SNAPSHOT {
            return Err(StateError::TooLarge(MAX_SNAPSHOT));
        }
        let key = pending_key(of);
        // One that a killed run left takes the very room.
        self.store.delete(&key).await?;
        self.store.preallocate(&key, bytes).await
    }

    /// Gives reserved room back.
    ///
    /// # Errors
    /// As above.
    pub async fn release(&self, of: &Destination) -> Result<(), StateError> {
        self.store.delete(&pending_key(of)).await
    }

    /// Replaces the snapshot of this list by a file, in the room that was reserved for it. Never
    /// holds it whole in memory.
    ///
    /// # Errors
    /// As above, and [`StateError::Full`]: then the previous one stands.
    pub async fn keep(&self, of: &Destination, file: &Path) -> Result<(), StateError> {
        self.release(of).await?;
        let key = snapshot_key(of);
        self.store.put_file(&key, file, MAX_SNAPSHOT).await
    }

    /// Notes that this run is about to replace the list, and by what: until [`State::confirm`],
    /// the snapshot can't be trusted to say what the list holds.
    ///
    /// # Errors
    /// As above.
    pub async fn mark_unconfirmed(
        &self,
        of: &Destination,
        run_id: &str,
        list: MarkedList,
    ) -> Result<(), StateError> {
        let mark = Mark::encode(run_id, list);
        self.store.put(&mark_key(of), mark, MAX_SMALL).await
    }

    /// The run that may have replaced this list without having kept its snapshot.
    ///
    /// # Errors
    /// As above, and [`StateError::TooNew`].
    pub async fn unconfirmed(&self, of: &Destination) -> Result<Option<Mark>, StateError> {
        let mark = self.store.get(&mark_key(of), MAX_SMALL).await?;
        mark.as_deref().map(Mark::decode).transpose()
    }

    /// Takes the mark off: the snapshot says what the list holds.
    ///
    /// # Errors
    /// As above.
    pub async fn confirm(&self, of: &Destination) -> Result<(), StateError> {
        self.store.delete(&mark_key(of)).await
    }

    /// The record of a finished one-time export. One that is damaged counts as none.
    ///
    /// # Errors
    /// As above, and [`StateError::TooNew`].
    pub async fn one_time(&self, key: &OneTimeKey) -> Result<Option<OneTimeRecord>, StateError> {
        match self.store.get(&record_key(key), MAX_SMALL).await {
            Ok(Some(json)) => OneTimeRecord::decode(&json),
            Ok(None) | Err(StateError::TooLarge(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Records a finished one-time export.
    ///
    /// # Errors
    /// As above.
    pub async fn record_one_time(
        &self,
        key: &OneTimeKey,
        record: &OneTimeRecord,
    ) -> Result<(), StateError> {
        let json = record.encode();
        self.store.put(&record_key(key), json, MAX_SMALL).await
    }
}

fn snapshot_key(of: &Destination) -> String {
    format!("snapshots/{}", destination(of))
}

fn pending_key(of: &Destination) -> String {
    format!("pending/{}", destination(of))
}

fn mark_key(of: &Destination) -> String {
    format!("unconfirmed/{}", destination(of))
}

fn record_key(key: &OneTimeKey) -> String {
    format!("one-time/{}", digest("one-time", key))
}

fn destination(of: &Destination) -> String {
    digest("destination", &(&of.host, &of.project, &of.segment))
}

/// 32 hexadecimal digits that no key's characters or length can break.
fn digest(what: &str, value: &impl serde::Serialize) -> String {
    let json = serde_json::to_vec(value).expect("strings, numbers and unit enums serialize");
    let mut hasher = blake3::Hasher::new_derive_key(&format!("mixtap v1 key of {what}"));
    hasher.update(&json);
    hasher.finalize().to_hex()[..32].to_owned()
}
