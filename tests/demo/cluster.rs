//! With an API server at hand.

use std::{
    env, fs,
    io::{self, Write},
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use super::{Demo, GOALS, PATIENCE, TURN, available, processes_of};

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

/// The plug-in with the variables of the hints, on these lines of them.
#[cfg(feature = "plugin")]
fn plugin(kubeconfig: &str, variables: &[String]) {
    let words = variables.iter().flat_map(|line| line.split_whitespace());
    let variables: Vec<_> = words.filter_map(|word| word.split_once('=')).collect();
    for (line, expected) in [
        ("status", "quickstart"),
        ("history cart-drop-off", "First"),
        ("budget", "1234567"),
        ("why cart-drop-off u-000001 --listed", "in the list     yes"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-mixtap"));
        command.args(line.split(' ')).env_clear();
        command.env("KUBECONFIG", kubeconfig);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{line}: {said}{trouble}");
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
    let asked = [
        "export MIXTAP_PAGE_URL=",
        "export MIXTAP_ALLOWED_ENDPOINTS=",
    ];
    let variables = asked.map(|start| demo.until(&[start]));
    demo.until(&["Ctrl-C"]);
    #[cfg(feature = "plugin")]
    plugin(kubeconfig, &variables);
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
