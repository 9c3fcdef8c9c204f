//! The examples synced from files: shown while an API server is being made, and all there is to show
//! where none can be had.

use std::{path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::ChildStdout,
    time::interval,
};

use super::{
    CHANGE_EVERY, DemoError,
    child::{self, Guarded},
    examples, hints,
    home::Home,
    io_error,
    report::{calls, holds},
    say::{print, say, say_all},
    world,
};
use crate::sandbox::{Sandbox, SandboxOptions};

/// Stand-ins of its own, and the files. Dropping it ends the stand-ins.
pub struct Files {
    sandbox: Sandbox,
    folder: PathBuf,
    state: url::Url,
}

impl Files {
    /// Starts the stand-ins and writes the examples, pointed at them.
    pub fn set_up(home: &Home) -> Result<Self, DemoError> {
        let sandbox = Sandbox::start(SandboxOptions::default()).map_err(io_error("stand-ins"))?;
        for line in world::furnish(&sandbox, &examples::credentials()?)? {
            say(&line);
        }
        let files = home.scratch().join("files");
        let folder = files.join("quickstart");
        examples::write(&folder, sandbox.urls()).map_err(io_error("the examples' files"))?;
        Ok(Self {
            state: child::state_url(files.join("state"))?,
            sandbox,
            folder,
        })
    }

    /// One pass of `mixtap sync`, and what it brought about.
    pub async fn sync(&self, home: &Home) -> Result<(), DemoError> {
        let failed = io_error("mixtap sync");
        say("mixtap sync -f examples/quickstart/, its connector pointed at the stand-ins");
        let mut command = child::mixtap("sync", home, &self.sandbox)?;
        command
            .arg("-f")
            .arg(&self.folder)
            .arg(format!("--state-url={}", self.state))
            .arg("--scratch-dir")
            .arg(home.scratch().join("files/runs"))
            .stdout(Stdio::piped());
        let mut process = Guarded::start(&mut command).map_err(&failed)?;
        if let Some(stdout) = process.stdout() {
            let stdout = ChildStdout::from_std(stdout).map_err(&failed)?;
            let mut lines = BufReader::new(stdout).lines();
            while let Some(line) = lines.next_line().await.map_err(&failed)? {
                print(&format!("{:10}{line}\n", ""));
            }
        }
        let status = process.ended().await;
        if !status.success() {
            return Err(DemoError::Sync(status));
        }
        let segments = world::SEGMENTS.into_iter();
        let mut lines: Vec<_> = segments
            .filter_map(|name| holds(&self.sandbox, name))
            .collect();
        lines.push(calls(&self.sandbox));
        say_all(&lines);
        Ok(())
    }

    /// What to try with them in a second terminal.
    pub fn hints(&self) -> Result<String, DemoError> {
        let variables = [
            ("MIXTAP_STATE_URL", self.state.to_string()),
            ("MIXTAP_ALLOWED_ENDPOINTS", examples::allowed(&self.sandbox)),
        ];
        let hints = hints::files(&self.folder, &variables)?;
        Ok(format!("\n{hints}"))
    }

    /// The cohort changes every minute, for ever.
    pub async fn go_on(&self) -> Result<(), DemoError> {
        let mut minute = interval(CHANGE_EVERY);
        let mut changes = 0;
        loop {
            minute.tick().await;
            changes += 1;
            let said = world::change(&self.sandbox, changes)?;
            if changes == 1 {
                say(&said);
            }
        }
    }
}
