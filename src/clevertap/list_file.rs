//! The file of a list on disk: sent from there, and never whole in memory.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes that are read and sent at a time.
const PIECE: u64 = 128 << 10;

/// A file that a [`ListWriter`](super::ListWriter) wrote.
#[derive(Clone, Debug)]
pub struct ListFile {
    pub path: PathBuf,
    /// Its exact size, which is sent ahead of it.
    pub bytes: u64,
}

impl ListFile {
    /// The file as the body of a request, and how far it has got.
    pub(super) fn body(&self) -> (reqwest::Body, Arc<Transfer>) {
        let transfer = Arc::new(Transfer::default());
        let body = FileBody {
            left: self.bytes,
            state: State::Closed(self.path.clone()),
            transfer: transfer.clone(),
        };
        (reqwest::Body::wrap(body), transfer)
    }
}

/// How far a body has got.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    taken: AtomicU64,
    broken: OnceLock<&'static str>,
}

impl Transfer {
    /// Bytes that the connection has taken.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Why the file itself couldn't be sent.
    pub fn broken(&self) -> Option<&'static str> {
        self.broken.get().copied()
    }
}

/// Tells a slow transfer from one that stands still.
pub(super) struct Pulse {
    idle: Duration,
    seen: u64,
    since: Instant,
}

impl Pulse {
    pub fn new(idle: Duration, now: Instant) -> Self {
        Self {
            idle,
            seen: 0,
            since: now,
        }
    }

    /// False once nothing more was taken for that long.
    pub fn beats(&mut self, taken: u64, now: Instant) -> bool {
        if taken != self.seen {
            (self.seen, self.since) = (taken, now);
        }
        now.saturating_duration_since(self.since) < self.idle
    }
}

/// Says its exact size, so that HTTP needn't send it in chunks.
struct FileBody {
    left: u64,
    state: State,
    transfer: Arc<Transfer>,
}

enum State {
    Closed(PathBuf),
    Open(File),
    Reading(JoinHandle<io::Result<(File, Vec<u8>)>>),
    /// After the last byte, or an error.
    Done,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let left = this.left;
        let mut reading = match std::mem::replace(&mut this.state, State::Done) {
            _ if left == 0 => return Poll::Ready(None),
            State::Done => return Poll::Ready(None),
            State::Closed(path) => spawn_blocking(move || read(File::open(path)?, left)),
            State::Open(file) => spawn_blocking(move || read(file, left)),
            State::Reading(reading) => reading,
        };
        let Poll::Ready(read) = Pin::new(&mut reading).poll(cx) else {
            this.state = State::Reading(reading);
            return Poll::Pending;
        };
        let (file, piece) = match read.map_err(io::Error::other).flatten() {
            Ok(read) => read,
            Err(error) => {
                let why = match error.kind() {
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
                        "its size isn't what it was when it was written"
                    }
                    _ => "it can't be read",
                };
                this.transfer.broken.get_or_init(|| why);
                return Poll::Ready(Some(Err(error)));
            }
        };
        let size = piece.len() as u64;
        this.left -= size;
        this.state = State::Open(file);
        this.transfer.taken.fetch_add(size, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// The next piece of a file that is to end after `left` bytes, 1 at least.
fn read(mut file: File, left: u64) -> io::Result<(File, Vec<u8>)> {
    let size = left.min(PIECE);
    let mut piece = Vec::with_capacity(usize::try_from(size).map_err(io::Error::other)?);
    (&mut file).take(size).read_to_end(&mut piece)?;
    if (piece.len() as u64) < size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if size == left && file.read(&mut [0])? > 0 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((file, piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_transfer_that_stands_still_ends() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pulse = Pulse::new(Duration::from_secs(10), start);
        for (taken, seconds, beats) in [(0, 9, true), (1, 11, true), (1, 20, true), (1, 21, false)]
        {
            assert_eq!(pulse.beats(taken, at(seconds)), beats, "{seconds}");
        }
    }
}
