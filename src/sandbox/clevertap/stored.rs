//! A list file as it was put: a small one in memory, a large one in an unlinked file on disk.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    os::unix::fs::FileExt,
    sync::Arc,
};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;

/// What is larger goes to disk.
pub(super) const IN_MEMORY: u64 = 1 << 20;
/// The largest file, in bytes; S3 itself takes 5 GB \[doc\].
const LARGEST: u64 = 1 << 30;
const READ_AHEAD: usize = 256 << 10;

/// Cheap to clone. The file is gone with its last holder.
#[derive(Clone)]
pub(super) enum Stored {
    Memory(Bytes),
    Disk(Arc<File>, u64),
}

/// Why nothing was stored.
pub(super) enum NotStored {
    /// The body ended early.
    Cut,
    TooLarge,
    /// Our own disk.
    Disk,
}

impl Default for Stored {
    fn default() -> Self {
        Stored::Memory(Bytes::new())
    }
}

impl Stored {
    /// Takes a request's body as it comes.
    pub async fn receive(body: Body) -> Result<Self, NotStored> {
        let mut pieces = body.into_data_stream();
        let (mut room, mut file, mut length) = (BytesMut::new(), None, 0);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| NotStored::Cut)?;
            length += piece.len() as u64;
            if length > LARGEST {
                return Err(NotStored::TooLarge);
            }
            room.extend_from_slice(&piece);
            if room.len() as u64 > IN_MEMORY {
                flush(&mut file, &mut room).map_err(|_| NotStored::Disk)?;
            }
        }
        if file.is_none() {
            return Ok(Stored::Memory(room.freeze()));
        }
        flush(&mut file, &mut room).map_err(|_| NotStored::Disk)?;
        let file = file.ok_or(NotStored::Disk)?;
        Ok(Stored::Disk(Arc::new(file), length))
    }

    pub fn len(&self) -> u64 {
        match self {
            Stored::Memory(bytes) => bytes.len() as u64,
            Stored::Disk(_, length) => *length,
        }
    }

    pub fn is_large(&self) -> bool {
        matches!(self, Stored::Disk(..))
    }

    /// From its beginning; each reader has a place of its own.
    pub fn reader(&self) -> BufReader<Reader> {
        let (stored, at) = (self.clone(), 0);
        BufReader::with_capacity(READ_AHEAD, Reader { stored, at })
    }

    /// All of it; short where our disk fails.
    pub fn bytes(&self) -> Bytes {
        if let Stored::Memory(bytes) = self {
            return bytes.clone();
        }
        let mut bytes = Vec::new();
        // A test's comparison would show it.
        let _ = self.reader().read_to_end(&mut bytes);
        bytes.into()
    }
}

/// A write to the page cache takes less than handing it to another thread.
fn flush(file: &mut Option<File>, room: &mut BytesMut) -> io::Result<()> {
    if file.is_none() {
        *file = Some(tempfile::tempfile()?);
    }
    if let Some(file) = file {
        file.write_all(room)?;
        room.clear();
    }
    Ok(())
}

pub(super) struct Reader {
    stored: Stored,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = match &self.stored {
            Stored::Disk(file, _) => file.read_at(room, self.at)?,
            Stored::Memory(bytes) => {
                let at = usize::try_from(self.at).unwrap_or(usize::MAX);
                bytes.get(at..).unwrap_or_default().read(room)?
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}
