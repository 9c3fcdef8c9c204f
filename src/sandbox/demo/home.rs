//! The demo's files.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

const PREFIX: &str = "mixtap-demo-";

/// A temporary folder, and the folder for what outlives it where the user named one.
pub struct Home {
    kept: Option<PathBuf>,
    scratch: TempDir,
}

impl Home {
    pub fn make(kept: Option<PathBuf>) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        let (kept, scratch) = match kept {
            Some(folder) => {
                fs::create_dir_all(&folder)?;
                // What is printed must work from anywhere.
                let folder = fs::canonicalize(folder)?;
                let scratch = builder.tempdir_in(&folder)?;
                (Some(folder), scratch)
            }
            None => (None, builder.tempdir()?),
        };
        Ok(Self { kept, scratch })
    }

    /// The user's folder.
    pub fn kept(&self) -> Option<&Path> {
        self.kept.as_deref()
    }

    /// Goes away with this.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The controller's log.
    pub fn log(&self) -> PathBuf {
        let folder = self.kept().unwrap_or(self.scratch());
        folder.join("controller.log")
    }

    /// Where the log is to be found once this is gone.
    pub fn keep_log(&self) -> io::Result<PathBuf> {
        if self.kept.is_some() {
            return Ok(self.log());
        }
        let mut builder = tempfile::Builder::new();
        let copy = builder.prefix(PREFIX).suffix(".log").tempfile()?;
        io::copy(&mut File::open(self.log())?, &mut copy.as_file())?;
        let (_, path) = copy.keep().map_err(|error| error.error)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_user_named_outlives_it() {
        let named = tempfile::tempdir().unwrap();
        let home = Home::make(Some(named.path().join("new"))).unwrap();
        fs::write(home.log(), "said").unwrap();
        let (log, scratch) = (home.keep_log().unwrap(), home.scratch().to_owned());
        drop(home);
        assert_eq!(fs::read_to_string(log).unwrap(), "said");
        assert!(!scratch.exists());

        let home = Home::make(None).unwrap();
        fs::write(home.log(), "said").unwrap();
        let (log, gone) = (home.keep_log().unwrap(), home.log());
        drop(home);
        assert_eq!(fs::read_to_string(&log).unwrap(), "said");
        assert!(!gone.exists());
        fs::remove_file(log).unwrap();
    }
}
