//! The programs built with Go from the published modules; see `../plane/main.go`. The sources are
//! part of this binary, so that an installed `mixtap demo` can do it too.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::symlink,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    process::Command,
    time::{Instant, timeout},
};

use super::process::tail;

/// The release that `go.mod` names.
const VERSION: &str = "v1.36.2";
const SOURCES: [(&str, &str); 3] = [
    ("main.go", include_str!("../plane/main.go")),
    ("go.mod", include_str!("../plane/go.mod")),
    ("go.sum", include_str!("../plane/go.sum")),
];
/// The names by which the one binary is called.
const NAMES: [&str; 3] = ["etcd", "kube-apiserver", "kube-controller-manager"];
const BUILD_WITHIN: Duration = Duration::from_secs(60 * 60);
const TELL_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error("Go is not installed")]
    NoGo,
    #[error("go build: {0}")]
    Io(#[from] io::Error),
    #[error("go build ended with {status}: {log}")]
    Failed { status: ExitStatus, log: String },
    #[error("go build took longer than {} minutes", BUILD_WITHIN.as_secs() / 60)]
    TooLong,
}

/// The folder's name in the cache: it changes with the sources and the platform.
pub(super) fn key() -> String {
    let mut hash = blake3::Hasher::new();
    for (name, text) in SOURCES {
        hash.update(name.as_bytes())
            .update(&[0])
            .update(text.as_bytes())
            .update(&[0]);
    }
    hash.update(std::env::consts::OS.as_bytes()).update(&[0]);
    hash.update(std::env::consts::ARCH.as_bytes());
    format!("k8s-{VERSION}-{}", &hash.finalize().to_hex()[..12])
}

/// Builds into the empty folder `work`; `kept` is only named to the user.
pub(super) async fn build(
    work: &Path,
    kept: &Path,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), BuildError> {
    let source = work.join("source");
    fs::create_dir(&source)?;
    for (name, text) in SOURCES {
        fs::write(source.join(name), text)?;
    }
    let log = source.join("build.log");
    let mut go = Command::new("go")
        .args([
            "build",
            "-trimpath",
            "-ldflags",
            &ldflags(),
            "-o",
            "../plane",
            ".",
        ])
        .current_dir(&source)
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BuildError::NoGo,
            _ => error.into(),
        })?;
    say(&format!(
        "building Kubernetes {VERSION} with Go: once, about 7 minutes on 2 cores, kept in {}",
        kept.display()
    ));
    let start = Instant::now();
    let status = loop {
        match timeout(TELL_EVERY, go.wait()).await {
            Ok(status) => break status?,
            Err(_) if start.elapsed() > BUILD_WITHIN => return Err(BuildError::TooLong),
            Err(_) => say(&format!(
                "still building, {} min",
                start.elapsed().as_secs() / 60
            )),
        }
    };
    if !status.success() {
        return Err(BuildError::Failed {
            status,
            log: tail(&log)?,
        });
    }
    for name in NAMES {
        symlink("plane", work.join(name))?;
    }
    fs::remove_dir_all(source)?;
    say(&format!("built in {} s", start.elapsed().as_secs()));
    Ok(())
}

/// Stripped, and with the version stamped in: without it `kubectl version` fails.
fn ldflags() -> String {
    let mut flags = String::from("-s -w");
    let (major, minor) = ("1", "36");
    for package in [
        "k8s.io/component-base/version",
        "k8s.io/client-go/pkg/version",
    ] {
        for (name, value) in [
            ("gitVersion", VERSION),
            ("gitMajor", major),
            ("gitMinor", minor),
            ("gitTreeState", "clean"),
            ("gitCommit", "module"),
            ("buildDate", "1970-01-01T00:00:00Z"),
        ] {
            flags.push_str(&format!(" -X {package}.{name}={value}"));
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_file_names_the_same_release() {
        let go_mod = SOURCES[1].1;
        assert!(go_mod.contains(&format!("k8s.io/kubernetes {VERSION}\n")));
        assert!(VERSION.starts_with("v1.36."), "ldflags stamp 1.36");
    }

    #[test]
    fn the_key_is_a_plain_file_name_that_names_the_release() {
        let key = key();
        assert!(key.starts_with("k8s-v1.36.2-"));
        assert!(
            key.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
        );
    }
}
