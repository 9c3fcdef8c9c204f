//! Secrets of the environment, as a pipeline has them.

use crate::world::{PASSCODE, SECRET, SEGMENT, USERNAME, World, secret};

#[test]
fn the_environment_wins_over_the_files_and_suffices_without_them() {
    let mut world = World::new(&["u-1"]);
    let mut wrong = secret();
    for key in ["passcode", "username", "secret"] {
        wrong["stringData"][key] = "wrong".into();
    }
    world.write("secret", &wrong);
    for (key, value) in [
        ("PASSCODE", PASSCODE),
        ("USERNAME", USERNAME),
        ("SECRET", SECRET),
    ] {
        let name = format!("MIXTAP_SECRET_DEFAULT_VENDORS_{key}");
        world.variables.insert(name, format!("{value}\n"));
    }
    world.ends(0, &["sync"]);
    std::fs::remove_file(world.files().join("secret.yaml")).unwrap();
    world.ends(0, &["plan"]);
    world.ends(0, &["sync"]);
    assert_eq!(world.segment(SEGMENT), ["u-1"]);
}

#[test]
fn one_variable_for_two_keys_is_an_error() {
    let world = World::new(&["u-1"]);
    let mut connector = world.connector();
    connector["spec"]["passcodeSecretRef"]["name"] = "ven-dors".into();
    connector["spec"]["passcodeSecretRef"]["key"] = "username".into();
    let account = &mut connector["spec"]["mixpanel"]["serviceAccountSecretRef"];
    account["name"] = "ven.dors".into();
    world.write("connector", &connector);
    for command in ["plan", "sync"] {
        let ended = world.run(&[command]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("would stand for both"), "{ended:?}");
    }
}

#[test]
fn a_changed_secret_is_checked_at_once() {
    let world = World::new(&["u-1"]);
    world.ends(0, &["sync"]);
    let mut wrong = secret();
    wrong["stringData"]["secret"] = "wrong".into();
    world.write("secret", &wrong);
    let said = world.ends(1, &["sync"]);
    assert!(
        said.contains("connector/main  InvalidCredentials"),
        "{said}"
    );
    world.write("secret", &secret());
    world.ends(0, &["sync"]);
}
