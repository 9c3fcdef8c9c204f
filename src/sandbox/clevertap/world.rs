//! The accounts that the CleverTap stand-in knows, and the handle to set and read them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{
    lists::{Job, Upload},
    profiles::Profiles,
    segment::Segment,
    settings::{AccountSettings, AccountView, Mail, SegmentView, Which},
};
use crate::sandbox::{NotThere, calls::Group};

/// Cheap to clone; all clones are one world. Each account has a lock of its own.
#[derive(Clone, Default)]
pub struct CleverTapState {
    accounts: Arc<Mutex<BTreeMap<String, Arc<Mutex<Account>>>>>,
    /// Told whenever a list was processed.
    pub(super) processed: Arc<watch::Sender<()>>,
}

#[derive(Default)]
pub(super) struct Account {
    pub settings: AccountSettings,
    pub profiles: Profiles,
    /// Names of profile properties that aren't CleverTap's own: 256 at most \[doc\].
    pub custom_keys: BTreeSet<String>,
    pub segments: BTreeMap<String, Segment>,
    pub uploads: VecDeque<Upload>,
    pub pending: VecDeque<Job>,
    /// A list is being processed.
    pub busy: bool,
    pub mails: VecDeque<Mail>,
    /// List processings so far.
    pub processings: u64,
    pub in_flight: HashMap<Group, usize>,
}

impl CleverTapState {
    /// Makes the account, or changes its settings; profiles and segments stay.
    pub fn set_account(&self, account: &str, settings: AccountSettings) {
        let found = self
            .accounts()
            .entry(account.to_owned())
            .or_default()
            .clone();
        lock(&found).settings = settings;
    }

    pub fn settings(&self, account: &str) -> Result<AccountSettings, NotThere> {
        self.with(account, |account| account.settings.clone())
    }

    /// Changes some settings.
    pub fn update_account(
        &self,
        account: &str,
        change: impl FnOnce(&mut AccountSettings),
    ) -> Result<(), NotThere> {
        self.with(account, |account| change(&mut account.settings))
    }

    pub fn remove_account(&self, account: &str) -> Result<(), NotThere> {
        self.accounts()
            .remove(account)
            .map(drop)
            .ok_or(NotThere("account"))
    }

    /// These identities have a profile of old.
    pub fn add_known<T: Into<String>>(
        &self,
        account: &str,
        ids: impl IntoIterator<Item = T>,
    ) -> Result<(), NotThere> {
        self.with(account, |account| {
            for id in ids {
                account.profiles.know(id.into());
            }
        })
    }

    /// Segments, mails and profiles.
    pub fn view(&self, account: &str) -> Result<AccountView, NotThere> {
        let (mut view, segments) = self.with(account, |account| {
            let view = AccountView {
                segments: vec![],
                mails: account.mails.iter().cloned().collect(),
                pending: account.pending.len() + usize::from(account.busy),
                profiles: account.profiles.all(),
            };
            (view, account.segments.clone())
        })?;
        let segments = segments.iter();
        view.segments = segments
            .map(|(name, segment)| segment.view(name, true))
            .collect();
        Ok(view)
    }

    pub fn segment(&self, account: &str, name: &str) -> Result<SegmentView, NotThere> {
        Ok(self.find(account, name)?.view(name, true))
    }

    /// The same without its members.
    pub fn segment_counts(&self, account: &str, name: &str) -> Result<SegmentView, NotThere> {
        Ok(self.find(account, name)?.view(name, false))
    }

    /// A list file's bytes as they came.
    pub fn csv(&self, account: &str, name: &str, which: Which) -> Result<Bytes, NotThere> {
        let segment = self.find(account, name)?;
        match which {
            Which::Uploaded => Ok(segment.uploaded.bytes()),
            Which::Processed => segment.file().ok_or(NotThere("processed list")),
        }
    }

    /// What is known of an identity.
    pub fn profile(&self, account: &str, id: &str) -> Result<Map<String, Value>, NotThere> {
        self.with(account, |account| {
            account.profiles.data(id).ok_or(NotThere("profile"))
        })?
    }

    pub fn mails(&self, account: &str) -> Result<Vec<Mail>, NotThere> {
        self.with(account, |account| account.mails.iter().cloned().collect())
    }

    /// All presigned URLs are over.
    pub fn expire_urls(&self, account: &str) -> Result<(), NotThere> {
        self.with(account, |account| {
            account.uploads.iter_mut().for_each(Upload::expire)
        })
    }

    pub(super) fn with<T>(
        &self,
        account: &str,
        act: impl FnOnce(&mut Account) -> T,
    ) -> Result<T, NotThere> {
        let found = self.account(account)?;
        let mut found = lock(&found);
        Ok(act(&mut found))
    }

    /// How late the account's answers come.
    pub(super) fn latency(&self, account: &str) -> Duration {
        let settings = self.with(account, |account| account.settings.latency_ms);
        Duration::from_millis(settings.unwrap_or(0))
    }

    pub(super) fn account(&self, account: &str) -> Result<Arc<Mutex<Account>>, NotThere> {
        let found = self.accounts().get(account).cloned();
        found.ok_or(NotThere("account"))
    }

    fn find(&self, account: &str, name: &str) -> Result<Segment, NotThere> {
        self.with(account, |account| account.segments.get(name).cloned())?
            .ok_or(NotThere("segment"))
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Mutex<Account>>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn lock(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}
