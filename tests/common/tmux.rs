//! A terminal that a test types into and reads, by tmux.

use std::{
    env,
    io::{self, Write},
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Far longer than anything takes; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(20);

/// A shell in a terminal of a tmux server of its own, which ends with it.
pub struct Terminal {
    socket: String,
}

impl Terminal {
    /// `None` where there is no tmux: the test is to return, and has said so. With `CI=true` that is
    /// a failure. The shell's variables are these and PATH.
    pub fn open(variables: &[(&str, &str)]) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let terminal = Self {
            socket: format!("mixtap-test-{}-{number}", std::process::id()),
        };
        let path = env::var("PATH").unwrap_or_default();
        let mut shell = vec![format!("PATH={path}"), "TERM=screen".to_owned()];
        shell.extend(
            variables
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        let mut start = vec![
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "130",
            "-y",
            "60",
        ];
        start.extend(["env", "-i"]);
        start.extend(shell.iter().map(String::as_str));
        start.extend(["sh"]);
        match terminal.tmux(&start) {
            Ok(output) => assert!(output.status.success(), "tmux: {output:?}"),
            Err(error) if env::var_os("CI").is_some_and(|ci| ci == "true") => {
                panic!("tmux: {error}")
            }
            Err(error) => {
                let _ = writeln!(io::stderr(), "SKIPPED: no tmux: {error}");
                return None;
            }
        }
        Some(terminal)
    }

    fn tmux(&self, args: &[&str]) -> io::Result<Output> {
        let mut command = Command::new("tmux");
        command.arg("-L").arg(&self.socket).args(args).output()
    }

    /// Types the text and the return key.
    pub fn enter(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]).unwrap();
        self.tmux(&["send-keys", "Enter"]).unwrap();
    }

    /// Presses a key by tmux's name of it, such as `C-c`.
    pub fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]).unwrap();
    }

    /// What the terminal shows, and has scrolled away.
    pub fn shown(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p", "-J", "-S", "-"]).unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until it shows this text so many times.
    pub fn until(&self, text: &str, times: usize) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = self.shown();
            if shown.matches(text).count() >= times {
                return shown;
            }
            assert!(Instant::now() < deadline, "never showed {text:?}:\n{shown}");
            thread::sleep(ASK_EVERY);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The server of this socket is ours alone.
        let _ = self.tmux(&["kill-server"]);
    }
}
