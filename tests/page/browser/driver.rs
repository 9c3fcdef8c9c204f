//! Debian's Chromium behind its chromedriver: one driver for all tests of this binary, a browser
//! for each.
//!
//! The driver listens on 127.0.0.1 only and lives until the process ends; its guard kills it then
//! and removes its folder, however the process ends. Chromium is at the other end of a pipe to the
//! driver, ends with it, and writes down what it knows once more: the folder goes after that.

use std::{
    env, fs,
    io::{self, Write},
    net::TcpListener,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use mixtap::sandbox::programs::{Program, ProgramError};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Somebody else may take the port in the meantime.
const TRIES: usize = 3;

/// Nothing is asked of anybody but this machine; a browser asks its maker for all kinds of things.
const FLAGS: [&str; 16] = [
    "--headless=new",
    "--window-size=1200,900",
    // There is none for root or in a container, and the page is our own.
    "--no-sandbox",
    "--disable-gpu",
    // Text in greys, on whatever screen.
    "--disable-lcd-text",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    // No port for whoever is on this machine, and an end when the driver's is.
    "--remote-debugging-pipe",
];

pub struct Driver {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The program that a session runs.
    browser: PathBuf,
    folder: TempDir,
    _program: Program,
}

/// The driver, started by the first test to ask.
///
/// `None` where there is no Chromium: the test is to return, and has said so. With `CI=true` that is
/// a failure.
pub async fn driver() -> Option<&'static Driver> {
    static DRIVER: OnceCell<Result<Driver, String>> = OnceCell::const_new();
    match DRIVER.get_or_init(Driver::start).await {
        Ok(driver) => Some(driver),
        Err(reason) => {
            skip(reason);
            None
        }
    }
}

/// Says that a test can't be run, or fails it.
pub fn skip(reason: &str) {
    let ci = env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!ci, "{reason}");
    say(&format!("SKIPPED: {reason}"));
}

/// Past the harness, which keeps what tests print to itself until they fail.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "page: {line}");
}

impl Driver {
    async fn start() -> Result<Self, String> {
        let chromium = installed("chromium", "chromium")?;
        let program = installed("chromedriver", "chromium-driver")?;
        let mut ended = String::new();
        for _ in 0..TRIES {
            match Self::on_a_port(&chromium, &program).await {
                Err(error @ ProgramError::Ended { .. }) => ended = error.to_string(),
                other => return other.map_err(|error| error.to_string()),
            }
        }
        Err(ended)
    }

    async fn on_a_port(chromium: &Path, program: &Path) -> Result<Self, ProgramError> {
        // Twice is fine: all choose the same provider.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::Builder::new().prefix("mixtap-page-").tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let guard = Path::new(env!("CARGO_BIN_EXE_mixtap"));
        let home = folder.path().display().to_string();
        let program = Program::new(
            "chromedriver",
            format!("{url}/status"),
            guard,
            program,
            vec![format!("--port={port}")],
            folder.path(),
        );
        // Whatever a browser keeps is kept there.
        let program = program
            .removing(folder.path())
            .with("HOME", &home)
            .with("XDG_CONFIG_HOME", &home)
            .with("XDG_CACHE_HOME", &home)
            .with("TMPDIR", &home);
        program.start()?;
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.expect("an HTTP client");
        program.answers(&http, &program.health).await?;
        Ok(Self {
            url,
            browser: tidy(chromium, folder.path())?,
            folder,
            _program: program,
        })
    }

    /// What a session asks for: a browser that nobody has used, set so, which tells all it logs.
    pub fn capabilities(&self, settings: Value) -> Value {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let profile = self.folder.path().join(format!("profile-{number}"));
        let mut flags = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.display()));
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": self.browser, "args": flags, "prefs": settings },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        })
    }
}

/// A program that runs Chromium, and removes the folder if the driver has gone meanwhile.
fn tidy(chromium: &Path, folder: &Path) -> io::Result<PathBuf> {
    let script = format!(
        "#!/bin/sh\n'{}' \"$@\"\nkill -0 $PPID 2>/dev/null || rm -rf '{}'\n",
        chromium.display(),
        folder.display()
    );
    let path = folder.join("chromium.sh");
    let mut options = fs::File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o700)
        .open(&path)?;
    file.write_all(script.as_bytes())?;
    Ok(path)
}

/// Where a program of a Debian package is.
fn installed(program: &str, package: &str) -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).map(|folder| folder.join(program));
    let found = places.find(|place| place.is_file());
    found.ok_or_else(|| format!("no {program} on PATH; Debian's package {package} has it"))
}
