//! A Git repository on this machine, from which Argo CD reads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::argo::ArgoCd;

/// A folder below Argo CD's own, which goes with that.
pub struct Repository(PathBuf);

impl Repository {
    pub fn new(argo: &ArgoCd) -> Self {
        let folder = tempfile::tempdir_in(&argo.dir).expect("a folder");
        let repository = Self(folder.keep());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    pub fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }

    /// Writes an object to `NAME.yaml`.
    pub fn write(&self, name: &str, object: &Value) {
        let text = serde_yaml::to_string(object).expect("YAML");
        fs::write(self.file(name), text).expect("a file");
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).expect("the file");
    }

    /// Copies a folder of our own repository to the same place.
    pub fn copy(&self, folder: &str) {
        let to = self.0.join(folder);
        fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let status = Command::new("cp").arg("-R").args([from, to]).status();
        assert!(status.expect("cp").success());
    }

    /// Commits everything, and says which commit that is.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.yaml"))
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(&self.0)
            .args([
                "-c",
                "user.name=Growth",
                "-c",
                "user.email=growth@example.com",
            ])
            .args(args)
            .output()
            .expect("git");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {error}");
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .trim()
            .to_owned()
    }
}
