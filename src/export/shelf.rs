//! What outlives a run by minutes: the lists of one-time exports, for their confirming uploads. They
//! hold raw identities, so they are for our eyes only and never stay long.

use std::fs::DirEntry;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::scratch::{Named, Scratch, blocking, gone, private};
use crate::clevertap::ListFile;
use crate::domain::Destination;

/// A list that no upload has asked for goes after this long: four times the longest
/// `--confirm-delay`, so that a CleverTap that is away for hours doesn't cost the confirmation.
const KEPT: Duration = Duration::from_secs(4 * 3600);
const FOLDER: &str = "confirm";

/// The file of one run's list: `<digest of the list>-<digest of the run>.csv`. Digests, so that no
/// name leads out of the folder or tells anything.
pub(super) struct Shelf {
    scratch: Scratch,
    list: String,
    run: String,
}

impl Shelf {
    pub(super) fn of(scratch: &Scratch, list: &Destination, run_id: &str) -> Self {
        let Destination {
            host,
            project,
            segment,
        } = list;
        // As JSON, so that no two lists read the same.
        let list = serde_json::json!([host, project, segment]).to_string();
        Self {
            scratch: scratch.clone(),
            list: digest(&list),
            run: digest(run_id),
        }
    }

    fn name(&self) -> String {
        format!("{}-{}.csv", self.list, self.run)
    }

    /// Keeps the list in place of what earlier runs kept of the same one.
    pub(super) async fn keep(self, list: Named) -> io::Result<()> {
        blocking(move || {
            let folder = private(self.scratch.root(), FOLDER)?;
            remove(&folder, named(|name| name.starts_with(&self.list)))?;
            list.temp.settle()?;
            std::fs::rename(&list.path, folder.join(self.name()))?;
            count(&self.scratch, &folder)
        })
        .await
    }

    /// What was kept.
    pub(super) async fn find(&self) -> io::Result<ListFile> {
        let (scratch, name) = (self.scratch.clone(), self.name());
        blocking(move || {
            let path = private(scratch.root(), FOLDER)?.join(name);
            let bytes = std::fs::metadata(&path)?.len();
            Ok(ListFile { path, bytes })
        })
        .await
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
        let gone = blocking(move || match there(scratch.root())? {
            true => {
                let folder = private(scratch.root(), FOLDER)?;
                remove(&folder, named(which))?;
                count(&scratch, &folder)
            }
            false => Ok(()),
        });
        if let Err(error) = gone.await {
            tracing::warn!(kind = %error.kind(), "a list can't be removed from the scratch folder");
        }
    }
}

/// Removes what no confirming upload will ask for any more: lists older than four hours. One look
/// at a folder of few files: cheap enough for every hour.
pub async fn clean_shelf(scratch: &Scratch) {
    let scratch = scratch.clone();
    let cleaned = blocking(move || match there(scratch.root())? {
        true => {
            let folder = private(scratch.root(), FOLDER)?;
            let gone = clean(&folder)?;
            count(&scratch, &folder).map(|()| gone)
        }
        false => Ok(0),
    });
    match cleaned.await {
        Ok(0) => {}
        Ok(gone) => tracing::info!(gone, "old lists were removed from the scratch folder"),
        Err(error) => tracing::warn!(kind = %error.kind(), "the scratch folder can't be cleaned"),
    }
}

/// Takes account of what is there: it counts against the limit of all runs.
fn count(scratch: &Scratch, folder: &Path) -> io::Result<()> {
    let mut bytes = 0;
    for file in std::fs::read_dir(folder)? {
        // One that can't be looked at was removed meanwhile.
        bytes += file?.metadata().map_or(0, |metadata| metadata.len());
    }
    scratch.shelve(bytes);
    Ok(())
}

fn clean(folder: &Path) -> io::Result<usize> {
    let now = SystemTime::now();
    remove(folder, |file| {
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        // One that can't be looked at was removed meanwhile.
        modified.is_ok_and(|time| now.duration_since(time).is_ok_and(|age| age > KEPT))
    })
}

/// Removes these files; says how many.
fn remove(folder: &Path, which: impl Fn(&DirEntry) -> bool) -> io::Result<usize> {
    let mut count = 0;
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        if which(&file) {
            gone(std::fs::remove_file(file.path()))?;
            count += 1;
        }
    }
    Ok(count)
}

fn named(which: impl Fn(&str) -> bool) -> impl Fn(&DirEntry) -> bool {
    move |file| file.file_name().to_str().is_some_and(&which)
}

fn there(scratch: &Path) -> io::Result<bool> {
    std::fs::exists(scratch.join(FOLDER))
}

fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests;
