//! One read for all exports of a connector that use the same cohort and are due together.
//!
//! The first of them reads, into a file; those that come while it does, or shortly after, read that
//! file. Nobody takes a read that began before the time it is due: it would be out of date.

use std::collections::HashMap;
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::Shared;
use super::read::asked;
use super::scratch::{Scratch, Temp};
use super::spool::Spool;
use crate::domain::{ConnectorPlan, ExportPlan};
use crate::mixpanel::{Batch, Member, Tally};

/// How long a read is kept for those that are due together with it and come late.
const KEPT: Duration = Duration::from_secs(60);
const BUFFER: usize = 64 << 10;

/// Which reads are the same: whose they are, cohort id, and what is asked for.
pub(super) type Key = (String, i64, Vec<String>);

/// Whose reads these are: those of one connector, as long as it reads the same way.
pub fn reader(connector: &str, plan: &ConnectorPlan) -> String {
    format!(
        "{connector} {} {} {:?} {:?} {:?}",
        plan.mixpanel_base,
        plan.mixpanel_project,
        plan.mixpanel_workspace,
        plan.total_check,
        plan.page_size
    )
}

/// The reads of the process that are shared. Clones are the same.
#[derive(Clone, Default)]
pub struct SharedReads(Arc<Mutex<HashMap<Key, Place>>>);

struct Place {
    began: Timestamp,
    read: watch::Receiver<Option<Arc<Kept>>>,
}

/// A whole session, as its rows came.
pub(super) struct Kept {
    rows: Temp,
    properties: usize,
    pub tally: Tally,
    pub began: Timestamp,
}

/// What an export does about a read.
pub(super) enum Part {
    /// Reads, and tells the others.
    Lead(Lead),
    /// Waits for who reads. It closes without a value if that read fails.
    Follow(watch::Receiver<Option<Arc<Kept>>>),
}

/// The read that others wait for. They read for themselves if it is dropped without a result.
pub(super) struct Lead {
    reads: SharedReads,
    key: Key,
    pub began: Timestamp,
    read: watch::Sender<Option<Arc<Kept>>>,
}

impl SharedReads {
    /// Whether a read of this cohort that serves this export too is under way or just done: its run
    /// needs no query of its own.
    pub fn has(&self, shared: &Shared, export: &ExportPlan, cohort: i64) -> bool {
        let properties = asked(export, Some(shared)).into_iter().cloned().collect();
        let key = (shared.reader.clone(), cohort, properties);
        let reads = self.lock();
        reads
            .get(&key)
            .is_some_and(|place| place.serves(shared.since))
    }

    pub(super) fn part(&self, key: &Key, since: Timestamp) -> Part {
        let mut reads = self.lock();
        if let Some(place) = reads.get(key).filter(|place| place.serves(since)) {
            return Part::Follow(place.read.clone());
        }
        let (sender, read) = watch::channel(None);
        let began = Timestamp::now();
        reads.insert(key.clone(), Place { began, read });
        Part::Lead(Lead {
            reads: self.clone(),
            key: key.clone(),
            began,
            read: sender,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Place>> {
        // Each change is whole, so a panic elsewhere spoils none.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, key: &Key, began: Timestamp) {
        let mut reads = self.lock();
        if reads.get(key).is_some_and(|place| place.began == began) {
            reads.remove(key);
        }
    }
}

impl Place {
    fn serves(&self, since: Timestamp) -> bool {
        let failed = self.read.has_changed().is_err() && self.read.borrow().is_none();
        self.began >= since && !failed
    }
}

impl Lead {
    /// The read is whole.
    pub(super) fn done(self, kept: Arc<Kept>) {
        self.read.send_replace(Some(kept));
        tokio::spawn(async move {
            tokio::time::sleep(KEPT).await;
            drop(self);
        });
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.reads.forget(&self.key, self.began);
    }
}

impl Kept {
    /// Writes all rows that come. Blocks: for a thread of its own.
    pub(super) fn fill(scratch: &Scratch, rows: impl Iterator<Item = Batch>) -> io::Result<Temp> {
        let mut file = scratch.temp()?;
        let mut out = BufWriter::with_capacity(BUFFER, &mut file);
        for batch in rows {
            batch
                .members()
                .try_for_each(|row| write(&mut out, &row, batch.properties()))?;
        }
        out.flush()?;
        drop(out);
        Ok(file)
    }

    pub(super) fn new(rows: Temp, properties: usize, tally: Tally, began: Timestamp) -> Self {
        Self {
            rows,
            properties,
            tally,
            began,
        }
    }

    /// Shows all rows to this spool. Blocks.
    pub(super) fn pour(&self, spool: &mut Spool) -> io::Result<()> {
        let mut file = BufReader::with_capacity(BUFFER, self.rows.reader());
        let (mut texts, mut more) = (vec![String::new(); 1 + self.properties], true);
        while more {
            let mut batch = Batch::new(self.properties);
            while !batch.is_full() && more {
                more = read(&mut file, &mut batch, &mut texts)?;
            }
            spool.take(&batch)?;
        }
        Ok(())
    }
}

/// A row: its number (8 bytes), then id and properties, each after its length (4 bytes).
fn write(out: &mut impl io::Write, row: &Member<'_>, properties: usize) -> io::Result<()> {
    out.write_all(&row.number.to_be_bytes())?;
    let values = (0..properties).map(|i| row.raw(i).unwrap_or_default());
    for text in std::iter::once(row.distinct_id).chain(values) {
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        out.write_all(&length.to_be_bytes())?;
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// The next row into `batch`; false at the end.
fn read(file: &mut impl io::BufRead, batch: &mut Batch, texts: &mut [String]) -> io::Result<bool> {
    if file.fill_buf()?.is_empty() {
        return Ok(false);
    }
    let mut number = [0; 8];
    file.read_exact(&mut number)?;
    for text in &mut *texts {
        let mut length = [0; 4];
        file.read_exact(&mut length)?;
        let length = u64::from(u32::from_be_bytes(length));
        text.clear();
        if file.take(length).read_to_string(text)? as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let values: Vec<_> = texts[1..]
        .iter()
        .map(|text| Some(text.as_str()).filter(|t| !t.is_empty()))
        .collect();
    batch.push(u64::from_be_bytes(number), &texts[0], &values);
    Ok(true)
}
