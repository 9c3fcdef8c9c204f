//! One program behind its guard.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// A program is up in a few seconds; a loaded machine takes longer.
const READY_WITHIN: Duration = Duration::from_secs(120);
const ASK_EVERY: Duration = Duration::from_millis(50);
/// How much of a log an error quotes, in bytes.
const LOG_TAIL: u64 = 2_000;

#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error("a program: {0}")]
    Io(#[from] io::Error),
    #[error("{program} ended with {status}: {log}")]
    Ended {
        program: &'static str,
        status: ExitStatus,
        log: String,
    },
    #[error("{program} isn't ready after {} s: {log}", READY_WITHIN.as_secs())]
    NotReady { program: &'static str, log: String },
}

/// How to run one program, and the running one if there is one. Dropping it kills the program.
pub struct Program {
    name: &'static str,
    /// Answers 2xx once the program is ready.
    pub health: String,
    /// The `mixtap` binary, for its guard.
    guard: PathBuf,
    path: PathBuf,
    args: Vec<String>,
    /// What no other user may read from a command line.
    env: Vec<(&'static str, String)>,
    /// Standard output and error are appended here.
    log: PathBuf,
    scratch: Option<PathBuf>,
    running: Mutex<Option<Running>>,
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The guard kills the program at the end of its input, and ends. By any byte it knows
        // that we are still there, and leaves the folder to us.
        if let Some(mut input) = self.0.stdin.take() {
            let _ = input.write_all(b"\n");
        }
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
            env: Vec::new(),
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

    /// A variable of the program's environment.
    pub fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.env.push((variable, value.to_owned()));
        self
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
            .envs(self.env.iter().map(|(name, value)| (name, value)))
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

    /// Waits until `url` answers 2xx, as long as the program runs.
    pub async fn answers(&self, http: &reqwest::Client, url: &str) -> Result<(), ProgramError> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            self.still_running()?;
            let answer = http.get(url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(ProgramError::NotReady {
                    program: self.name,
                    log: self.log_tail(),
                });
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// An error if the program has ended by itself.
    pub fn still_running(&self) -> Result<(), ProgramError> {
        let ended = match self.lock().as_mut() {
            Some(running) => running.0.try_wait()?,
            None => None,
        };
        match ended {
            Some(status) => Err(ProgramError::Ended {
                program: self.name,
                status,
                log: self.log_tail(),
            }),
            None => Ok(()),
        }
    }

    /// The last lines of the log.
    fn log_tail(&self) -> String {
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
