//! A new list as files, in one pass over a read and the previous list: what CleverTap gets, whom it
//! must know first, and what is kept of it.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use super::compare::{Diff, Walk};
use super::scratch::{Named, Scratch, Temp};
use super::snapshot::{Entry, ProfileState, Snapshot};
use super::spool::payload;
use super::spool::{Record, Spooled};
use crate::clevertap::ListWriter;

const BUFFER: usize = 64 << 10;
/// In a place in `fresh`: the profile was pending after an earlier run.
pub(super) const PENDING: u64 = 1 << 63;

/// Which profiles are sent.
#[derive(Clone, Copy)]
pub(super) struct Send {
    /// Those that CleverTap isn't known to have.
    pub new: bool,
    /// Those that it rejected.
    pub rejected: bool,
}

/// The files are in the order of the fingerprints.
pub(super) struct Draft {
    pub list: Named,
    /// The snapshot's entries. Profiles that are to be sent stand there as accepted.
    pub entries: Temp,
    /// Members whose profiles are to be sent: the entry's place (8 bytes, see [`PENDING`]), the length (4 bytes) and
    /// the payload of each.
    pub fresh: Arc<Temp>,
    pub fresh_count: u64,
    /// Of them, those that were in the previous list too and that no rejection keeps waiting.
    pub unsettled: u64,
    /// Identities in the list.
    pub exported: u64,
    pub duplicates: u64,
    pub diff: Diff,
}

impl Draft {
    /// Blocks. `previous` is a list whose fingerprints were made with the same key.
    pub(super) fn make(
        spooled: Spooled,
        previous: Option<&Snapshot>,
        send: Send,
        scratch: &Scratch,
    ) -> io::Result<Self> {
        let (mut list, mut entries, mut fresh) =
            (scratch.named()?, scratch.temp()?, scratch.temp()?);
        let mut csv = ListWriter::new(BufWriter::with_capacity(BUFFER, &mut list.temp))?;
        let mut entries_out = BufWriter::with_capacity(BUFFER, &mut entries);
        let mut fresh_out = BufWriter::with_capacity(BUFFER, &mut fresh);
        let before = previous.map(Snapshot::entries).into_iter().flatten();
        let mut walk = Walk::new(before)?;
        let (mut exported, mut duplicates, mut fresh_count, mut unsettled) = (0_u64, 0, 0, 0);
        spooled.drain(|Record { key, payload, .. }, first| {
            if !first {
                duplicates += 1;
                return Ok(());
            }
            let known = walk.step(&key)?;
            let (identity, _) = payload::read(payload).ok_or(io::ErrorKind::InvalidData)?;
            csv.push(identity)?;
            let mut profile = known.unwrap_or(ProfileState::NotSent);
            if send.wants(profile) {
                let pending = known == Some(ProfileState::NotSent);
                unsettled += u64::from(pending);
                let place = exported | if pending { PENDING } else { 0 };
                profile = ProfileState::Accepted;
                let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
                fresh_out.write_all(&place.to_be_bytes())?;
                fresh_out.write_all(&length.to_be_bytes())?;
                fresh_out.write_all(payload)?;
                fresh_count += 1;
            }
            let entry = Entry {
                fingerprint: key,
                profile,
            };
            entries_out.write_all(&entry.to_bytes())?;
            exported += 1;
            Ok(())
        })?;
        csv.finish()?.flush()?;
        entries_out.flush()?;
        fresh_out.flush()?;
        let diff = walk.end()?;
        drop((entries_out, fresh_out));
        Ok(Self {
            list,
            entries,
            fresh: Arc::new(fresh),
            fresh_count,
            unsettled,
            exported,
            duplicates,
            diff,
        })
    }
}

impl Send {
    fn wants(self, profile: ProfileState) -> bool {
        match profile {
            ProfileState::NotSent => self.new,
            ProfileState::Accepted => false,
            ProfileState::Rejected => self.rejected,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::super::fingerprint::{Fingerprint, FingerprintKey};
    use super::super::snapshot::tests::{header_of, snapshot_of};
    use super::super::spool::tests::{naive, rows, spooled};
    use super::*;
    use crate::domain::Shape;

    fn read(temp: &Temp) -> Vec<u8> {
        let mut bytes = Vec::new();
        temp.reader().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// The payloads in `fresh`, by their places.
    fn payloads(mut fresh: &[u8]) -> BTreeMap<u64, Vec<u8>> {
        let mut found = BTreeMap::new();
        while let Some((place, rest)) = fresh.split_first_chunk() {
            let (length, rest) = rest.split_first_chunk().unwrap();
            let (payload, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
            found.insert(u64::from_be_bytes(*place) & !PENDING, payload.to_vec());
            fresh = rest;
        }
        found
    }

    fn state() -> impl Strategy<Value = ProfileState> {
        use ProfileState::{Accepted, NotSent, Rejected};
        prop_oneof![Just(NotSent), Just(Accepted), Just(Rejected)]
    }

    proptest! {
        /// List, entries and members to be sent are those that maps in memory give.
        #[test]
        fn the_files_are_those_of_the_naive_way(
            rows in rows(),
            before in prop::collection::btree_map("[a-f]{1,2}", state(), 0..20),
            (new, rejected) in (any::<bool>(), any::<bool>()),
        ) {
            let (key, dir) = (FingerprintKey::new([7; 32]), tempfile::tempdir().unwrap());
            let scratch = Scratch::new(dir.path(), u64::MAX);
            let entry = |(id, profile): (&String, &ProfileState)| Entry { fingerprint: key.fingerprint(id), profile: *profile };
            let (snapshot, _dir) = snapshot_of(header_of(Shape { basis: 1, whole: 2 }, &key), before.iter().map(entry).collect());
            let send = Send { new, rejected };
            let spooled = spooled(&rows, 100, &scratch).unwrap();
            let draft = Draft::make(spooled, Some(&snapshot), send, &scratch).unwrap();

            let (members, [.., duplicates]) = naive(&rows);
            let sorted: BTreeMap<Fingerprint, &String> = members.keys().map(|id| (key.fingerprint(id), id)).collect();
            let mut list = String::from("Type,Identity\n");
            sorted.values().for_each(|id| list.extend(["i,", id, "\n"]));
            prop_assert_eq!(String::from_utf8(read(&draft.list.temp)).unwrap(), list);
            let (mut entries, mut fresh) = (Vec::new(), BTreeMap::new());
            for (place, (fingerprint, id)) in (0_u64..).zip(&sorted) {
                let known = before.get(*id).copied().unwrap_or(ProfileState::NotSent);
                let profile = if send.wants(known) {
                    fresh.insert(place, (*id).clone());
                    ProfileState::Accepted
                } else {
                    known
                };
                entries.extend(Entry { fingerprint: *fingerprint, profile }.to_bytes());
            }
            prop_assert_eq!(read(&draft.entries), entries);
            let found = payloads(&read(&draft.fresh));
            let identities = found.into_iter().map(|(place, bytes)| (place, payload::read(&bytes).unwrap().0.to_owned()));
            prop_assert_eq!(identities.collect::<BTreeMap<_, _>>(), fresh.clone());
            prop_assert_eq!((draft.exported, draft.duplicates), (members.len() as u64, duplicates));
            prop_assert_eq!(draft.fresh_count, fresh.len() as u64);
            let unsettled = fresh.values().filter(|id| before.get(*id) == Some(&ProfileState::NotSent));
            prop_assert_eq!(draft.unsettled, unsettled.count() as u64);
            let both = members.keys().filter(|id| before.contains_key(*id)).count() as u64;
            let diff = Diff {
                added: members.len() as u64 - both,
                removed: before.len() as u64 - both,
                unchanged: both,
            };
            prop_assert_eq!(draft.diff, diff);
        }
    }
}
