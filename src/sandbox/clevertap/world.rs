//! The accounts that the CleverTap stand-in knows, and the handle to set and read them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    lists::{Job, Upload},
    settings::{AccountSettings, AccountView, Mail, SegmentView, Which},
};
use crate::sandbox::{NotThere, calls::Group};

/// Cheap to clone; all clones are one world. Each account has a lock of its own.
#[derive(Clone, Default)]
pub struct CleverTapState(Arc<Mutex<BTreeMap<String, Arc<Mutex<Account>>>>>);

#[derive(Default)]
pub(super) struct Account {
    pub settings: AccountSettings,
    pub profiles: BTreeMap<String, Profile>,
    /// Names of profile properties that aren't CleverTap's own: 256 at most \[doc\].
    pub custom_keys: BTreeSet<String>,
    pub segments: BTreeMap<String, Segment>,
    pub uploads: VecDeque<Upload>,
    pub pending: VecDeque<Job>,
    pub mails: VecDeque<Mail>,
    /// List processings so far.
    pub processings: u64,
    pub in_flight: HashMap<Group, usize>,
}

#[derive(Default)]
pub(super) struct Profile {
    pub data: Map<String, Value>,
    /// List processing sees it once the account's `processings` have come this far.
    pub seen_from: u64,
}

#[derive(Default)]
pub(super) struct Segment {
    pub id: u64,
    pub members: Vec<String>,
    pub history: VecDeque<usize>,
    pub processed: u64,
    pub failed: u64,
    pub uploaded: Bytes,
    pub in_force: Option<Bytes>,
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
                account.profiles.entry(id.into()).or_default().seen_from = 0;
            }
        })
    }

    /// Segments, mails and profiles.
    pub fn view(&self, account: &str) -> Result<AccountView, NotThere> {
        self.with(account, |account| AccountView {
            segments: account
                .segments
                .iter()
                .map(|(name, segment)| segment.view(name))
                .collect(),
            mails: account.mails.iter().cloned().collect(),
            pending: account.pending.len(),
            profiles: account
                .profiles
                .iter()
                .map(|(id, profile)| (id.clone(), profile.data.clone()))
                .collect(),
        })
    }

    pub fn segment(&self, account: &str, name: &str) -> Result<SegmentView, NotThere> {
        self.with(account, |account| {
            let segment = account.segments.get(name).ok_or(NotThere("segment"))?;
            Ok(segment.view(name))
        })?
    }

    /// A list file's bytes as they came.
    pub fn csv(&self, account: &str, name: &str, which: Which) -> Result<Bytes, NotThere> {
        self.with(account, |account| {
            let segment = account.segments.get(name).ok_or(NotThere("segment"))?;
            match which {
                Which::Uploaded => Ok(segment.uploaded.clone()),
                Which::Processed => segment.in_force.clone().ok_or(NotThere("processed list")),
            }
        })?
    }

    /// What is known of an identity.
    pub fn profile(&self, account: &str, id: &str) -> Result<Map<String, Value>, NotThere> {
        self.with(account, |account| {
            let profile = account.profiles.get(id).ok_or(NotThere("profile"))?;
            Ok(profile.data.clone())
        })?
    }

    pub fn mails(&self, account: &str) -> Result<Vec<Mail>, NotThere> {
        self.with(account, |account| account.mails.iter().cloned().collect())
    }

    /// Processes what waits; says how many lists that were.
    pub fn process_pending(&self, account: &str) -> Result<usize, NotThere> {
        self.with(account, Account::process_pending)
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
        let found = self
            .accounts()
            .get(account)
            .cloned()
            .ok_or(NotThere("account"))?;
        let mut found = lock(&found);
        Ok(act(&mut found))
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Mutex<Account>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Segment {
    fn view(&self, name: &str) -> SegmentView {
        SegmentView {
            name: name.to_owned(),
            id: self.id,
            kind: "Custom List".to_owned(),
            members: self.members.clone(),
            history: self.history.iter().copied().collect(),
            processed: self.processed,
            failed: self.failed,
        }
    }
}
