//! Without an API server at hand: the examples are synced from files, until there is one or for good.

use std::{env, fs, os::unix::fs::symlink, path::Path, process::Command};

use rustix::process::Signal;

use super::{Demo, GOALS, TURN, available, processes_of};

/// What files bring about, line by line.
const SYNCED: [[&str; 2]; 3] = [
    ["connector/quickstart", "Connected"],
    ["cohortexport/power-users", "Completed"],
    [
        "CleverTap now shows \"Mixpanel - Cart drop off\"",
        "612 members",
    ],
];

fn all_said(demo: &Demo, goals: &[[&str; 2]]) -> bool {
    let said = |words: &[&str; 2]| {
        let mut lines = demo.said.iter();
        lines.any(|line| words.iter().all(|word| line.contains(word)))
    };
    goals.iter().all(said)
}

/// An empty cache, and the one program that the demo's hints need, but no Go.
fn bare() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_mixtap"), bin.join("mixtap")).unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn where_no_api_server_can_be_had_once_is_a_sync() {
    let bare = bare();
    let (cache, bin) = (bare.path().join("cache"), bare.path().join("bin"));
    let variables = [("XDG_CACHE_HOME", text(&cache)), ("PATH", text(&bin))];
    let mut demo = Demo::start_with(&["--once"], &variables);
    let code = demo.code();
    let said = demo.said.join("\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(all_said(&demo, &SYNCED), "{said}");
    // What is missing, and what to do about it.
    assert!(said.contains("Go is not installed. Install Go"), "{said}");
    assert!(!said.contains("second terminal"), "{said}");
    demo.leaves_nothing();
}

#[test]
fn where_no_api_server_can_be_had_it_goes_on_with_files() {
    let bare = bare();
    let (cache, bin) = (bare.path().join("cache"), bare.path().join("bin"));
    let variables = [("XDG_CACHE_HOME", text(&cache)), ("PATH", text(&bin))];
    let mut demo = Demo::start_with(&[], &variables);
    let exports = ["MIXTAP_STATE_URL", "MIXTAP_ALLOWED_ENDPOINTS"].map(|name| {
        let line = demo.until(&["export", name]);
        let (_, value) = line.split_once('=').unwrap();
        (name, value.to_owned())
    });
    let plan = demo.until(&["mixtap plan -f "]);
    let folder = plan.split_whitespace().nth(3).unwrap().to_owned();
    demo.until(&["lost", "members and gained"]);
    // In a second terminal, as it says: the cohort has changed.
    let run = |command: &str| {
        let mut mixtap = Command::new(env!("CARGO_BIN_EXE_mixtap"));
        mixtap
            .env_clear()
            .envs(exports.iter().map(|(name, value)| (name, value)));
        mixtap.env("MIXTAP_SCRATCH_DIR", bare.path().join("runs"));
        let output = mixtap.args([command, "-f", &folder]).output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let checked = run("check");
    assert_eq!(checked.0, Some(0), "{}", checked.1);
    let planned = run("plan");
    assert_eq!(planned.0, Some(2), "{}", planned.1);
    assert!(planned.1.contains("16 added, 9 removed"), "{}", planned.1);
    demo.signal(Signal::INT);
    assert_eq!(demo.code(), Some(0), "{}", demo.said.join("\n"));
    demo.leaves_nothing();
}

#[tokio::test]
async fn while_the_api_server_is_being_made_files_are_synced() {
    // It has been built, then, and Go keeps what it compiled: this build only links.
    if !available().await {
        return;
    }
    let _turn = TURN.lock().await;
    let kept = Command::new("go").args(["env", "GOCACHE"]).output();
    let Ok(kept) = kept else {
        eprintln!("demo: SKIPPED: no go");
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "no go");
        return;
    };
    let kept = String::from_utf8(kept.stdout).unwrap();
    let bare = bare();
    let cache = bare.path().join("cache");
    let variables = [("XDG_CACHE_HOME", text(&cache)), ("GOCACHE", kept.trim())];
    let mut demo = Demo::start_with(&["--once"], &variables);
    demo.until(&["both stand-ins begin anew"]);
    assert!(all_said(&demo, &SYNCED), "{}", demo.said.join("\n"));
    demo.said.clear();
    // Then all of it once more, by the controller.
    assert_eq!(demo.code(), Some(0), "{}", demo.said.join("\n"));
    assert!(all_said(&demo, &GOALS), "{}", demo.said.join("\n"));
    assert!(all_said(&demo, &[["CleverTap", "no segment yet"]]));
    demo.leaves_nothing();
}

#[test]
fn ctrl_c_ends_it_while_files_are_synced() {
    let bare = bare();
    let (cache, bin) = (bare.path().join("cache"), bare.path().join("bin"));
    let variables = [("XDG_CACHE_HOME", text(&cache)), ("PATH", text(&bin))];
    let mut demo = Demo::start_with(&[], &variables);
    demo.until(&["mixtap sync -f"]);
    demo.signal(Signal::INT);
    assert_eq!(demo.code(), Some(0), "{}", demo.said.join("\n"));
    assert_eq!(processes_of(bare.path()), Vec::<String>::new());
    demo.leaves_nothing();
}
