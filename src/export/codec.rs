//! A snapshot as bytes, written and read as a stream.
//!
//! ```text
//! "mixtap snapshot\n"                     16 bytes
//! format                                   4 bytes, big-endian
//! length of the header                     4 bytes, big-endian
//! header                                   JSON, 64 KiB at most
//! entries, in ascending order             17 bytes each: fingerprint (16), profile state (1)
//! BLAKE3 of all the above                 32 bytes, in every format
//! ```

#[cfg(test)]
pub(super) mod tests;

use std::io::{self, Read, Write};

use super::snapshot::{Entry, Header, ProfileState};
use crate::domain::Destination;

pub(super) const MAGIC: &[u8; 16] = b"mixtap snapshot\n";
pub(super) const FORMAT: u32 = 1;
const PREFIX: usize = 24;
const MAX_HEADER: usize = 64 << 10;
pub(super) const ENTRY: usize = 17;
/// Where in an entry the profile state stands.
pub(super) const STATE: u64 = 16;
const CHECKSUM: usize = 32;

/// Why a snapshot can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not a whole snapshot, or one of another list: counts as none.
    #[error("The snapshot is damaged.")]
    Damaged,
    #[error("The snapshot was written by a newer release: upgrade to that release.")]
    TooNew,
}

/// Bytes of a snapshot of so many entries, whatever its header.
pub(super) fn size_at_most(entries: u64) -> u64 {
    (PREFIX + MAX_HEADER + CHECKSUM) as u64 + entries * ENTRY as u64
}

impl Entry {
    pub(super) fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [self.profile as u8; ENTRY];
        bytes[..ENTRY - 1].copy_from_slice(&self.fingerprint);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; ENTRY]) -> Option<Self> {
        let (fingerprint, [profile]) = bytes.split_first_chunk()? else {
            return None;
        };
        let profile = match profile {
            0 => ProfileState::NotSent,
            1 => ProfileState::Accepted,
            2 => ProfileState::Rejected,
            _ => return None,
        };
        Some(Entry {
            fingerprint: *fingerprint,
            profile,
        })
    }
}

/// Writes a snapshot whose entries, in ascending order, are these bytes.
pub(super) fn write(header: &Header, mut entries: impl Read, out: impl Write) -> io::Result<()> {
    let header = serde_json::to_vec(header)?;
    let length = u32::try_from(header.len()).map_err(io::Error::other)?;
    let mut out = Hashing(out, blake3::Hasher::new());
    out.write_all(MAGIC)?;
    out.write_all(&FORMAT.to_be_bytes())?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(&header)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match entries.read(&mut buffer)? {
            0 => break,
            read => out.write_all(&buffer[..read])?,
        }
    }
    let Hashing(mut out, hasher) = out;
    out.write_all(hasher.finalize().as_bytes())?;
    out.flush()
}

struct Hashing<W>(W, blake3::Hasher);

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Reads a snapshot piece by piece. Nothing of it may be used before [`Checker::finish`] says that
/// it is whole.
pub(super) struct Checker {
    of: Destination,
    hasher: blake3::Hasher,
    /// What has come and wasn't looked at: at its end may stand the checksum.
    pending: Vec<u8>,
    stage: Stage,
    last: Option<[u8; 16]>,
    count: u64,
}

enum Stage {
    Prefix,
    /// Of this many bytes.
    Header(usize),
    Entries(Box<Header>),
    /// Of a newer format.
    Newer,
    Damaged,
}

impl Checker {
    pub(super) fn new(of: &Destination) -> Self {
        Self {
            of: of.clone(),
            hasher: blake3::Hasher::new(),
            pending: Vec::new(),
            stage: Stage::Prefix,
            last: None,
            count: 0,
        }
    }

    /// Takes the next piece; whole entries go to `entries`.
    pub(super) fn push(&mut self, piece: &[u8], mut entries: impl Write) -> io::Result<()> {
        self.pending.extend_from_slice(piece);
        let ready = self.pending.len().saturating_sub(CHECKSUM);
        let mut used = 0;
        while let Some(size) = self.wanted(ready - used) {
            let (stage, part) = (
                std::mem::replace(&mut self.stage, Stage::Damaged),
                used..used + size,
            );
            let part = &self.pending[part];
            self.hasher.update(part);
            self.stage = match stage {
                Stage::Prefix => prefix(part),
                Stage::Header(_) => header(part, &self.of),
                Stage::Entries(header) if ascending(part, &mut self.last) => {
                    self.count += (size / ENTRY) as u64;
                    entries.write_all(part)?;
                    Stage::Entries(header)
                }
                Stage::Newer => Stage::Newer,
                Stage::Entries(_) | Stage::Damaged => Stage::Damaged,
            };
            used += size;
        }
        self.pending.drain(..used);
        Ok(())
    }

    /// How many of the bytes that are ready can be looked at now.
    fn wanted(&self, ready: usize) -> Option<usize> {
        let size = match self.stage {
            Stage::Prefix => PREFIX,
            Stage::Header(size) => size,
            Stage::Entries(_) => ready - ready % ENTRY,
            Stage::Newer | Stage::Damaged => ready,
        };
        (size <= ready && ready > 0 && size > 0).then_some(size)
    }

    /// The header, and the number of entries, once all of it has come.
    ///
    /// # Errors
    /// [`SnapshotError::TooNew`] only if the bytes are whole.
    pub(super) fn finish(self) -> Result<(Header, u64), SnapshotError> {
        let whole = self.pending == self.hasher.finalize().as_bytes();
        match self.stage {
            Stage::Entries(header) if whole => Ok((*header, self.count)),
            Stage::Newer if whole => Err(SnapshotError::TooNew),
            _ => Err(SnapshotError::Damaged),
        }
    }
}

fn prefix(bytes: &[u8]) -> Stage {
    let number = |at: usize| {
        bytes
            .get(at..at + 4)?
            .try_into()
            .ok()
            .map(u32::from_be_bytes)
    };
    let (Some(format), Some(length)) = (number(16), number(20)) else {
        return Stage::Damaged;
    };
    match usize::try_from(length) {
        _ if !bytes.starts_with(MAGIC) => Stage::Damaged,
        _ if format > FORMAT => Stage::Newer,
        Ok(length) if (1..=MAX_HEADER).contains(&length) => Stage::Header(length),
        _ => Stage::Damaged,
    }
}

fn header(json: &[u8], of: &Destination) -> Stage {
    match serde_json::from_slice::<Header>(json) {
        Ok(header) if header.destination == *of => Stage::Entries(Box::new(header)),
        _ => Stage::Damaged,
    }
}

fn ascending(entries: &[u8], last: &mut Option<[u8; 16]>) -> bool {
    let (entries, _) = entries.as_chunks::<ENTRY>();
    entries.iter().all(|bytes| {
        let Some(entry) = Entry::from_bytes(bytes) else {
            return false;
        };
        let before = last.replace(entry.fingerprint);
        before.is_none_or(|before| before < entry.fingerprint)
    })
}
