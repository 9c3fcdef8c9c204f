//! Records on disk, spread over buckets by the first byte of their key.
//!
//! Keys are fingerprints, so they spread evenly, and bucket after bucket sorted in memory is all of
//! them sorted: each record is written once and read once, whatever their number.
//!
//! One file holds the blocks of all buckets; each block begins with the place of the previous one
//! of its bucket (8 bytes, big-endian, all ones for none) and its own length (4 bytes).

use std::io::{self, Write as _};

use super::super::fingerprint::Fingerprint;
use super::super::scratch::{Scratch, Temp};

pub(super) const BUCKETS: usize = 256;
/// Bytes that a bucket gathers in memory before it writes a block.
const BLOCK: usize = 8 << 10;
const HEAD: usize = 12;
const NONE: u64 = u64::MAX;

/// A record: `number` tells which of equal keys came first.
#[derive(Clone, Copy)]
pub(in crate::export) struct Record<'a> {
    pub key: Fingerprint,
    pub number: u64,
    pub payload: &'a [u8],
}

/// Length of the payload (4), number (8), key (16).
const FIXED: usize = 28;

/// Buckets by the byte `depth` of the key.
pub(super) struct Buckets {
    pub scratch: Scratch,
    pub depth: usize,
    temp: Temp,
    buckets: Vec<Bucket>,
}

#[derive(Clone)]
struct Bucket {
    /// The next block, its head included.
    open: Vec<u8>,
    last: u64,
    /// Bytes of all its records.
    size: u64,
}

impl Buckets {
    pub(super) fn new(scratch: &Scratch, depth: usize) -> io::Result<Self> {
        let bucket = Bucket {
            open: Vec::new(),
            last: NONE,
            size: 0,
        };
        Ok(Self {
            scratch: scratch.clone(),
            depth,
            temp: scratch.temp()?,
            buckets: vec![bucket; BUCKETS],
        })
    }

    pub(super) fn push(
        &mut self,
        key: &Fingerprint,
        number: u64,
        payload: &[u8],
    ) -> io::Result<()> {
        let bucket = &mut self.buckets[usize::from(key[self.depth])];
        if bucket.open.is_empty() {
            bucket.open.reserve_exact(BLOCK);
            bucket.open.resize(HEAD, 0);
        }
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        let size = FIXED + payload.len();
        if bucket.open.len() + size > BLOCK && bucket.open.len() > HEAD {
            write(&mut self.temp, bucket)?;
        }
        bucket.open.extend_from_slice(&length.to_be_bytes());
        bucket.open.extend_from_slice(&number.to_be_bytes());
        bucket.open.extend_from_slice(key);
        bucket.open.extend_from_slice(payload);
        bucket.size += size as u64;
        Ok(())
    }

    /// Bytes of a bucket's records.
    pub(super) fn size(&self, bucket: usize) -> u64 {
        self.buckets[bucket].size
    }

    /// Shows each block's records, the latest block first.
    pub(super) fn blocks(
        &self,
        bucket: usize,
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let Bucket { open, last, .. } = &self.buckets[bucket];
        if open.len() > HEAD {
            each(&open[HEAD..])?;
        }
        let (mut at, mut block) = (*last, Vec::new());
        while at != NONE {
            let mut head = [0; HEAD];
            self.temp.read_at(&mut head, at)?;
            let (previous, length) = head.split_at(8);
            let length = u32::from_be_bytes(length.try_into().expect("4 bytes"));
            block.resize(length as usize, 0);
            self.temp.read_at(&mut block, at + HEAD as u64)?;
            each(&block)?;
            at = u64::from_be_bytes(previous.try_into().expect("8 bytes"));
        }
        Ok(())
    }

    /// All records have come: what was gathered in memory stays there, without room for more.
    pub(super) fn close(&mut self) {
        for bucket in &mut self.buckets {
            bucket.open.shrink_to_fit();
        }
    }
}

fn write(temp: &mut Temp, bucket: &mut Bucket) -> io::Result<()> {
    let at = temp.len();
    let length = u32::try_from(bucket.open.len() - HEAD).map_err(io::Error::other)?;
    bucket.open[..8].copy_from_slice(&bucket.last.to_be_bytes());
    bucket.open[8..HEAD].copy_from_slice(&length.to_be_bytes());
    temp.write_all(&bucket.open)?;
    bucket.last = at;
    bucket.open.truncate(HEAD);
    // One large record must not keep its room.
    bucket.open.shrink_to(BLOCK);
    Ok(())
}

/// The records of a block, in the order they came.
pub(super) fn records(mut block: &[u8]) -> impl Iterator<Item = (usize, Record<'_>)> {
    let whole = block.len();
    std::iter::from_fn(move || {
        let at = whole - block.len();
        let (record, rest) = record(block)?;
        block = rest;
        Some((at, record))
    })
}

/// The record that these bytes begin with, and what follows it.
pub(super) fn record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let (key, rest) = rest.split_first_chunk()?;
    let (payload, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let record = Record {
        key: *key,
        number: u64::from_be_bytes(*number),
        payload,
    };
    Some((record, rest))
}
