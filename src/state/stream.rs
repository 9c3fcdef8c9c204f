//! Objects that are too large for memory: read and written piece by piece.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::{GetResultPayload, MultipartUpload, ObjectStoreExt as _};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use super::StateError;
use super::store::{DEADLINE, Store, allowance, within};

/// Bytes that are read from a disk at a time.
const CHUNK: usize = 256 << 10;
/// Bytes of a part: S3 takes none below 5 MiB but the last [doc]. On a disk any will do.
const PART: usize = 5 << 20;
const DISK_PART: usize = 1 << 20;
/// A smaller file goes in a single put, except to a disk, which needn't hold it in memory.
const SMALL: u64 = 8 << 20;

/// An object that is being read.
pub struct Object {
    /// Bytes; a read that ends short of them is an error.
    pub size: u64,
    unread: u64,
    /// What all the waiting may still take: the reader's own time doesn't count.
    patience: Duration,
    source: Source,
}

enum Source {
    Disk(File),
    Remote(BoxStream<'static, object_store::Result<Bytes>>),
}

/// The store's state is no secret, but what it holds is nobody's to see.
impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({} of {} bytes unread)", self.unread, self.size)
    }
}

impl Object {
    /// The next bytes; none at its end.
    ///
    /// # Errors
    /// When the store doesn't answer in time, or fails: what was read so far isn't the object.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, StateError> {
        let started = Instant::now();
        let deadline = DEADLINE.min(self.patience);
        let chunk = within(deadline, self.source.next()).await;
        self.patience = self.patience.saturating_sub(started.elapsed());
        let chunk = chunk?;
        let size = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        let cut = StateError::Unavailable("an object isn't as long as it says");
        self.unread = self.unread.checked_sub(size).ok_or(cut.clone())?;
        match chunk {
            None if self.unread > 0 => Err(cut),
            chunk => Ok(chunk),
        }
    }
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>, StateError> {
        match self {
            Self::Disk(file) => {
                let piece = read(file, CHUNK).await?;
                Ok((!piece.is_empty()).then_some(piece))
            }
            Self::Remote(stream) => Ok(stream.next().await.transpose()?),
        }
    }
}

impl Store {
    /// `None` if there is no such object.
    pub(super) async fn open_object(
        &self,
        key: &str,
        limit: u64,
    ) -> Result<Option<Object>, StateError> {
        let path = self.path(key);
        let found = within(DEADLINE, async {
            match self.inner.get(&path).await {
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                found => Ok(Some(found?)),
            }
        });
        let Some(found) = found.await? else {
            return Ok(None);
        };
        let size = found.meta.size;
        if size > limit {
            return Err(StateError::TooLarge(limit));
        }
        let source = match found.payload {
            GetResultPayload::File(file, _) => {
                let mut file = File::from_std(file);
                file.set_max_buf_size(CHUNK);
                Source::Disk(file)
            }
            GetResultPayload::Stream(stream) => Source::Remote(stream),
        };
        Ok(Some(Object {
            size,
            unread: size,
            patience: DEADLINE + allowance(size),
            source,
        }))
    }

    /// Puts a file of a disk: the object is there as a whole or not at all.
    pub(super) async fn put_file(
        &self,
        key: &str,
        file: &Path,
        limit: u64,
    ) -> Result<(), StateError> {
        let (mut file, size) = within(DEADLINE, async {
            let mut file = File::open(file).await.map_err(unreadable)?;
            file.set_max_buf_size(CHUNK);
            let size = file.metadata().await.map_err(unreadable)?.len();
            Ok((file, size))
        })
        .await?;
        if size > limit {
            return Err(StateError::TooLarge(limit));
        }
        if self.disk.is_none() && size < SMALL {
            let whole = within(DEADLINE, read(&mut file, size as usize)).await?;
            return self.put(key, whole, limit).await;
        }
        let path = self.path(key);
        let opened = within(DEADLINE, async {
            Ok(self.inner.put_multipart(&path).await?)
        });
        let mut upload = opened.await?;
        let part = if self.disk.is_some() { DISK_PART } else { PART };
        let put = within(
            DEADLINE + allowance(size),
            put_parts(&mut *upload, file, size, part),
        );
        let put = put.await;
        if put.is_err() {
            // It would take room for ever; a store that doesn't answer now can't be helped.
            let _ = timeout(DEADLINE, upload.abort()).await;
        }
        put
    }
}

/// Sends one part while the next is read: two at most are in memory.
async fn put_parts(
    upload: &mut dyn MultipartUpload,
    mut file: File,
    size: u64,
    part: usize,
) -> Result<(), StateError> {
    let (mut sent, mut next) = (0, read(&mut file, part).await?);
    while !next.is_empty() {
        sent += next.len() as u64;
        let put = upload.put_part(next.into());
        let put = async { put.await.map_err(StateError::from) };
        ((), next) = tokio::try_join!(put, read(&mut file, part))?;
    }
    if sent != size {
        return Err(StateError::Unavailable(
            "the file to keep changes meanwhile",
        ));
    }
    upload.complete().await?;
    Ok(())
}

/// So many bytes, fewer only at the end.
async fn read(file: &mut File, bytes: usize) -> Result<Bytes, StateError> {
    let mut piece = BytesMut::with_capacity(bytes);
    let mut file = file.take(bytes as u64);
    while piece.len() < bytes && file.read_buf(&mut piece).await.map_err(unreadable)? > 0 {}
    Ok(piece.freeze())
}

fn unreadable(error: std::io::Error) -> StateError {
    StateError::of_disk(error.kind())
}
