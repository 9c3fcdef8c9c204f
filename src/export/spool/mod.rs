//! The rows of a read, on disk: who goes over, and who came more than once.
//!
//! Rows come in any order; `number` is a row's place in the read, and of two rows that say the same
//! the lower number counts. Memory stays the same whatever the number of rows.

mod buckets;
mod drain;
pub(super) mod payload;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use buckets::Buckets;
pub(super) use buckets::Record;

use super::fingerprint::FingerprintKey;
use super::scratch::Scratch;
use crate::domain::IdentityRule;
use crate::domain::identity::{Resolution, resolve};
use crate::mixpanel::{Batch, Member, Tally};

/// Rows that may repeat another one's distinct id, where that is no mismatch: each is remembered.
const REPEATED: usize = 100_000;

/// What becomes of a row, as it is noted in the lowest bits of its number.
const FATES: usize = 3;
const IDENTITY: usize = 0;
const ANONYMOUS: usize = 1;
const NO_IDENTITY: usize = 2;

/// Which of the properties that were asked for mean what.
#[derive(Clone)]
pub(super) struct Layout {
    pub rule: IdentityRule,
    /// The place of the identity property among those asked for.
    pub own: usize,
    /// The places of what a profile carries; none where no profiles are created.
    pub profile: Arc<[usize]>,
}

/// The rows so far.
pub(super) struct Spool {
    key: FingerprintKey,
    layout: Layout,
    members: Buckets,
    /// One record a row: its distinct id, and `number * FATES + fate`.
    ids: Buckets,
    any_property: bool,
    /// Of the row at hand.
    payload: Vec<u8>,
}

/// A whole read, by identity. Of the distinct rows, each is a member, skipped or a duplicate.
pub(super) struct Spooled {
    members: Buckets,
    /// Rows whose distinct id came before.
    repeated: HashSet<u64>,
    pub rows: u64,
    pub skipped_anonymous: u64,
    pub skipped_no_identity: u64,
    /// At least one row carried a property that was asked for.
    pub any_property: bool,
}

/// Why a read can't be used.
#[derive(Debug)]
pub(super) enum Unusable {
    /// It doesn't add up: another one may.
    Broken(String),
    Disk(io::Error),
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Spool {
    pub(super) fn new(scratch: &Scratch, key: &FingerprintKey, layout: Layout) -> io::Result<Self> {
        Ok(Self {
            key: key.clone(),
            layout,
            members: Buckets::new(scratch, 0)?,
            ids: Buckets::new(scratch, 0)?,
            any_property: false,
            payload: Vec::new(),
        })
    }

    /// Takes all rows that come. Blocks: for a thread of its own.
    pub(super) fn fill(mut self, rows: impl Iterator<Item = Batch>) -> io::Result<Self> {
        for batch in rows {
            self.take(&batch)?;
        }
        Ok(self)
    }

    pub(super) fn take(&mut self, batch: &Batch) -> io::Result<()> {
        batch.members().try_for_each(|member| self.row(&member))
    }

    fn row(&mut self, row: &Member<'_>) -> io::Result<()> {
        let Layout { rule, own, profile } = &self.layout;
        let value = row.value(*own);
        if !self.any_property {
            let asked = profile.iter().chain([own]);
            self.any_property = asked.filter_map(|i| row.raw(*i)).any(|raw| raw != "null");
        }
        let (fate, mut id_key) = match resolve(row.distinct_id, value.as_ref(), rule) {
            Resolution::Anonymous => (ANONYMOUS, None),
            Resolution::NoIdentity => (NO_IDENTITY, None),
            Resolution::Identity(identity) => {
                let key = self.key.fingerprint(identity);
                payload::write(
                    &mut self.payload,
                    identity,
                    profile.iter().map(|i| row.raw(*i)),
                );
                self.members.push(&key, row.number, &self.payload)?;
                (IDENTITY, (identity == row.distinct_id).then_some(key))
            }
        };
        let id_key = id_key.get_or_insert_with(|| self.key.fingerprint(row.distinct_id));
        let number = row.number * FATES as u64 + fate as u64;
        self.ids.push(id_key, number, b"")
    }

    /// Whether the session adds up, and what it brought. Blocks.
    pub(super) fn close(self, tally: &Tally) -> Result<Spooled, Unusable> {
        let mut spooled = Spooled {
            members: self.members,
            repeated: HashSet::new(),
            rows: 0,
            skipped_anonymous: 0,
            skipped_no_identity: 0,
            any_property: self.any_property,
        };
        let (mut fates, mut pages) = ([0; FATES], Pages::default());
        let (mut too_many, repeated) = (false, &mut spooled.repeated);
        self.ids.drain(&|_| true, &mut |record, first| {
            let number = record.number / FATES as u64;
            pages.seen(tally.page_of(number), first);
            if first {
                fates[(record.number % FATES as u64) as usize] += 1;
            } else if repeated.len() < REPEATED {
                repeated.insert(number);
            } else {
                too_many = true;
            }
            Ok(())
        })?;
        let distinct = fates.iter().sum();
        let adds_up = tally.adds_up(distinct, pages.repeat());
        adds_up.map_err(|why| Unusable::Broken(why.to_string()))?;
        if too_many {
            return Err(Unusable::Broken("too many members came twice".to_owned()));
        }
        spooled.rows = distinct;
        spooled.skipped_anonymous = fates[ANONYMOUS];
        spooled.skipped_no_identity = fates[NO_IDENTITY];
        Ok(spooled)
    }
}

impl Spooled {
    /// Shows every identity's rows in the order of their fingerprints, the one that counts first.
    pub(super) fn drain(
        self,
        mut each: impl FnMut(Record<'_>, bool) -> io::Result<()>,
    ) -> io::Result<()> {
        let Self {
            members, repeated, ..
        } = self;
        members.drain(&|number| !repeated.contains(&number), &mut each)
    }
}

/// Which pages brought rows, and which a row that is the first of its id.
#[derive(Default)]
struct Pages(Vec<u8>);

impl Pages {
    const ROWS: u8 = 1;
    const FIRST: u8 = 2;

    fn seen(&mut self, page: u64, first: bool) {
        let page = usize::try_from(page).unwrap_or(usize::MAX);
        if self.0.len() <= page {
            self.0.resize(page + 1, 0);
        }
        self.0[page] |= Self::ROWS | if first { Self::FIRST } else { 0 };
    }

    /// A page that has rows, and brought none that no other had brought.
    fn repeat(&self) -> bool {
        self.0.contains(&Self::ROWS)
    }
}

#[cfg(test)]
pub(super) mod tests;
