//! One program behind its guard.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
};

/// How much of a log an error quotes, in bytes.
const LOG_TAIL: u64 = 2_000;

/// How to run one program, and the running one if there is one. Dropping it kills the program.
pub(super) struct Program {
    pub name: &'static str,
    /// Answers 2xx once the program is ready.
    pub health: String,
    /// The `mixtap` binary, for its guard.
    guard: PathBuf,
    path: PathBuf,
    args: Vec<String>,
    /// Standard output and error are appended here.
    log: PathBuf,
    scratch: Option<PathBuf>,
    running: Mutex<Option<Running>>,
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The guard kills the program at the end of its input, and ends.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Program {
    pub fn new(
        name: &'static str,
        health: String,
        guard: &Path,
        path: &Path,
        args: Vec<String>,
        folder: &Path,
    ) -> Self {
        Self {
            name,
            health,
            guard: guard.to_owned(),
            path: path.to_owned(),
            args,
            log: folder.join(format!("{name}.log")),
            scratch: None,
            running: Mutex::new(None),
        }
    }

    /// The guard is to remove this folder once we are gone: nobody else could if we are killed.
    pub fn removing(self, folder: &Path) -> Self {
        Self {
            scratch: Some(folder.to_owned()),
            ..self
        }
    }

    /// Starts the program, after stopping the one that may be running.
    pub fn start(&self) -> io::Result<()> {
        self.stop();
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut args: Vec<OsString> = vec!["guard".into()];
        if let Some(folder) = &self.scratch {
            args.extend(["--scratch".into(), folder.into()]);
        }
        args.extend(["--".into(), (&self.path).into()]);
        args.extend(self.args.iter().map(OsString::from));
        let child = Command::new(&self.guard)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C in a terminal is for us: the programs must serve until we are done.
            .process_group(0)
            .spawn()?;
        *self.lock() = Some(Running(child));
        Ok(())
    }

    /// Kills the program, if it runs, and waits until it is gone.
    pub fn stop(&self) {
        self.lock().take();
    }

    /// How the program ended, if it did by itself.
    pub fn exited(&self) -> io::Result<Option<ExitStatus>> {
        match self.lock().as_mut() {
            Some(running) => running.0.try_wait(),
            None => Ok(None),
        }
    }

    /// The last lines of the log.
    pub fn log_tail(&self) -> String {
        tail(&self.log).unwrap_or_else(|error| format!("(no log: {error})"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last [`LOG_TAIL`] bytes of a file, without control characters.
pub(super) fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(end.saturating_sub(LOG_TAIL)))?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text
        .trim()
        .replace(|c: char| c.is_control() && c != '\n', " "))
}
