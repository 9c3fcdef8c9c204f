//! `mixtap demo` as a newcomer runs it: the built binary, a real API server, and kubectl.
#![cfg(feature = "sandbox")]

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use mixtap::sandbox::cluster::{Assets, Need};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// Far longer than anything takes; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(180);
const GOALS: [[&str; 2]; 3] = [
    ["clevertapconnector/quickstart", "Connected"],
    ["cohortexport/power-users", "Completed"],
    ["cohortexport/cart-drop-off", "Synced"],
];
/// One at a time: each is an API server of its own.
static TURN: Mutex<()> = Mutex::const_new(());

/// Whether there is an API server to be had. With `CI=true` there must be.
async fn available() -> bool {
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
struct Demo {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
    temp: TempDir,
}

impl Demo {
    fn start(flags: &[&str]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mixtap"));
        command.arg("demo").args(flags).env("TMPDIR", temp.path());
        // The demo is to go straight to this machine, and its controller is its own.
        command
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .env("MIXTAP_STATE_PREFIX", "/nonsense/");
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
    fn until(&mut self, words: &[&str]) -> String {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said.push(line.clone());
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
        panic!("never said {words:?}:\n{}", self.said.join("\n"));
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Its exit code, once it has said everything.
    fn code(&mut self) -> Option<i32> {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said.push(line);
        }
        self.child.wait().unwrap().code()
    }

    fn leaves_nothing(self) {
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
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder)).collect()
}

/// `None` where there is no kubectl.
fn kubectl(kubeconfig: &str, args: &[&str]) -> Option<Output> {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut command = Command::new("kubectl");
    command
        .args(args)
        .current_dir(root)
        .env("KUBECONFIG", kubeconfig);
    match command.env("NO_PROXY", "127.0.0.1").output() {
        Ok(output) => Some(output),
        Err(_) if env::var_os("CI").is_none_or(|ci| ci != "true") => {
            let _ = writeln!(io::stderr(), "demo: SKIPPED: no kubectl");
            None
        }
        Err(error) => panic!("kubectl: {error}"),
    }
}

#[tokio::test]
async fn once_gets_everything_there_and_ends_by_itself() {
    if !available().await {
        return;
    }
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(&["--once", "--workdir", folder.path().to_str().unwrap()]);
    assert_eq!(demo.code(), Some(0), "{}", demo.said.join("\n"));
    for words in GOALS {
        let is_there = |line: &String| words.iter().all(|word| line.contains(word));
        assert!(
            demo.said.iter().any(is_there),
            "{words:?}:\n{}",
            demo.said.join("\n")
        );
    }
    let kept: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .collect();
    assert_eq!(kept, ["controller.log"]);
    assert_eq!(processes_of(folder.path()), Vec::<String>::new());
    demo.leaves_nothing();
}

#[tokio::test]
async fn kubectl_works_beside_it_until_ctrl_c() {
    if !available().await {
        return;
    }
    let _turn = TURN.lock().await;
    let mut demo = Demo::start(&[]);
    let kubeconfig = demo.until(&["export KUBECONFIG="]);
    let (_, kubeconfig) = kubeconfig.split_once('=').unwrap();
    demo.until(&["Ctrl-C"]);
    for (which, objects) in [(["-f", "examples/quickstart/"], 4), (["-k", "crds/"], 2)] {
        let Some(applied) = kubectl(kubeconfig, &[&["apply"][..], &which].concat()) else {
            break;
        };
        let said = String::from_utf8_lossy(&applied.stdout);
        assert_eq!(said.matches(" unchanged\n").count(), objects, "{said}");
        assert_eq!(said.lines().count(), objects);
        assert_eq!(String::from_utf8_lossy(&applied.stderr), "");
    }
    let request = [
        "annotate",
        "cohortexport/cart-drop-off",
        "mixtap.dev/requested-at=now",
    ];
    if kubectl(kubeconfig, &request).is_some() {
        demo.until(&["cohortexport/cart-drop-off", "Synced"]);
        // The first exports were told before. The cohort has changed since.
        demo.until(&["added, ", "profiles and the list sent"]);
        for apply in [&["apply", "--server-side"][..], &["delete"]] {
            let quickstart = ["-f", "examples/quickstart/connector.yaml"];
            let done = kubectl(kubeconfig, &[apply, &quickstart].concat()).unwrap();
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stderr)
            );
        }
        demo.until(&["clevertapconnector/quickstart", "deleted"]);
    }
    demo.signal(Signal::INT);
    assert_eq!(demo.code(), Some(0), "{}", demo.said.join("\n"));
    demo.leaves_nothing();
}

#[tokio::test]
async fn ctrl_c_ends_it_while_it_starts_too() {
    if !available().await {
        return;
    }
    let _turn = TURN.lock().await;
    let mut demo = Demo::start(&[]);
    demo.until(&["starting etcd"]);
    demo.signal(Signal::INT);
    assert_eq!(demo.code(), Some(0), "{}", demo.said.join("\n"));
    demo.leaves_nothing();
}

#[tokio::test]
async fn even_killed_it_leaves_nothing() {
    if !available().await {
        return;
    }
    let _turn = TURN.lock().await;
    let mut demo = Demo::start(&[]);
    demo.until(&GOALS[0]);
    demo.signal(Signal::KILL);
    assert_eq!(demo.code(), None);
    let deadline = Instant::now() + PATIENCE;
    let left = |demo: &Demo| {
        fs::read_dir(demo.temp.path()).unwrap().count() + processes_of(demo.temp.path()).len()
    };
    while left(&demo) > 0 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    demo.leaves_nothing();
}

#[test]
fn without_an_api_server_it_says_what_is_missing() {
    let output = Command::new(env!("CARGO_BIN_EXE_mixtap"))
        .args(["demo", "--once"])
        .env("KUBEBUILDER_ASSETS", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("KUBEBUILDER_ASSETS names /nonexistent"),
        "{said}"
    );
}
