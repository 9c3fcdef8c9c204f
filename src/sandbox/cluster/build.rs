//! The programs built with Go from the published modules; see `../plane/main.go`. The sources are
//! part of this binary, so that an installed `mixtap demo` can do it too.

use std::{fs, os::unix::fs::symlink, path::Path};

use crate::sandbox::programs::{Go, GoError};

/// The release that `go.mod` names.
const VERSION: &str = "v1.36.2";
const SOURCES: [(&str, &str); 3] = [
    ("main.go", include_str!("../plane/main.go")),
    ("go.mod", include_str!("../plane/go.mod")),
    ("go.sum", include_str!("../plane/go.sum")),
];
/// The names by which the one binary is called.
const NAMES: [&str; 3] = ["etcd", "kube-apiserver", "kube-controller-manager"];

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
) -> Result<(), GoError> {
    let source = work.join("source");
    fs::create_dir(&source)?;
    for (name, text) in SOURCES {
        fs::write(source.join(name), text)?;
    }
    let args = [
        "build",
        "-trimpath",
        "-ldflags",
        &ldflags(),
        "-o",
        "../plane",
        ".",
    ];
    let go = Go {
        args: &args,
        folder: &source,
        log: source.join("build.log"),
        about: format!(
            "building Kubernetes {VERSION} with Go: once, about 7 minutes on 2 cores, kept in {}",
            kept.display()
        ),
    };
    go.run(say).await?;
    for name in NAMES {
        symlink("plane", work.join(name))?;
    }
    fs::remove_dir_all(source)?;
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
