//! Where the files of runs are. A sync has the folder of its state, which the lock guards; a plan has
//! one of its own, for others may be made beside it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::config::StateArgs;
use crate::export::{Scratch, guarded};

const PLANS: &str = "plans";

/// The folder of a plan, until it is dropped. It is locked as long as its process lives.
pub struct PlanFolder {
    path: PathBuf,
    _locked: File,
}

/// The files of syncs of this state: the same folder each time, for it keeps the lists of one-time
/// exports until they are sent once more.
///
/// # Errors
/// The folder that the flags name can't be made, or is another user's.
pub fn of_sync(args: &StateArgs) -> io::Result<Scratch> {
    guarded(&args.scratch_dir)?;
    let state = format!("{} {}", args.state_url, args.state_prefix);
    let name = blake3::hash(state.as_bytes()).to_hex();
    let folder = args.scratch_dir.join(format!("sync-{}", &name[..16]));
    Ok(Scratch::new(folder, args.scratch_limit))
}

/// The files of one plan. What plans that were killed have left is removed.
///
/// # Errors
/// The folder can't be made, or one above it is another user's.
pub fn of_plan(args: &StateArgs) -> io::Result<(Scratch, PlanFolder)> {
    let plans = args.scratch_dir.join(PLANS);
    guarded(&args.scratch_dir)?;
    guarded(&plans)?;
    for entry in fs::read_dir(&plans)? {
        let path = entry?.path();
        // Whose process lives is locked, and what vanishes was just removed by another plan.
        let left = File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok());
        if left {
            let _ = fs::remove_dir_all(path);
        }
    }
    loop {
        let path = plans.join(format!("{:032x}", fastrand::u128(..)));
        folder(&path)?;
        let locked = File::open(&path)?;
        locked.lock()?;
        // Another plan may have taken it for left, before it was locked.
        if path.exists() {
            let scratch = Scratch::new(&path, args.scratch_limit);
            let folder = PlanFolder {
                path,
                _locked: locked,
            };
            return Ok((scratch, folder));
        }
    }
}

fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

impl Drop for PlanFolder {
    fn drop(&mut self) {
        // What can't be removed now goes with the next plan.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: StateArgs,
    }

    #[test]
    fn nobody_else_can_put_another_folder_in_the_place_of_ours() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let args = |scratch: &Path| {
            let line = ["x", "--scratch-dir", scratch.to_str().unwrap()];
            Line::parse_from(line).args
        };
        for of in [
            |args: &_| of_sync(args).map(drop),
            |args: &_| of_plan(args).map(drop),
        ] {
            let open = dir.path().join("open");
            fs::create_dir_all(&open).unwrap();
            fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
            of(&args(&open)).unwrap();
            assert_eq!(
                fs::metadata(&open).unwrap().permissions().mode() & 0o777,
                0o755
            );
            let link = dir.path().join("link");
            let _ = symlink(&open, &link);
            assert!(of(&args(&link)).is_err(), "it may lead elsewhere later");
            let theirs = dir.path().join("theirs");
            fs::create_dir_all(&theirs).unwrap();
            // Only root can give a folder away, and only then there is one to refuse.
            if std::os::unix::fs::chown(&theirs, Some(65_534), None).is_ok() {
                assert!(of(&args(&theirs)).is_err(), "it is another user's");
            }
        }
    }

    #[test]
    fn a_plan_removes_what_killed_ones_left_and_nothing_of_the_living() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("scratch");
        let line = ["x", "--scratch-dir", dir.to_str().unwrap()];
        let args = Line::parse_from(line).args;
        let (_, living) = of_plan(&args).unwrap();
        let left = dir.join(PLANS).join("left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("list.csv"), "x").unwrap();
        let (_, second) = of_plan(&args).unwrap();
        assert!(living.path.exists() && second.path.exists() && !left.exists());
        drop((living, second));
        assert_eq!(fs::read_dir(dir.join(PLANS)).unwrap().count(), 0);
    }
}
