//! Who has a profile, and what it holds.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
};

use serde_json::{Map, Value};

use super::file::AsIs;

/// Hashes are spread over so many maps: a small one grows in no time, one of ten million stops
/// the world.
const SHARDS: u64 = 1024;

#[derive(Default)]
pub(super) struct Profiles {
    whole: BTreeMap<String, Profile>,
    /// Of those of whom only the existence is kept: a hash, and `seen_from`.
    forgotten: Vec<HashMap<u64, u64, BuildHasherDefault<AsIs>>>,
}

#[derive(Default)]
struct Profile {
    data: Map<String, Value>,
    /// List processing sees it once the account's `processings` have come this far.
    seen_from: u64,
}

impl Profiles {
    /// Makes the profile, or adds to what it holds.
    pub fn put(&mut self, id: String, data: Map<String, Value>, seen_from: u64) {
        let fresh = || Profile {
            data: Map::new(),
            seen_from,
        };
        let profile = self.whole.entry(id).or_insert_with(fresh);
        profile.data.extend(data);
    }

    /// Only notes that there is a profile.
    pub fn note(&mut self, id: &str, seen_from: u64) {
        if self.forgotten.is_empty() {
            self.forgotten
                .resize_with(SHARDS as usize, HashMap::default);
        }
        let (hash, shard) = place(id);
        self.forgotten[shard].entry(hash).or_insert(seen_from);
    }

    /// It has been there of old.
    pub fn know(&mut self, id: String) {
        self.whole.entry(id).or_default().seen_from = 0;
    }

    /// What it holds; nothing where that was forgotten.
    pub fn data(&self, id: &str) -> Option<Map<String, Value>> {
        match self.whole.get(id) {
            Some(profile) => Some(profile.data.clone()),
            None => self.noted(id).map(|_| Map::new()),
        }
    }

    /// From which processing on it is seen.
    pub fn seen_from(&self, id: &str) -> Option<u64> {
        let whole = self.whole.get(id).map(|profile| profile.seen_from);
        whole.or_else(|| self.noted(id))
    }

    /// Those that weren't forgotten.
    pub fn all(&self) -> BTreeMap<String, Map<String, Value>> {
        let whole = self.whole.iter();
        whole
            .map(|(id, profile)| (id.clone(), profile.data.clone()))
            .collect()
    }

    fn noted(&self, id: &str) -> Option<u64> {
        let (hash, shard) = place(id);
        self.forgotten.get(shard)?.get(&hash).copied()
    }
}

/// Its hash, and the map that would have it.
fn place(id: &str) -> (u64, usize) {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
    // The high bits, since the map goes by the low ones; it fits.
    (hash, (hash / (u64::MAX / SHARDS + 1)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forgotten_exist() {
        let mut profiles = Profiles::default();
        for number in 0..5000 {
            profiles.note(&format!("u-{number}"), number);
            profiles.note(&format!("u-{number}"), number + 1);
        }
        for number in 0..5000 {
            assert_eq!(profiles.seen_from(&format!("u-{number}")), Some(number));
        }
        assert_eq!(profiles.seen_from("u-5000"), None);
        assert_eq!(profiles.data("u-1"), Some(Map::new()));
        assert!(profiles.data("u-5000").is_none() && profiles.all().is_empty());
    }
}
