//! Which part changed in which version.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;

use tokio::time::Instant;

use super::Snapshot;
use crate::page::part::{Id, Part};

/// Parts that went away, remembered for who comes back.
const GONE: usize = 4096;

/// A version of one process's page: what a browser says that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Which process.
    epoch: u64,
    number: u64,
}

impl Version {
    pub fn number(self) -> u64 {
        self.number
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.epoch, self.number)
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, number) = text.split_once('-').ok_or(())?;
        Ok(Self {
            epoch: u64::from_str_radix(epoch, 16).map_err(drop)?,
            number: number.parse().map_err(drop)?,
        })
    }
}

/// What changed between two versions.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Places in the snapshot of what is new or otherwise.
    pub put: Vec<usize>,
    pub gone: Vec<Id>,
}

/// See above.
pub struct Versions {
    epoch: u64,
    version: u64,
    /// What each part was, as a number, and since which version.
    seen: HashMap<Id, (u64, u64)>,
    hasher: RandomState,
    /// With the versions that lack them, the oldest first.
    gone: VecDeque<(u64, Id)>,
    /// What went away in this version or before may be forgotten.
    floor: u64,
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            epoch: fastrand::u64(..),
            version: 0,
            seen: HashMap::new(),
            hasher: RandomState::new(),
            gone: VecDeque::new(),
            floor: 0,
        }
    }
}

impl Versions {
    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn name(&self, number: u64) -> Version {
        Version {
            epoch: self.epoch,
            number,
        }
    }

    /// Gives each part the version that brought it: a new one where anything isn't as it was.
    pub fn number(&mut self, parts: Vec<Part>) -> Snapshot {
        let next = self.version + 1;
        let mut seen = HashMap::with_capacity(parts.len());
        let numbered = parts.into_iter().map(|part| {
            let (id, hash) = (part.id(), self.hasher.hash_one(&part));
            let version = match self.seen.get(&id) {
                Some((was, since)) if *was == hash => *since,
                _ => next,
            };
            seen.insert(id, (hash, version));
            (version, part)
        });
        let parts: Vec<_> = numbered.collect();
        let gone = self.seen.keys().filter(|id| !seen.contains_key(*id));
        let gone: Vec<_> = gone.map(|id| (next, id.clone())).collect();
        if !gone.is_empty() || parts.iter().any(|(version, _)| *version == next) {
            self.version = next;
        }
        self.gone.extend(gone);
        while self.gone.len() > GONE {
            self.floor = self.gone.pop_front().map_or(self.floor, |(at, _)| at);
        }
        self.seen = seen;
        Snapshot {
            taken: Instant::now(),
            version: self.version,
            parts,
        }
    }

    /// What changed since; `None` where that is forgotten.
    pub fn since(&self, snapshot: &Snapshot, version: Version) -> Option<Changes> {
        let since = version.number;
        if version.epoch != self.epoch || since < self.floor || since > self.version {
            return None;
        }
        let parts = snapshot.parts.iter().enumerate();
        let put = parts.filter(|(_, (at, _))| *at > since).map(|(i, _)| i);
        let gone = self.gone.iter().filter(|(at, _)| *at > since);
        // What came back is there.
        let gone = gone.filter(|(_, id)| !self.seen.contains_key(id));
        Some(Changes {
            put: put.collect(),
            gone: gone.map(|(_, id)| id.clone()).collect(),
        })
    }
}

#[cfg(test)]
mod tests;
