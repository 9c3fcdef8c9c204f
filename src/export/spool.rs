//! What outlives a run by minutes: the lists of one-time exports, for their confirming uploads. They
//! hold raw identities, so they are for our eyes only and never stay long.

use std::fs::{DirBuilder, DirEntry, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::domain::Destination;

/// A list that no upload has asked for goes after this long: four times the longest
/// `--confirm-delay`, so that a CleverTap that is away for hours doesn't cost the confirmation.
const KEPT: Duration = Duration::from_secs(4 * 3600);
/// Half-written ones are nobody's after this.
const WRITTEN: Duration = Duration::from_secs(600);
const FOLDER: &str = "confirm";
const ROOT: u32 = 0;

/// The file of one run's list: `<digest of the list>-<digest of the run>.csv`. Digests, so that no
/// name leads out of the folder or tells anything.
pub(super) struct Spool {
    scratch: PathBuf,
    list: String,
    run: String,
}

impl Spool {
    pub(super) fn of(scratch: &Path, list: &Destination, run_id: &str) -> Self {
        let Destination {
            host,
            project,
            segment,
        } = list;
        // As JSON, so that no two lists read the same.
        let list = serde_json::json!([host, project, segment]).to_string();
        Self {
            scratch: scratch.to_owned(),
            list: digest(&list),
            run: digest(run_id),
        }
    }

    fn name(&self) -> String {
        format!("{}-{}.csv", self.list, self.run)
    }

    /// Keeps the list, whole or not at all, in place of what earlier runs kept of the same one.
    pub(super) async fn keep(self, csv: Bytes) -> io::Result<()> {
        blocking(move || {
            let folder = private(&self.scratch)?;
            remove(&folder, named(|name| name.starts_with(&self.list)))?;
            let file = folder.join(self.name());
            let partial = file.with_extension("partial");
            // The folder is ours alone, so what is in the way is too; `create_new` follows no link.
            let mut options = OpenOptions::new();
            let mut out = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&partial)?;
            let written = out.write_all(&csv).and_then(|()| out.sync_all());
            written
                .and_then(|()| std::fs::rename(&partial, &file))
                .inspect_err(|_| {
                    let _ = std::fs::remove_file(&partial);
                })
        })
        .await
    }

    /// What was kept.
    pub(super) async fn read(&self) -> io::Result<Bytes> {
        let (scratch, name) = (self.scratch.clone(), self.name());
        blocking(move || Ok(std::fs::read(private(&scratch)?.join(name))?.into())).await
    }

    /// Removes what this run kept, for whichever list.
    pub(super) async fn forget_run(&self) {
        let end = format!("-{}.csv", self.run);
        self.forget(move |name| name.ends_with(&end)).await;
    }

    /// Removes what any run kept of this list: a later upload is as good as a confirmation.
    pub(super) async fn forget_list(&self) {
        let begin = self.list.clone();
        self.forget(move |name| name.starts_with(&begin)).await;
    }

    /// What stays is removed by age.
    async fn forget(&self, which: impl Fn(&str) -> bool + Send + 'static) {
        let scratch = self.scratch.clone();
        let gone = blocking(move || match there(&scratch)? {
            true => remove(&private(&scratch)?, named(which)),
            false => Ok(0),
        });
        if let Err(error) = gone.await {
            tracing::warn!(kind = %error.kind(), "a list can't be removed from the scratch folder");
        }
    }
}

/// Removes what no confirming upload will ask for any more: lists older than four hours, and
/// half-written ones after ten minutes. One look at a folder of few files: cheap enough for every
/// hour.
pub async fn clean_scratch(scratch: &Path) {
    let scratch = scratch.to_owned();
    let cleaned = blocking(move || match there(&scratch)? {
        true => clean(&private(&scratch)?),
        false => Ok(0),
    });
    match cleaned.await {
        Ok(0) => {}
        Ok(gone) => tracing::info!(gone, "old lists were removed from the scratch folder"),
        Err(error) => tracing::warn!(kind = %error.kind(), "the scratch folder can't be cleaned"),
    }
}

fn clean(folder: &Path) -> io::Result<usize> {
    let now = SystemTime::now();
    remove(folder, |file| {
        let partial = file.path().extension().is_some_and(|end| end == "partial");
        let may_stay = if partial { WRITTEN } else { KEPT };
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        // One that can't be looked at was removed meanwhile.
        modified.is_ok_and(|time| now.duration_since(time).is_ok_and(|age| age > may_stay))
    })
}

/// Removes these files; says how many.
fn remove(folder: &Path, which: impl Fn(&DirEntry) -> bool) -> io::Result<usize> {
    let mut gone = 0;
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        if which(&file) {
            match std::fs::remove_file(file.path()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed.map(|()| gone += 1)?,
            }
        }
    }
    Ok(gone)
}

fn named(which: impl Fn(&str) -> bool) -> impl Fn(&DirEntry) -> bool {
    move |file| file.file_name().to_str().is_some_and(&which)
}

fn there(scratch: &Path) -> io::Result<bool> {
    std::fs::exists(scratch.join(FOLDER))
}

/// The folder of the lists, made if need be: a directory of ours that nobody else can look into.
/// The one above it, which may be in a `/tmp` that all share, must be ours or root's, or somebody
/// could put another folder in its place.
fn private(scratch: &Path) -> io::Result<PathBuf> {
    let folder = scratch.join(FOLDER);
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(&folder)?;
    if owner(scratch)? == us() {
        let mode = std::fs::symlink_metadata(scratch)?.mode();
        std::fs::set_permissions(scratch, Permissions::from_mode(mode & !0o022))?;
    } else if owner(scratch)? != ROOT {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if owner(&folder)? != us() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    std::fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
    Ok(folder)
}

fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whose directory this is. A link isn't one, wherever it leads.
fn owner(path: &Path) -> io::Result<u32> {
    let metadata = std::fs::symlink_metadata(path)?;
    match metadata.is_dir() {
        true => Ok(metadata.uid()),
        false => Err(io::ErrorKind::NotADirectory.into()),
    }
}

fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the thread ended")))
}

#[cfg(test)]
mod tests;
