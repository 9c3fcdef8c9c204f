//! Where Prometheus and its promtool come from: PATH, the user's cache, or Debian's package, which
//! needs no root to be unpacked.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use mixtap::sandbox::programs::Cache;

const PROGRAMS: [&str; 2] = ["prometheus", "promtool"];

/// The folder that holds both programs.
///
/// `None` where they can't be had: the test is to return, and has said so. With `CI=true` that is a
/// failure.
pub fn folder() -> Option<PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(find).clone()
}

fn find() -> Option<PathBuf> {
    let kept = Cache::of_user(env::var_os).map(|cache| cache.folder("prometheus-debian"));
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain(kept.iter().map(|kept| kept.join("usr/bin")));
    let found = places
        .into_iter()
        .find(|place| PROGRAMS.iter().all(|program| place.join(program).is_file()));
    if found.is_some() {
        return found;
    }
    let unpacked = match &kept {
        Ok(kept) => unpack(kept),
        Err(error) => Err(error.to_string()),
    };
    match unpacked {
        Ok(folder) => Some(folder),
        Err(error) => {
            let reason = format!("no Prometheus to be had: {error}; Debian's package has it");
            let ci = env::var_os("CI").is_some_and(|ci| ci == "true");
            assert!(!ci, "{reason}");
            say(&format!("SKIPPED: {reason}"));
            None
        }
    }
}

/// Downloads the package beside `kept` and gives it that name once it is whole: another process may
/// do the same meanwhile.
fn unpack(kept: &Path) -> Result<PathBuf, String> {
    let beside = kept.parent().expect("a folder of the cache");
    say(&format!(
        "downloading Debian's package prometheus, kept in {}",
        kept.display()
    ));
    let work = fs::create_dir_all(beside).and_then(|()| tempfile::tempdir_in(beside));
    let work = work.map_err(|error| error.to_string())?;
    run(
        work.path(),
        "apt-get",
        &["download", "--quiet", "prometheus"],
    )?;
    let package = fs::read_dir(work.path()).map_err(|error| error.to_string())?;
    let mut packages = package.flatten().map(|file| file.path());
    let package = packages.next().ok_or("apt-get downloaded nothing")?;
    let (package, tree) = (package.display().to_string(), work.path().join("tree"));
    let tree = tree.display().to_string();
    run(work.path(), "dpkg-deb", &["--extract", &package, &tree])?;
    match fs::rename(&tree, kept) {
        Err(error) if !kept.is_dir() => Err(error.to_string()),
        _ => Ok(kept.join("usr/bin")),
    }
}

fn run(folder: &Path, program: &str, args: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(folder)
        .output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{program}: {}", said.trim()))
        }
    }
}

/// Past the harness, which keeps what tests print to itself until they fail.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "prometheus: {line}");
}
