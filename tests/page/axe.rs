//! axe-core, which knows what keeps people with a screen reader, a keyboard or weak eyes from using a
//! page. npm's package, a certain release of it, is got once and kept with the sandbox's programs.

use std::{env, fs, path::Path, process::Command};

use aws_lc_rs::digest::{SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mixtap::sandbox::programs::Cache;
use tokio::sync::OnceCell;

use crate::browser::{say, skip};

const VERSION: &str = "4.14.1";
/// Of the package's archive, as npm gives it.
const INTEGRITY: &str =
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==";
/// The script in the package.
const SCRIPT: &str = "axe.min.js";

/// The script, got by the first test to ask.
///
/// `None` where it can't be had: the test is to return, and has said so. With `CI=true` that is a
/// failure.
pub async fn script() -> Option<&'static str> {
    static SOURCE: OnceCell<Result<String, String>> = OnceCell::const_new();
    match SOURCE.get_or_init(find).await {
        Ok(source) => Some(source),
        Err(reason) => {
            skip(&format!("no axe-core to be had: {reason}"));
            None
        }
    }
}

async fn find() -> Result<String, String> {
    let cache = Cache::of_user(env::var_os).map_err(|error| error.to_string())?;
    let kept = cache.folder(&format!("axe-core-{VERSION}"));
    let read = || fs::read_to_string(kept.join(SCRIPT)).map_err(|error| error.to_string());
    if let Ok(script) = read() {
        return Ok(script);
    }
    let _lock = cache.lock(&say).await.map_err(|error| error.to_string())?;
    // Whoever held the lock may have got it.
    if !kept.is_dir() {
        say(&format!(
            "getting axe-core {VERSION} with npm, kept in {}",
            kept.display()
        ));
        let work = cache.workshop().map_err(|error| error.to_string())?;
        unpack(&work)?;
        let kept = cache.keep(&work, &kept);
        kept.map_err(|error| error.to_string())?;
    }
    read()
}

/// Leaves the script and its licence in the empty folder `work`.
fn unpack(work: &Path) -> Result<(), String> {
    run(
        work,
        "npm",
        &["pack", "--silent", &format!("axe-core@{VERSION}")],
    )?;
    let archive = format!("axe-core-{VERSION}.tgz");
    let bytes = fs::read(work.join(&archive)).map_err(|error| format!("{archive}: {error}"))?;
    let found = STANDARD.encode(digest(&SHA512, &bytes));
    if found != INTEGRITY {
        return Err(format!("{archive} isn't what it was: sha512-{found}"));
    }
    let files = ["package/axe.min.js", "package/LICENSE"];
    let unpack = ["-xzf", &archive, "--strip-components=1"];
    run(work, "tar", &[&unpack[..], &files].concat())?;
    fs::remove_file(work.join(&archive)).map_err(|error| error.to_string())
}

fn run(folder: &Path, program: &str, args: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(folder)
        .output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}
