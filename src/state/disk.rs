//! What only a store on a disk needs: room taken ahead, and what killed writes left.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use tokio::task::spawn_blocking;

use super::store::{DEADLINE, Store, allowance, within};
use super::{OWNER, StateError};

/// Of a walk through all folders.
const WALK: Duration = Duration::from_secs(300);
/// The folders below the prefix.
const FOLDERS: [&str; 10] = [
    "",
    "snapshots",
    "pending",
    "unconfirmed",
    "one-time",
    "history",
    "budget",
    "local",
    "lock",
    "probe",
];

impl Store {
    /// Takes room for an object of so many bytes, whose content doesn't matter. Other stores than a
    /// disk need none.
    pub(super) async fn preallocate(&self, key: &str, bytes: u64) -> Result<(), StateError> {
        let Some(path) = self.on_disk(key)? else {
            return Ok(());
        };
        let room = move || {
            let taken = take_room(&path, bytes);
            if taken.is_err() {
                let _ = fs::remove_file(&path);
            }
            taken
        };
        blocking(DEADLINE + allowance(bytes), room).await
    }

    /// Removes the temporary files of puts that were killed before `before`.
    pub(super) async fn remove_leftovers(&self, before: Timestamp) -> Result<(), StateError> {
        for folder in FOLDERS {
            if let Some(folder) = self.on_disk(folder)? {
                blocking(WALK, move || remove_leftovers(&folder, before.into())).await?;
            }
        }
        Ok(())
    }

    fn on_disk(&self, key: &str) -> Result<Option<PathBuf>, StateError> {
        let Some(disk) = &self.disk else {
            return Ok(None);
        };
        let path = self.path(key);
        if path.as_ref().is_empty() {
            // The folder itself isn't an object, but what lies in it is.
            let inside = disk.path_to_filesystem(&self.path(OWNER))?;
            return Ok(inside.parent().map(Path::to_owned));
        }
        Ok(Some(disk.path_to_filesystem(&path)?))
    }
}

async fn blocking(
    deadline: Duration,
    work: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<(), StateError> {
    within(deadline, async {
        let done = spawn_blocking(work).await.map_err(io::Error::other);
        done.flatten()
            .map_err(|error| StateError::of_disk(error.kind()))
    })
    .await
}

fn take_room(path: &Path, bytes: u64) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create(path)?;
    if bytes == 0 {
        return Ok(());
    }
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        // Not every file system can: then by writing.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
            io::copy(&mut io::Read::take(io::repeat(0), bytes), &mut file)?;
            file.flush()?;
            file.sync_all()
        }
        done => Ok(done?),
    }
}

/// A put writes into `<name>#<number>` first.
fn remove_leftovers(folder: &Path, before: SystemTime) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| Some(name.rsplit_once('#')?.1));
        let temporary =
            number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        // What vanishes meanwhile was a put's that is done.
        if temporary
            && let Ok(metadata) = entry.metadata()
            && metadata.is_file()
            && metadata.modified()? < before
        {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}
