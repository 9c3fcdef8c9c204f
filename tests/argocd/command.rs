//! Argo CD's own command: what it makes of one object, with the ConfigMap of `examples/argocd/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::tools::ARGOCD;
use crate::{configmap, plane};

/// A health or the state of an action, as the command says it.
pub type Said = (String, String);

/// Argo CD's binary, made by the first test of this binary to ask.
///
/// `None` where it can't be had: the test is to return, and has said so. With `CI=true` that is a
/// failure.
pub async fn program() -> Option<&'static Path> {
    static PROGRAM: OnceCell<Result<PathBuf, String>> = OnceCell::const_new();
    let find = async || {
        ARGOCD
            .find(&plane::say)
            .await
            .map_err(|error| error.to_string())
    };
    match PROGRAM.get_or_init(find).await {
        Ok(program) => Some(program),
        Err(reason) => {
            plane::skip(reason);
            None
        }
    }
}

/// `argocd admin settings resource-overrides`.
pub struct Overrides {
    program: &'static Path,
    dir: TempDir,
}

impl Overrides {
    pub async fn new() -> Option<Self> {
        let program = program().await?;
        let dir = tempfile::tempdir().expect("a folder");
        Some(Self { program, dir })
    }

    /// Status and message.
    pub fn health(&self, object: &Value) -> Said {
        let said = self.run("health", object, &[]);
        let (status, message) = said.split_once('\n').expect("two lines");
        let status = status.strip_prefix("STATUS: ").expect(status);
        let message = message.strip_prefix("MESSAGE: ").expect(message);
        (status.to_owned(), message.trim_end().to_owned())
    }

    /// Each action, and whether it is disabled; sorted.
    pub fn list_actions(&self, object: &Value) -> Vec<Said> {
        let said = self.run("list-actions", object, &[]);
        let action = |line: &str| {
            let mut words = line.split_whitespace().map(str::to_owned);
            (
                words.next().expect("a name"),
                words.next().expect("true or false"),
            )
        };
        let mut actions: Vec<_> = said.lines().skip(1).map(action).collect();
        actions.sort();
        actions
    }

    /// The object as the action makes it.
    pub fn run_action(&self, object: &Value, action: &str) -> Value {
        let said = self.run("run-action", object, &[action]);
        let (_, patched) = said.split_once("\n\n").expect("a heading and the object");
        serde_yaml::from_str(patched).expect("YAML")
    }

    fn run(&self, command: &str, object: &Value, more: &[&str]) -> String {
        let (file, map) = (self.dir.path().join("object.yaml"), configmap::path());
        fs::write(&file, serde_yaml::to_string(object).expect("YAML")).expect("a file");
        let output = Command::new(self.program)
            .args(["admin", "settings", "resource-overrides", command])
            .arg(file)
            .args(more)
            .arg("--argocd-cm-path")
            .arg(map)
            // In place of a diff: the second of the files that are to be compared.
            .env("KUBECTL_EXTERNAL_DIFF", "sh -c 'cat \"$2\"' sh")
            .env("TMPDIR", self.dir.path())
            .output()
            .expect("argocd");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {error}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}
