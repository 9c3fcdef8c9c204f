//! What the README's section "Without a cluster" says, from nothing to a second, unchanged plan.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::world::{PATIENCE, Running};

#[test]
fn from_nothing_to_an_unchanged_plan() {
    let dir = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_mixtap");
    let mut sandbox = Command::new(program);
    sandbox
        .args(["sandbox", "--examples", "exports"])
        .current_dir(dir.path());
    let mut sandbox = Running(sandbox.stdout(Stdio::piped()).spawn().unwrap());
    let said = BufReader::new(sandbox.0.stdout.take().unwrap()).lines();
    let said = said.map_while(Result::ok);
    let hints: Vec<String> = said.take_while(|line| !line.contains("Ctrl-C")).collect();
    let lines = hints.iter().map(|line| line.trim());
    let exports: Vec<_> = lines.filter(|line| line.starts_with("export ")).collect();
    // A second terminal has nothing of the first but its folder.
    assert!(hints.iter().any(|line| line.contains("in the same folder")));
    let run = |command: &str| {
        let mut run = assert_cmd::Command::new("/bin/sh");
        let script = format!("{}\nexec mixtap {command} -f exports", exports.join("\n"));
        run.current_dir(dir.path())
            .args(["-c", &script])
            .env_clear()
            .env("PATH", "/nowhere")
            .env("XDG_STATE_HOME", dir.path().join("state"))
            .env("MIXTAP_SCRATCH_DIR", dir.path().join("scratch"))
            .timeout(PATIENCE);
        let output = run.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), text)
    };
    assert!(
        hints
            .iter()
            .any(|line| line.contains("mixtap sync -f exports")),
        "{hints:?}"
    );
    assert_eq!(run("check").0, 0);
    let (code, plan) = run("plan");
    assert_eq!(code, 2, "{plan}");
    assert!(
        plan.contains("2 would change (3,024 added, 0 removed)"),
        "{plan}"
    );
    let (code, sync) = run("sync");
    assert_eq!(code, 0, "{sync}");
    assert!(
        sync.contains("cohortexport/cart-drop-off  Synced  612 members"),
        "{sync}"
    );
    assert!(
        sync.contains("cohortexport/power-users  Completed  2,412 members"),
        "{sync}"
    );
    let (code, plan) = run("plan");
    assert_eq!(code, 0, "{plan}");
    assert!(plan.contains("0 would change"), "{plan}");
    assert!(dir.path().join("state/mixtap").is_dir());
    // The files are the user's from now on.
    let connector = dir.path().join("exports/connector.yaml");
    assert_eq!(mine(&connector), mine(Path::new(EXAMPLE)) + POINTED);
}

const EXAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/quickstart/connector.yaml"
);
const POINTED: &str = "  endpoints:\n    mixpanel:\n    clevertap:\n";

/// Without comments, and without the ports of this run.
fn mine(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim().starts_with('#') && !line.is_empty());
    let lines = lines.map(|line| match line.split_once(" http://") {
        Some((field, _)) => format!("{field}\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}
