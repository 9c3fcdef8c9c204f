//! How far a run is, for who watches it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// Members come in, or are waited for.
    Read,
    /// They are compared with the last list.
    Compare,
    /// New members are sent as profiles.
    Profiles,
    /// The list is sent and kept.
    List,
}

/// How far one run is. It is read at any time, from anywhere; clones are the same run's.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    step: AtomicU8,
    members: AtomicU64,
    profiles: AtomicU64,
    all_profiles: AtomicU64,
}

impl Progress {
    /// What the run is doing.
    pub fn step(&self) -> Step {
        let known = [Step::Read, Step::Compare, Step::Profiles, Step::List];
        known[usize::from(self.0.step.load(Relaxed)).min(known.len() - 1)]
    }

    /// Rows that came in; more than the cohort has where a read had to be begun anew.
    pub fn members(&self) -> u64 {
        self.0.members.load(Relaxed)
    }

    /// Profiles that were sent, and all that are to be.
    pub fn profiles(&self) -> (u64, u64) {
        let Inner {
            profiles,
            all_profiles,
            ..
        } = &*self.0;
        (profiles.load(Relaxed), all_profiles.load(Relaxed))
    }

    pub(super) fn enter(&self, step: Step) {
        self.0.step.store(step as u8, Relaxed);
    }

    pub(super) fn read(&self, members: usize) {
        self.0.members.fetch_add(members as u64, Relaxed);
    }

    pub(super) fn expect_profiles(&self, all: u64) {
        self.0.all_profiles.store(all, Relaxed);
    }

    pub(super) fn sent(&self, profiles: usize) {
        self.0.profiles.fetch_add(profiles as u64, Relaxed);
    }
}
