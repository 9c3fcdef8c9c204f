//! What isn't right is told on standard error, with what to do; nothing is written.

use mixtap::sandbox::mixpanel::ProjectSettings;

use crate::golden;
use crate::world::{PROJECT, SECRET, World, mixtap};

/// Runs with these flags; the code and what was said.
fn refused(world: &World, flags: &[&str]) -> (i32, String) {
    let output = world.init(flags).output().unwrap();
    assert_eq!(world.steady(&output.stdout), "", "{flags:?}");
    assert_eq!(world.files(), [""; 0], "{flags:?}");
    (output.status.code().unwrap(), world.steady(&output.stderr))
}

#[test]
fn what_is_missing_is_told_at_once() {
    let world = World::new();
    let output = mixtap(world.folder.path()).arg("init").assert();
    let output = output.code(64).get_output().clone();
    golden::check("init/golden/missing.txt", &world.steady(&output.stderr));

    // Where Mixpanel can be asked, the cohorts to choose from are told too.
    let (code, said) = refused(&world, &[]);
    golden::check("init/golden/which.txt", &said);
    assert_eq!(code, 64);
}

#[test]
fn wrong_answers_are_usage_errors_by_flag() {
    let world = World::new();
    let queries = || world.sandbox.mixpanel().spent_queries(PROJECT).unwrap();
    for (flags, words) in [
        (
            &["--all", "--interval", "5s"][..],
            "--interval must be at least 1m",
        ),
        (
            &["--all", "--interval", "5m", "--sync-type", "OneTime"],
            "--interval must be absent",
        ),
        (
            &["--all", "--name", "A_B"],
            "--name must be the name of a Kubernetes object",
        ),
        (
            &["--all", "--workspace", "0"],
            "--workspace must be from 1 to",
        ),
        (&["--all", "--namespace", "A"], "--namespace"),
        (&["--all", "--cohort", "1"], "cannot be used with"),
        (
            &["--all", "--clevertap-endpoint", "http://canary:x@127.0.0.1"],
            "must not hold credentials",
        ),
        (&["--cohort", "Power users"], "--cohort"),
    ] {
        let (code, said) = refused(&world, flags);
        assert!(
            code == 64 && said.contains(words),
            "{flags:?}: {code} {said}"
        );
    }
    assert_eq!(queries(), 0, "nobody was asked");
}

#[test]
fn cohorts_that_cannot_be_exported_are_told_apart() {
    let world = World::new();
    for (cohort, words) in [("4313", "one of groups"), ("99", "no cohort 99")] {
        let (code, said) = refused(&world, &["--cohort", cohort]);
        assert!(code == 1 && said.contains(words), "{said}");
    }
    // An empty project has nothing to choose.
    world.sandbox.mixpanel().remove_project(PROJECT).unwrap();
    let settings = ProjectSettings::with_account(crate::world::USERNAME, SECRET);
    world.sandbox.mixpanel().set_project(PROJECT, settings);
    let (code, said) = refused(&world, &["--all"]);
    assert!(code == 1 && said.contains("no cohort of users"), "{said}");
}

#[test]
fn mixpanels_refusals_are_told_as_a_connectors_check_tells_them() {
    let world = World::new();
    let settings = ProjectSettings::with_account("another", SECRET);
    world.sandbox.mixpanel().set_project(PROJECT, settings);
    let (code, said) = refused(&world, &["--all"]);
    golden::check("init/golden/credentials.txt", &said);
    assert_eq!(code, 1);

    let settings = ProjectSettings {
        api_in_plan: false,
        ..ProjectSettings::with_account(crate::world::USERNAME, SECRET)
    };
    world.sandbox.mixpanel().set_project(PROJECT, settings);
    let (code, said) = refused(&world, &["--all"]);
    assert!(
        code == 1 && said.contains("plan of this project has no Query API"),
        "{said}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let world = World::new();
    std::fs::write(world.folder.path().join("taken"), "").unwrap();
    let output = world.init(&["--all", "--output", "taken"]).assert().code(1);
    let said = world.steady(&output.get_output().stderr);
    assert!(said.starts_with("mixtap init: taken"), "{said}");
    assert_eq!(world.files(), ["taken"]);
}
