//! Secrets and members never leave: neither in what is said, however loud, nor in the state.

use std::path::Path;

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::Action;

use crate::world::{COHORT, World};

const MEMBERS: [&str; 3] = ["canary-one", "canary-two", "canary-three"];

fn silent(text: &str, what: &str) {
    for canary in ["canary", "@example.com", "growth@"] {
        assert!(!text.contains(canary), "{canary} in {what}: {text}");
    }
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

fn look(world: &World) {
    let mut found = Vec::new();
    files(&world.state(), &mut found);
    assert!(found.len() > 3, "{found:?}");
    for file in found {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        silent(&text, &file.display().to_string());
    }
    assert!(
        !world
            .dir
            .path()
            .join("scratch/plans")
            .read_dir()
            .unwrap()
            .any(|_| true)
    );
}

#[test]
fn nothing_is_said_of_members_or_secrets() {
    let world = World::new(&MEMBERS);
    let loud = ["--log-level", "debug,mixtap=debug"];
    let passes: [&[&str]; 6] = [
        &["plan", "-o", "json"],
        &["sync"],
        &["sync", "-o", "json"],
        &["plan", "-o", "markdown"],
        &["plan"],
        &["sync"],
    ];
    let mut logged = 0;
    for (round, pass) in passes.iter().enumerate() {
        if round > 3 {
            // What a vendor says may repeat what it was told.
            world.cohort(COHORT, "Cart drop off", &["canary-four"]);
            let body = r#"{"status":"fail","error":"canary-four canary-passcode"}"#;
            world.fault(Call::Upload, 1, Action::answer(400, body));
            let body = r#"{"error":"canary-robot canary-secret"}"#;
            world.fault(Call::Engage, 1, Action::answer(400, body));
        }
        let ended = world.run(&[*pass, &loud].concat());
        logged += ended.stderr.len();
        silent(&ended.stdout, "standard output");
        silent(&ended.stderr, "standard error");
        look_if_there(&world);
    }
    assert!(logged > 0, "the log is loud");
    look(&world);
}

/// Before the first sync there is nothing.
fn look_if_there(world: &World) {
    if world.state().join("snapshots").exists() {
        look(world);
    }
}
