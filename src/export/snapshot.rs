//! What one list holds, as it is kept in the state store.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RunError;
use super::before::unusable;
use super::codec::{self, Checker, SnapshotError};
use super::fingerprint::Fingerprint;
use super::scratch::{self, Reader, Scratch, Temp, blocking};
use crate::domain::{Counts, Destination};
use crate::state::Object;
use tokio::sync::mpsc;

/// Pieces between the store and our disk.
const AHEAD: usize = 4;

/// What CleverTap knows of a list's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProfileState {
    /// Never sent as a profile.
    NotSent = 0,
    Accepted = 1,
    Rejected = 2,
}

/// An identity of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub fingerprint: Fingerprint,
    pub profile: ProfileState,
}

/// What a snapshot says beside its entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub destination: Destination,
    pub segment_id: Option<String>,
    pub cohort_id: i64,
    pub cohort_name: String,
    /// Fingerprint of what the identities are made of.
    pub identity: u32,
    /// Of the run, 16 hexadecimal digits.
    pub shape: String,
    /// Of the fingerprints.
    pub key_id: String,
    /// The run that uploaded the list last.
    pub run_id: String,
    pub counts: Counts,
    /// When CleverTap accepted the list.
    pub uploaded: Timestamp,
    /// When the profiles that are still rejected were sent last.
    pub rejected_sent: Timestamp,
    /// That run created profiles, which CleverTap may not have known yet when it processed the
    /// list: it is uploaded once more even if it stays the same.
    pub confirm_due: bool,
}

/// A list as it was accepted by CleverTap: its snapshot, found whole, on our disk.
pub(super) struct Snapshot {
    pub header: Header,
    /// How many identities the list holds.
    pub count: u64,
    /// Its entries' bytes.
    entries: Arc<Temp>,
}

impl Snapshot {
    /// Fetches the snapshot of this list; the inner error is damage.
    pub(super) async fn fetch(
        mut object: Object,
        of: &Destination,
        scratch: &Scratch,
    ) -> Result<Result<Self, SnapshotError>, RunError> {
        let mut checker = Checker::new(of);
        let mut entries = scratch.temp().map_err(|e| scratch::failed(&e))?;
        let (pieces, mut incoming) = mpsc::channel::<Bytes>(AHEAD);
        let checking = blocking(move || {
            while let Some(piece) = incoming.blocking_recv() {
                checker.push(&piece, &mut entries)?;
            }
            Ok((checker, entries))
        });
        while let Some(piece) = object.chunk().await.map_err(unusable)? {
            if pieces.send(piece).await.is_err() {
                break;
            }
        }
        drop(pieces);
        let (checker, entries) = checking.await.map_err(|e| scratch::failed(&e))?;
        let checked = checker.finish();
        Ok(checked.map(|(header, count)| Self {
            header,
            count,
            entries: Arc::new(entries),
        }))
    }

    /// In ascending order, each fingerprint once.
    pub(super) fn entries(&self) -> Entries<'_> {
        Entries(BufReader::with_capacity(64 << 10, self.entries.reader()))
    }

    /// The same as bytes, for a snapshot under another header.
    pub(super) fn bytes(&self) -> Arc<Temp> {
        Arc::clone(&self.entries)
    }
}

/// Entries, one after the other.
pub(super) struct Entries<'a>(BufReader<Reader<'a>>);

impl Iterator for Entries<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = [0; codec::ENTRY];
        match self.0.fill_buf() {
            Ok([]) => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
        let read = self.0.read_exact(&mut bytes);
        let entry = read.and_then(|()| {
            Entry::from_bytes(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
        });
        Some(entry)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::fingerprint::FingerprintKey;
    use super::*;
    use crate::domain::Shape;

    pub fn list(segment: &str) -> Destination {
        Destination {
            host: "api.example.com".into(),
            project: "TEST-1".into(),
            segment: segment.into(),
        }
    }

    /// Of a snapshot of cohort 4311 by the identity rule 7 as the list "one", made at the start of
    /// 2026.
    pub fn header_of(shape: Shape, key: &FingerprintKey) -> Header {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        Header {
            destination: list("one"),
            segment_id: Some("123".into()),
            cohort_id: 4311,
            cohort_name: "Cart drop off".into(),
            identity: 7,
            shape: shape.to_string(),
            key_id: key.id(),
            run_id: shape.run_id("uid", "due"),
            counts: Counts {
                rejected_codes: [("515".into(), 2)].into(),
                ..Counts::default()
            },
            uploaded: now,
            rejected_sent: now,
            confirm_due: false,
        }
    }

    /// A snapshot under this header, and the folder that it lies in.
    pub fn snapshot_of(header: Header, mut entries: Vec<Entry>) -> (Snapshot, tempfile::TempDir) {
        entries.sort_by_key(|entry| entry.fingerprint);
        let dir = tempfile::tempdir().unwrap();
        let mut file = Scratch::new(dir.path(), u64::MAX).temp().unwrap();
        for entry in &entries {
            io::Write::write_all(&mut file, &entry.to_bytes()).unwrap();
        }
        let snapshot = Snapshot {
            header,
            count: entries.len() as u64,
            entries: Arc::new(file),
        };
        (snapshot, dir)
    }
}
