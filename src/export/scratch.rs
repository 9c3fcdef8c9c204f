//! The disk that a run works on. What it holds is raw personal data: for our eyes only, bounded in
//! size, and gone when the run ends, however that comes about.

#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::RunError;
use crate::domain::{Failure, Reason};

const RUNS: &str = "runs";
const ROOT: u32 = 0;

/// A folder of ours, and how much all runs of the process may put there. Cheap to clone.
#[derive(Clone)]
pub struct Scratch {
    root: PathBuf,
    disk: Arc<Disk>,
}

struct Disk {
    used: AtomicU64,
    /// What the shelf holds: it outlives its runs.
    shelved: AtomicU64,
    limit: u64,
    before: Box<dyn Fn() -> io::Result<()> + Send + Sync>,
}

/// A file of a run, written from its start to its end. It has no name unless it is [`Named`], so
/// that nothing of it stays when the process dies.
pub(super) struct Temp {
    file: File,
    disk: Arc<Disk>,
    len: u64,
}

/// One with a name, until it is dropped.
pub(super) struct Named {
    pub temp: Temp,
    pub path: PathBuf,
}

impl Scratch {
    /// At most `limit` bytes in all at any time.
    pub fn new(root: impl Into<PathBuf>, limit: u64) -> Self {
        Self::with(root, limit, || Ok(()))
    }

    /// The same on a disk that asks `before` each operation of a run's files, and fails as it says.
    pub fn with(
        root: impl Into<PathBuf>,
        limit: u64,
        before: impl Fn() -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let disk = Disk {
            used: AtomicU64::new(0),
            shelved: AtomicU64::new(0),
            limit,
            before: Box::new(before),
        };
        Self {
            root: root.into(),
            disk: Arc::new(disk),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Bytes in all files of all runs.
    pub fn used(&self) -> u64 {
        self.disk.used.load(Ordering::Relaxed)
    }

    /// The shelf holds so much now.
    pub(super) fn shelve(&self, bytes: u64) {
        self.disk.shelved.store(bytes, Ordering::Relaxed);
    }

    /// Removes what runs of a process that is gone have left.
    pub(super) fn clean(&self) -> io::Result<()> {
        if !std::fs::exists(self.root.join(RUNS))? {
            return Ok(());
        }
        for file in std::fs::read_dir(private(&self.root, RUNS)?)? {
            gone(std::fs::remove_file(file?.path()))?;
        }
        Ok(())
    }

    /// An empty file without a name.
    pub(super) fn temp(&self) -> io::Result<Temp> {
        let (temp, path) = self.create()?;
        // Its name goes at once; the file stays as long as it is open.
        gone(std::fs::remove_file(path))?;
        Ok(temp)
    }

    /// An empty file with a name.
    pub(super) fn named(&self) -> io::Result<Named> {
        let (temp, path) = self.create()?;
        Ok(Named { temp, path })
    }

    fn create(&self) -> io::Result<(Temp, PathBuf)> {
        (self.disk.before)()?;
        let path = private(&self.root, RUNS)?.join(format!("{:032x}", fastrand::u128(..)));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let disk = Arc::clone(&self.disk);
        Ok((Temp { file, disk, len: 0 }, path))
    }
}

impl Temp {
    /// Bytes written.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `bytes` from this place.
    pub(super) fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        (self.disk.before)()?;
        self.file.read_exact_at(bytes, at)
    }

    /// Replaces what stands at this place.
    pub(super) fn patch(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        (self.disk.before)()?;
        self.file.write_all_at(bytes, at)
    }

    /// Makes it outlive a loss of power, as young as it is now.
    pub(super) fn settle(&self) -> io::Result<()> {
        (self.disk.before)()?;
        self.file.set_modified(std::time::SystemTime::now())?;
        self.file.sync_all()
    }

    /// What was written, from its start.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { temp: self, at: 0 }
    }
}

impl Write for Temp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.disk.before)()?;
        let (disk, size) = (&self.disk, bytes.len() as u64);
        let before = disk.used.fetch_add(size, Ordering::Relaxed);
        let all = before
            .saturating_add(size)
            .saturating_add(disk.shelved.load(Ordering::Relaxed));
        let written = if all > disk.limit {
            Err(ErrorKind::QuotaExceeded.into())
        } else {
            self.file.write_all_at(bytes, self.len)
        };
        match written {
            Ok(()) => self.len += size,
            Err(_) => drop(disk.used.fetch_sub(size, Ordering::Relaxed)),
        }
        written.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        self.disk.used.fetch_sub(self.len, Ordering::Relaxed);
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        // What can't be removed now goes at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Reads a file from its start, whoever else does.
pub(super) struct Reader<'a> {
    temp: &'a Temp,
    at: u64,
}

impl io::Read for Reader<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        (self.temp.disk.before)()?;
        let left = usize::try_from(self.temp.len - self.at).unwrap_or(usize::MAX);
        let size = bytes.len().min(left);
        let read = self.temp.file.read_at(&mut bytes[..size], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Whether a run could make its files. A full disk isn't told: what is left there goes first.
///
/// # Errors
/// The failure that each run would end with.
pub async fn probe_scratch(scratch: &Scratch) -> Result<(), RunError> {
    let scratch = scratch.clone();
    let made = blocking(move || scratch.temp().map(drop)).await;
    made.map_err(|error| failed(&error))
}

/// Removes what the runs of a process that is gone have left: for the start, before any run.
pub async fn clean_runs(scratch: &Scratch) {
    let scratch = scratch.clone();
    if let Err(error) = blocking(move || scratch.clean()).await {
        tracing::warn!(kind = %error.kind(), "the scratch folder can't be cleaned");
    }
}

/// A failed disk as a run's failure. Its text is the same while the state lasts.
pub(super) fn failed(error: &io::Error) -> RunError {
    let what = match error.kind() {
        ErrorKind::QuotaExceeded => {
            "has no room left within --scratch-limit: raise it, or lower --concurrency".to_owned()
        }
        ErrorKind::StorageFull | ErrorKind::FileTooLarge => "is full: give it more room".to_owned(),
        kind => format!("can't be used ({kind})"),
    };
    let message = format!("The scratch directory {what}.");
    RunError::Failed(Failure::new(Reason::ScratchUnavailable, message))
}

/// A folder under `scratch`, made if need be: a directory of ours that nobody else can look into.
/// The one above it is [`guarded`].
pub(super) fn private(scratch: &Path, name: &str) -> io::Result<PathBuf> {
    guarded(scratch)?;
    let folder = scratch.join(name);
    made(&folder)?;
    if owner(&folder)? != us() {
        return Err(ErrorKind::PermissionDenied.into());
    }
    std::fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
    Ok(folder)
}

/// A folder, made if need be, for folders of ours. It may be in a `/tmp` that all share: it must be
/// ours or root's, or somebody could put another folder in the place of one in it.
///
/// # Errors
/// It can't be made, or is another user's or a link.
pub fn guarded(folder: &Path) -> io::Result<()> {
    made(folder)?;
    match owner(folder)? {
        owner if owner == us() => {
            let mode = std::fs::symlink_metadata(folder)?.mode();
            std::fs::set_permissions(folder, Permissions::from_mode(mode & !0o022))
        }
        ROOT => Ok(()),
        _ => {
            let must = "it must be a folder of this user or root";
            Err(io::Error::new(ErrorKind::PermissionDenied, must))
        }
    }
}

fn made(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whose directory this is. A link isn't one, wherever it leads.
fn owner(path: &Path) -> io::Result<u32> {
    let metadata = std::fs::symlink_metadata(path)?;
    match metadata.is_dir() {
        true => Ok(metadata.uid()),
        false => Err(ErrorKind::NotADirectory.into()),
    }
}

/// A removal of what may be gone already.
pub(super) fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Work that waits for the disk, or takes its time, on a thread of its own. It begins at once.
pub(super) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> impl Future<Output = io::Result<T>> {
    let thread = tokio::task::spawn_blocking(work);
    async {
        thread
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the thread ended")))
    }
}
