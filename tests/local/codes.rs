//! Exit codes, and what is said where something is wrong.

use std::process::Stdio;

use mixtap::sandbox::calls::Call;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::world::{BROKEN, COHORT, Running, SEGMENT, World, of, secret};

fn refused(world: &World, code: i32, arguments: &[&str], words: &str) {
    let ended = world.run(arguments);
    assert_eq!(ended.code, Some(code), "{ended:#?}");
    assert_eq!(ended.stdout, "", "errors aren't the answer");
    assert!(ended.stderr.contains(words), "{words:?}: {}", ended.stderr);
}

#[test]
fn usage_is_64() {
    let world = World::new(&[]);
    refused(&world, 64, &["plan", "--nonsense"], "--nonsense");
    refused(&world, 64, &["plan", "-o", "xml"], "markdown");
    for duration in ["1ms", "601s"] {
        let line = ["sync", "--lock-duration", duration];
        refused(&world, 64, &line, "--lock-duration");
    }
    refused(
        &world,
        64,
        &["sync", "--watch", "-f", "-"],
        "standard input",
    );
    let mut bare = assert_cmd::Command::new(env!("CARGO_BIN_EXE_mixtap"));
    bare.env("MIXTAP_ALLOWED_ENDPOINTS", "http://127.0.0.1:1");
    let said = bare.arg("sync").assert().code(64);
    let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
    assert!(said.contains("--filename <PATH>"), "{said}");
    assert!(!said.contains("--allowed-endpoints"), "{said}");
}

#[test]
fn files_that_cannot_be_read_are_told_before_anything_is_asked() {
    let world = World::new(&["u-1"]);
    world.write(
        "broken",
        &json!({ "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
        "metadata": { "name": "broken" }, "spec": { "syncType": "Never" } }),
    );
    for command in ["plan", "sync"] {
        refused(&world, 1, &[command], "spec.syncType: must be one of");
    }
    std::fs::write(world.files().join("broken.yaml"), BROKEN).unwrap();
    refused(&world, 1, &["sync"], "broken.yaml:2");
    for file in std::fs::read_dir(world.files()).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    refused(&world, 1, &["plan"], "CohortExport");
    world.export(
        "cart",
        json!({ "cohort": { "id": 1 }, "syncType": "Dynamic" }),
    );
    std::fs::copy(
        world.files().join("cart.yaml"),
        world.files().join("twin.yaml"),
    )
    .unwrap();
    refused(
        &world,
        1,
        &["sync"],
        "metadata.name: must be the name of one CohortExport in namespace default only",
    );
    assert!(!world.state().exists(), "nothing was begun");
}

#[test]
fn what_the_api_server_would_refuse_is_never_run() {
    let world = World::new(&["u-1"]);
    for (field, value, such) in [
        ("suspended", json!(true), "suspend"),
        ("maxShrinkPercnt", json!(5), "maxShrinkPercent"),
        ("onEmty", json!("Hold"), "onEmpty"),
    ] {
        let spec = json!({ "cohort": { "id": COHORT }, "syncType": "Dynamic", field: value });
        world.export("cart", spec);
        let words = format!("spec.{field}: must be a field that there is, such as {such}");
        for command in ["plan", "sync"] {
            refused(&world, 1, &[command], &words);
        }
    }
    let good = json!({ "cohort": { "id": COHORT }, "syncType": "Dynamic" });
    world.export("cart", good.clone());
    for name in ["", "Cart_Drop"] {
        world.write(
            "bad",
            &json!({ "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
            "metadata": { "name": name }, "spec": { "connectorRef": { "name": "main" },
            "cohort": { "id": COHORT }, "syncType": "Dynamic" } }),
        );
        refused(&world, 1, &["sync"], "metadata.name: must be");
    }
    let twice = "apiVersion: mixtap.dev/v1alpha1\nkind: CohortExport\nmetadata: { name: bad }\n\
                 spec: { connectorRef: { name: main }, cohort: { id: 1 }, syncType: Dynamic, \
                 syncType: Dynamic }\n";
    std::fs::write(world.files().join("bad.yaml"), twice).unwrap();
    refused(&world, 1, &["sync"], "spec.syncType: must be given once");
    world.write("bad", &secret());
    refused(&world, 1, &["sync"], "must be the name of one Secret");
    assert_eq!(world.calls(Call::Engage) + world.clevertap_calls(), 0);
    assert!(!world.state().exists(), "nothing was begun");
    // What an installation doesn't permit, or isn't there, is that export's alone.
    std::fs::remove_file(world.files().join("bad.yaml")).unwrap();
    let mut short = good;
    short["interval"] = "1s".into();
    world.export("short", short);
    let report = world.json(1, "sync");
    assert_eq!(of(&report, "short")["reason"], "InvalidSpec");
    assert_eq!(of(&report, "cart")["reason"], "Synced");
}

/// A FIFO at this path; whoever opens it to write waits for its reader.
fn fifo(path: &std::path::Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn who_waits_for_manifests_can_be_stopped() {
    let world = World::new(&["u-1"]);
    let pipe = world.dir.path().join("pipe");
    fifo(&pipe);
    for (command, code) in [("plan", 130), ("sync", 1)] {
        let mut waits = world.start(&[command, "-f", pipe.to_str().unwrap()]);
        let writer = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        let pid = Pid::from_raw(waits.0.id().cast_signed()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        assert_eq!(waits.0.wait().unwrap().code(), Some(code), "{command}");
        drop(writer);
    }
    // In a folder it is none of the files.
    std::fs::rename(&pipe, world.files().join("pipe.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", world.files().join("link.yaml")).unwrap();
    world.ends(2, &["plan"]);
}

#[test]
fn a_state_that_is_not_there_is_only_read() {
    let world = World::new(&["u-1"]);
    world.ends(2, &["plan", "--no-booking"]);
    assert!(!world.state().exists());
    refused(&world, 64, &["plan", "--state-url", "/state"], "file:///");
}

#[test]
fn a_sync_goes_on_where_nobody_reads_along() {
    let world = World::new(&["u-1"]);
    for command in [&["sync"][..], &["sync", "-o", "json"]] {
        let mut command = world.command(command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut sync = Running(command.spawn().unwrap());
        drop(sync.0.stdout.take());
        assert_eq!(sync.0.wait().unwrap().code(), Some(0));
        assert_eq!(world.segment(SEGMENT), ["u-1"]);
    }
}

#[test]
fn what_is_wrong_is_said_where_it_is() {
    let world = World::new(&["u-1"]);
    std::fs::remove_file(world.files().join("secret.yaml")).unwrap();
    let said = world.ends(1, &["sync"]);
    let words = "Secret default/vendors isn't in the files: set the variable \
                 MIXTAP_SECRET_DEFAULT_VENDORS_PASSCODE to its passcode, or add the Secret.";
    assert!(said.contains(words), "{said}");
    assert!(world.ends(1, &["plan"]).contains(words));
    let mut wrong = secret();
    wrong["stringData"]["passcode"] = "wrong".into();
    world.write("secret", &wrong);
    let said = world.ends(1, &["sync"]);
    assert!(
        said.contains("connector/main  InvalidCredentials"),
        "{said}"
    );
    assert!(
        said.contains("cohortexport/cart  ConnectorNotReady"),
        "{said}"
    );
    world.write("secret", &secret());
    world.ends(0, &["sync"]);
}

#[test]
fn a_controllers_state_is_taken_on_purpose_only() {
    let world = World::new(&["u-1"]);
    std::fs::create_dir(world.state()).unwrap();
    std::fs::write(world.state().join("owner"), "uid-of-a-lease").unwrap();
    for command in ["plan", "sync"] {
        refused(&world, 1, &[command], "--adopt-state");
    }
    world.ends(0, &["sync", "--adopt-state"]);
    world.ends(0, &["sync"]);
}

#[test]
fn a_bucket_needs_a_key_of_the_environment() {
    let mut world = World::new(&["u-1"]);
    world
        .variables
        .insert("MIXTAP_STATE_URL".into(), "s3://bucket".into());
    let words = "MIXTAP_FINGERPRINT_KEY must be set";
    refused(&world, 1, &["plan"], words);
    world
        .variables
        .insert("MIXTAP_FINGERPRINT_KEY".into(), "short".into());
    refused(&world, 1, &["sync"], "64 hexadecimal digits");
}
