//! A test run that is killed leaves neither a browser nor a file behind.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::browser::{Browser, driver};
use crate::demo::processes_of;
use crate::world::PATIENCE;

/// Set for the run that is to be killed.
const VICTIM: &str = "MIXTAP_TEST_VICTIM";
const OPEN: &str = "a browser is open";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_leaves_nothing() {
    if env::var_os(VICTIM).is_some() {
        let _browser = Browser::open("http://127.0.0.1:9").await;
        println!("{OPEN}");
        return std::future::pending().await;
    }
    if driver().await.is_none() {
        return;
    }
    let temp = tempfile::tempdir().expect("a folder");
    let this = env::current_exe().expect("this program");
    let mut command = Command::new(this);
    command.args([
        "--exact",
        "leftovers::a_killed_run_leaves_nothing",
        "--nocapture",
    ]);
    command.env(VICTIM, "yes").env("TMPDIR", temp.path());
    let mut victim = command.stdout(Stdio::piped()).spawn().expect("a run");
    let lines = BufReader::new(victim.stdout.take().expect("a pipe")).lines();
    let opened = lines.map_while(Result::ok).any(|line| line.contains(OPEN));
    let running = processes_of(temp.path());
    victim.kill().expect("killed");
    victim.wait().expect("gone");
    assert!(opened, "the run ended by itself");
    assert!(!running.is_empty(), "no process was seen");

    let deadline = Instant::now() + PATIENCE;
    loop {
        let files = fs::read_dir(temp.path()).expect("the folder").count();
        let left = processes_of(temp.path());
        if files == 0 && left.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "{files} files, {left:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
