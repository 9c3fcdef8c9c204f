//! This very program as a child of the demo, behind its guard.

use std::{
    env, io,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep, sleep_until};
use url::Url;

use super::{DemoError, examples, home::Home, io_error};
use crate::sandbox::Sandbox;

const ASK_EVERY: Duration = Duration::from_millis(100);
/// Longer than the grace that the controller gives its runs.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// A running child. Dropping it kills it.
pub struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // The guard kills its program at the end of its input, and ends.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Guarded {
    /// Starts what [`mixtap`] has made.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).spawn().map(Self)
    }

    /// What it says, where that is a pipe; once.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// How it ended, once it did.
    pub async fn ended(&mut self) -> ExitStatus {
        loop {
            // It can't fail: this is our child, and nobody else waits for it.
            if let Ok(Some(status)) = self.0.try_wait() {
                return status;
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// Asks it to end, and waits for that a while.
    pub async fn stop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.0.id().cast_signed()) {
            // Not waited for yet, so the id is still its own. The guard passes the signal on.
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + STOP_WITHIN;
        tokio::select! {
            _ = self.ended() => {}
            () = sleep_until(deadline) => {}
        }
    }
}

/// `mixtap COMMAND`, which reaches the stand-ins and nobody else, and ends with the demo.
pub fn mixtap(command: &str, home: &Home, sandbox: &Sandbox) -> Result<Command, DemoError> {
    let program = program()?;
    let mut guard = Command::new(&program);
    // Everything it calls is on this machine, and is to be called as said here.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if text.ends_with("_PROXY") || text.starts_with("MIXTAP_") {
            guard.env_remove(&name);
        }
    }
    // A connector that is applied without its endpoints must not reach the real vendors, which
    // are HTTPS: nobody listens there.
    guard.env("HTTPS_PROXY", "http://127.0.0.1:9");
    guard
        .args(["guard", "--scratch"])
        .arg(home.scratch())
        .arg("--")
        .arg(program)
        .arg(command)
        .arg(format!(
            "--allowed-endpoints={}",
            examples::allowed(sandbox)
        ))
        .env("NO_COLOR", "1")
        // Ctrl-C in a terminal is for us: the child is asked to end in its turn.
        .process_group(0);
    Ok(guard)
}

/// A folder as `--state-url` names it.
pub fn state_url(folder: PathBuf) -> Result<Url, DemoError> {
    Url::from_directory_path(folder)
        .map_err(|()| io_error("the working folder")(io::Error::other("its path isn't absolute")))
}

/// This very program: the guard of others, the controller, and what syncs files.
pub fn program() -> Result<PathBuf, DemoError> {
    env::current_exe().map_err(io_error("the path of this program"))
}
