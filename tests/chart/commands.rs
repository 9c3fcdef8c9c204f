//! helm and kubectl, as people call them.

use std::{
    env,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use tokio::sync::OnceCell;

use crate::{plane, tools::HELM};

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The output of a command that must succeed.
    pub fn fine(self) -> String {
        assert!(self.ok, "{}{}", self.out, self.err);
        self.out
    }
}

/// The helm program. `None` where it can't be had: the test is to return, and has said so.
pub async fn helm() -> Option<&'static Path> {
    static HELM_PATH: OnceCell<Result<PathBuf, String>> = OnceCell::const_new();
    let find = async || {
        // Each of these tests needs it too.
        let kubectl = Command::new("kubectl").arg("help").output();
        kubectl.map_err(|error| format!("kubectl: {error}"))?;
        HELM.find(&plane::say).await.map_err(|e| e.to_string())
    };
    match HELM_PATH.get_or_init(find).await {
        Ok(path) => Some(path),
        Err(reason) => {
            plane::skip(reason);
            None
        }
    }
}

/// The chart's folder.
pub fn chart() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/charts/mixtap")
}

/// `helm template` for a cluster such as the plane: built by Go alone, helm knows no release of its own.
pub fn template(program: &Path, release: &str, args: &[&str], values: &str) -> Said {
    let fixed = [
        "template",
        release,
        chart(),
        "--kube-version=1.36.2",
        "--values=-",
    ];
    run_helm(
        program,
        "/dev/null".as_ref(),
        &[&fixed[..], args].concat(),
        values,
    )
}

/// Runs helm without anybody's settings; with values on its standard input for `--values=-`.
pub fn run_helm(program: &Path, kubeconfig: &Path, args: &[&str], values: &str) -> Said {
    static HOME: OnceLock<tempfile::TempDir> = OnceLock::new();
    let home = HOME.get_or_init(|| tempfile::tempdir().expect("a folder"));
    let mut command = Command::new(program);
    for folder in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        command.env(folder, home.path());
    }
    command.env("KUBECONFIG", kubeconfig).args(args);
    run(command, values)
}

/// Runs kubectl with this on its standard input.
pub fn kubectl(kubeconfig: &Path, args: &[&str], input: &str) -> Said {
    let mut command = Command::new("kubectl");
    command.env("KUBECONFIG", kubeconfig).args(args);
    run(command, input)
}

/// Runs a command to its end.
pub fn run(mut command: Command, input: &str) -> Said {
    let mut child = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut pipe = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    // Beside the reading, or both would wait for each other. Not all read what they are given.
    let writing = std::thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("no panic");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        ok: output.status.success(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}
