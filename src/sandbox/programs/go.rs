//! One run of the `go` command, with a log and a limit.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    process::Command,
    time::{Instant, timeout},
};

use super::process::tail;

const WITHIN: Duration = Duration::from_secs(60 * 60);
const TELL_EVERY: Duration = Duration::from_secs(60);

/// A command that makes a program without C and without the user's workspace.
pub(in crate::sandbox) struct Go<'a> {
    pub args: &'a [&'a str],
    /// Where it runs, and where `go install` puts programs.
    pub folder: &'a Path,
    /// Standard error, quoted if it fails.
    pub log: PathBuf,
    /// Told to the user once it runs.
    pub about: String,
}

#[derive(Debug, thiserror::Error)]
pub(in crate::sandbox) enum GoError {
    #[error("Go is not installed")]
    NoGo,
    #[error("go: {0}")]
    Io(#[from] io::Error),
    #[error("go ended with {status}: {log}")]
    Failed { status: ExitStatus, log: String },
    #[error("go took longer than {} minutes", WITHIN.as_secs() / 60)]
    TooLong,
}

impl Go<'_> {
    /// Runs it to its end. Dropping the future kills it.
    pub async fn run(self, say: &(dyn Fn(&str) + Sync)) -> Result<(), GoError> {
        let mut go = Command::new("go")
            .args(self.args)
            .current_dir(self.folder)
            .env("CGO_ENABLED", "0")
            .env("GOWORK", "off")
            .env("GOBIN", self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&self.log)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => GoError::NoGo,
                _ => error.into(),
            })?;
        say(&self.about);
        let start = Instant::now();
        let status = loop {
            match timeout(TELL_EVERY, go.wait()).await {
                Ok(status) => break status?,
                Err(_) if start.elapsed() > WITHIN => return Err(GoError::TooLong),
                Err(_) => say(&format!(
                    "still building, {} min",
                    start.elapsed().as_secs() / 60
                )),
            }
        };
        if !status.success() {
            let log = tail(&self.log)?;
            return Err(GoError::Failed { status, log });
        }
        say(&format!("built in {} s", start.elapsed().as_secs()));
        Ok(())
    }
}
