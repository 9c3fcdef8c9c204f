//! `mixtap demo` as a newcomer runs it: whether it can be, and one that runs.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use mixtap::sandbox::cluster::{Assets, Need};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Far longer than anything takes; the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(180);
pub const GOALS: [[&str; 2]; 3] = [
    ["clevertapconnector/quickstart", "Connected"],
    ["cohortexport/power-users", "Completed"],
    ["cohortexport/cart-drop-off", "Synced"],
];

/// Whether there is an API server to be had. With `CI=true` there must be.
pub async fn available() -> bool {
    // Twice is fine: all choose the same provider.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let say = |line: &str| {
        let _ = writeln!(io::stderr(), "demo: {line}");
    };
    match Assets::find(Need::ApiServer, &say).await {
        Ok(_) => true,
        Err(error) if env::var_os("CI").is_some_and(|ci| ci == "true") => panic!("{error}"),
        Err(error) => {
            say(&format!("SKIPPED: {error}"));
            false
        }
    }
}

/// A running demo whose temporary files are in a folder of the test's.
pub struct Demo {
    child: Child,
    lines: Receiver<String>,
    pub said: Vec<String>,
    pub temp: TempDir,
}

impl Demo {
    pub fn start(flags: &[&str]) -> Self {
        Self::start_with(flags, &[])
    }

    /// With these variables in place of our own.
    pub fn start_with(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mixtap"));
        command.arg("demo").args(flags).env("TMPDIR", temp.path());
        // The demo is to go straight to this machine, and its controller is its own.
        command
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .env("MIXTAP_STATE_PREFIX", "/nonsense/")
            .envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            out.lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self {
            child,
            lines,
            said: Vec::new(),
            temp,
        }
    }

    /// Reads on until a line holds all of these words.
    pub fn until(&mut self, words: &[&str]) -> String {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said.push(line.clone());
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
        panic!("never said {words:?}:\n{}", self.said.join("\n"));
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Its exit code, once it has said everything.
    pub fn code(&mut self) -> Option<i32> {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said.push(line);
        }
        self.child.wait().unwrap().code()
    }

    pub fn leaves_nothing(self) {
        let folder = self.temp.path();
        assert_eq!(
            fs::read_dir(folder).unwrap().count(),
            0,
            "{}",
            self.said.join("\n")
        );
        assert_eq!(processes_of(folder), Vec::<String>::new());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Only a failed test leaves it running; its guards end the rest.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Command lines that name the folder: those of all programs that a demo starts do.
pub fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder)).collect()
}
