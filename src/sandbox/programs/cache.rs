//! The folder where programs are kept, and the lock under which it is changed.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// A build under way elsewhere is waited for this long.
const LOCK_WITHIN: Duration = Duration::from_secs(90 * 60);
const ASK_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("no folder to keep programs in: set HOME or XDG_CACHE_HOME")]
    NoHome,
    #[error("the folder for programs, {}: {source}", folder.display())]
    Io { folder: PathBuf, source: io::Error },
    #[error("another mixtap has been at work in {} for too long", .0.display())]
    Locked(PathBuf),
}

/// Where a user's programs are kept.
pub struct Cache(PathBuf);

impl Cache {
    /// `mixtap` below the user's cache folder, by the XDG rules on every system.
    pub fn of_user(var: impl Fn(&'static str) -> Option<OsString>) -> Result<Self, CacheError> {
        let absolute = |name| {
            var(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_CACHE_HOME")
            .or_else(|| Some(absolute("HOME")?.join(".cache")))
            .map(|cache| Self(cache.join("mixtap")))
            .ok_or(CacheError::NoHome)
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Waits for other builders. Asks again and again rather than block a thread that nobody could
    /// stop; the lock ends with the returned file, or with the process.
    pub async fn lock(&self, say: &(dyn Fn(&str) + Sync)) -> Result<File, CacheError> {
        let open = || {
            fs::create_dir_all(&self.0)?;
            File::options()
                .create(true)
                .append(true)
                .open(self.0.join("lock"))
        };
        let file = open().map_err(|source| self.failed(source))?;
        let deadline = Instant::now() + LOCK_WITHIN;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(source)) => return Err(self.failed(source)),
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                    return Err(CacheError::Locked(self.0.clone()));
                }
                Err(TryLockError::WouldBlock) if !told => {
                    say("another mixtap is getting the programs; waiting for it");
                    told = true;
                }
                Err(TryLockError::WouldBlock) => sleep(ASK_EVERY).await,
            }
        }
    }

    /// An empty folder to work in. There is one, used under the lock: what a killed builder left in
    /// it goes away here.
    pub fn workshop(&self) -> Result<PathBuf, CacheError> {
        let work = self.folder("unfinished");
        remove(&work)
            .and_then(|()| fs::create_dir(&work))
            .map_err(|source| self.failed(source))?;
        Ok(work)
    }

    /// Gives a finished folder its final name, at once and whole.
    pub fn keep(&self, work: &Path, folder: &Path) -> Result<(), CacheError> {
        remove(folder)
            .and_then(|()| fs::rename(work, folder))
            .map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> CacheError {
        CacheError::Io {
            folder: self.0.clone(),
            source,
        }
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn at(xdg: &str, home: &str) -> Result<PathBuf, CacheError> {
        let var = |name| {
            Some(if name == "HOME" {
                home.into()
            } else {
                xdg.into()
            })
        };
        Cache::of_user(var).map(|cache| cache.0)
    }

    #[test]
    fn follows_the_xdg_rules() {
        assert_eq!(at("/x", "/h").unwrap(), Path::new("/x/mixtap"));
        assert_eq!(at("", "/h").unwrap(), Path::new("/h/.cache/mixtap"));
        assert_eq!(at("relative", "/h").unwrap(), Path::new("/h/.cache/mixtap"));
        assert!(matches!(at("", ""), Err(CacheError::NoHome)));
    }

    #[test]
    fn a_workshop_starts_empty_and_is_kept_whole() {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache(home.path().to_owned());
        let (work, kept) = (cache.workshop().unwrap(), cache.folder("kept"));
        fs::write(work.join("half"), "").unwrap();
        let work = cache.workshop().unwrap();
        assert!(!work.join("half").exists());
        for text in ["old", "new"] {
            let work = cache.workshop().unwrap();
            fs::write(work.join("program"), text).unwrap();
            cache.keep(&work, &kept).unwrap();
        }
        assert_eq!(fs::read_to_string(kept.join("program")).unwrap(), "new");
        assert!(!work.exists());
    }

    #[tokio::test]
    async fn a_second_builder_says_that_it_waits_for_the_first() {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache(home.path().to_owned());
        let held = cache.lock(&|_| ()).await.unwrap();
        let said = Mutex::new(Vec::new());
        let say = |line: &str| said.lock().unwrap().push(line.to_owned());
        let second = cache.lock(&say);
        let first = async {
            while said.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            drop(held);
        };
        let (second, ()) = tokio::join!(second, first);
        second.unwrap();
        assert_eq!(said.lock().unwrap().len(), 1);
    }
}
