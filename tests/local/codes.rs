//! Exit codes, and what is said where something is wrong.

use serde_json::json;

use crate::world::{BROKEN, World, secret};

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
    bare.arg("sync").assert().code(64);
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
        refused(&world, 1, &[command], "mixtap check");
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
        "CohortExport default/cart is declared twice",
    );
    assert!(!world.state().exists(), "nothing was begun");
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
