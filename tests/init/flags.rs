//! Without a terminal: flags and variables say everything.

use std::fs;

use mixtap::sandbox::mixpanel::CohortSpec;

use crate::golden;
use crate::world::{ACCOUNT, PASSCODE, PROJECT, SECRET, USERNAME, World, mixtap};

#[test]
fn chosen_cohorts_become_files() {
    let world = World::new();
    let done = world
        .init(&["--cohort", "4312", "--cohort", "4311"])
        .assert();
    let output = done.success().get_output().clone();
    // Paths and nothing else: the rest is for people.
    golden::check("init/golden/written.txt", &world.steady(&output.stdout));
    assert_eq!(world.steady(&output.stderr), "");
    let names = [
        "cart-drop-off-4311.yaml",
        "connector.yaml",
        "power-users.yaml",
    ];
    assert_eq!(world.files(), names);
    for name in names {
        let text = fs::read(world.folder.path().join(name)).unwrap();
        golden::check(&format!("init/golden/{name}"), &world.steady(&text));
    }
    assert_eq!(world.sandbox.mixpanel().spent_queries(PROJECT).unwrap(), 1);
}

#[test]
fn all_are_printed_and_nothing_is_written() {
    let world = World::new();
    let once = [
        "--sync-type",
        "onetime",
        "--workspace",
        "7",
        "--name",
        "growth",
    ];
    for how in [&["--dry-run"][..], &["--output", "-"]] {
        let flags = [
            &["--all", "--namespace", "crm", "--region", "eu"],
            &once[..],
            how,
        ]
        .concat();
        let output = world.init(&flags).assert().success().get_output().clone();
        golden::check("init/golden/all.yaml", &world.steady(&output.stdout));
        assert_eq!(world.steady(&output.stderr), "");
    }
    assert_eq!(world.files(), [""; 0]);
}

#[test]
fn more_cohorts_are_added_to_what_is_there_but_nothing_is_overwritten() {
    let world = World::new();
    world.init(&["--cohort", "4312"]).assert().success();
    world.init(&["--cohort", "4317"]).assert().success();
    assert_eq!(
        world.files(),
        ["2024.yaml", "connector.yaml", "power-users.yaml"]
    );

    let mine = world.folder.path().join("power-users.yaml");
    fs::write(&mine, "# mine\n").unwrap();
    let output = world.init(&["--all"]).assert().code(1).get_output().clone();
    golden::check("init/golden/differ.txt", &world.steady(&output.stderr));
    assert_eq!(world.files().len(), 3);
    assert_eq!(fs::read_to_string(&mine).unwrap(), "# mine\n");

    world.init(&["--all", "--force"]).assert().success();
    assert_eq!(world.files().len(), 7);
    assert_ne!(fs::read_to_string(&mine).unwrap(), "# mine\n");
}

#[test]
fn what_is_there_keeps_its_name_when_another_cohort_takes_the_same() {
    let world = World::new();
    world.init(&["--cohort", "4312"]).assert().success();
    let path = world.folder.path().join("power-users.yaml");
    let before = fs::read_to_string(&path).unwrap();
    let spec = CohortSpec {
        name: "Power users".to_owned(),
        ..CohortSpec::default()
    };
    let mixpanel = world.sandbox.mixpanel();
    mixpanel.put_cohort(PROJECT, 4320, spec).unwrap();
    world
        .init(&["--cohort", "4312", "--cohort", "4320"])
        .assert()
        .success();
    let files = [
        "connector.yaml",
        "power-users-4320.yaml",
        "power-users.yaml",
    ];
    assert_eq!(world.files(), files);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn variables_answer_like_flags() {
    let world = World::new();
    let mut command = mixtap(world.folder.path());
    for (name, value) in [
        ("MIXPANEL_USERNAME", USERNAME),
        ("MIXPANEL_SECRET", SECRET),
        ("MIXTAP_MIXPANEL_PROJECT", "1234567"),
        ("MIXTAP_CLEVERTAP_PROJECT", "TEST-123-456-789Z"),
        ("MIXTAP_DATACENTER", "eu1"),
        ("MIXTAP_RESULT_EMAIL", "growth@example.com"),
    ] {
        command.env(name, value);
    }
    let endpoint = world.endpoint();
    command.args([
        "init",
        "--cohort=4311",
        "--cohort=4312",
        "--mixpanel-endpoint",
        &endpoint,
    ]);
    command.assert().success();
    let text = fs::read(world.folder.path().join("connector.yaml")).unwrap();
    golden::check("init/golden/connector.yaml", &world.steady(&text));
}

#[test]
fn check_has_nothing_to_say_of_it() {
    let world = World::new();
    world.init(&["--all"]).assert().success();
    let mut check = mixtap(world.folder.path());
    check.args(["check", "-f", ".", "--allowed-endpoints", &world.endpoint()]);
    check.assert().success();
    // It has where the endpoint isn't permitted.
    let mut check = mixtap(world.folder.path());
    check.args(["check", "-f", "."]).assert().code(1);
}

#[test]
fn what_is_written_is_synced_with_the_variables_that_it_tells_of() {
    let world = World::new();
    let clevertap = world.sandbox.clevertap_url().origin().ascii_serialization();
    let flags = [
        "--cohort",
        "4312",
        "--output",
        "exports",
        "--clevertap-endpoint",
        &clevertap,
    ];
    world.init(&flags).assert().success();
    let mut sync = mixtap(world.folder.path());
    for (key, value) in [
        ("PASSCODE", PASSCODE),
        ("USERNAME", USERNAME),
        ("SECRET", SECRET),
    ] {
        let name = format!("MIXTAP_SECRET_DEFAULT_MIXPANEL_1234567_CREDENTIALS_{key}");
        let hints = include_str!("golden/asked.txt");
        assert!(hints.contains(&format!("export {name}=")));
        sync.env(name, value);
    }
    let state = url::Url::from_directory_path(world.folder.path().join("state")).unwrap();
    sync.args(["sync", "-f", "exports", "--state-url", state.as_str()]);
    sync.args(["--scratch-dir", "runs", "--allowed-endpoints"]);
    sync.arg(format!("{},{clevertap}", world.endpoint()));
    let output = sync.assert().success().get_output().clone();
    world.steady(&output.stdout);
    let segment = world
        .sandbox
        .clevertap()
        .segment(ACCOUNT, "Mixpanel - Power users");
    assert_eq!(segment.unwrap().members.len(), 12);
}
