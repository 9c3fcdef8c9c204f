//! Where versitygw comes from: our cache, or a build with Go from the published module.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::S3Error;
use crate::sandbox::programs::{Cache, Go, GoError};

const MODULE: &str = "github.com/versity/versitygw/cmd/versitygw";
const VERSION: &str = "v1.8.0";

/// The program, made first if need be: `say` is told, a line at a time.
pub(super) async fn find(say: &(dyn Fn(&str) + Sync)) -> Result<PathBuf, S3Error> {
    let cache = Cache::of_user(env::var_os)?;
    let kept = cache.folder(&format!(
        "versitygw-{VERSION}-{}-{}",
        env::consts::OS,
        env::consts::ARCH
    ));
    let program = kept.join("versitygw");
    if program.is_file() {
        return Ok(program);
    }
    let _lock = cache.lock(say).await?;
    // Whoever held the lock may have made it.
    if !program.is_file() {
        let work = cache.workshop()?;
        build(&work, &kept, say).await?;
        cache.keep(&work, &kept)?;
    }
    Ok(program)
}

/// With the flags that `.ci/run` warms Go's cache with.
async fn build(work: &Path, kept: &Path, say: &(dyn Fn(&str) + Sync)) -> Result<(), GoError> {
    let module = format!("{MODULE}@{VERSION}");
    let args = ["install", "-trimpath", "-ldflags", "-s -w", &module];
    let go = Go {
        args: &args,
        folder: work,
        log: work.join("build.log"),
        about: format!(
            "building versitygw {VERSION} with Go: once, about 75 s on 2 cores, kept in {}",
            kept.display()
        ),
    };
    go.run(say).await
}
