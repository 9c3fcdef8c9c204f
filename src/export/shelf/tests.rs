use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn list(segment: &str) -> Destination {
    Destination {
        host: "api.example.com".into(),
        project: "../TEST-1".into(),
        segment: segment.into(),
    }
}

fn scratch(dir: &tempfile::TempDir) -> Scratch {
    Scratch::new(dir.path(), u64::MAX)
}

fn shelf(dir: &tempfile::TempDir, segment: &str, run: &str) -> Shelf {
    Shelf::of(&scratch(dir), &list(segment), run)
}

async fn keep(dir: &tempfile::TempDir, segment: &str, run: &str) -> io::Result<()> {
    let mut file = scratch(dir).named()?;
    file.temp.write_all(b"canary\n")?;
    shelf(dir, segment, run).keep(file).await
}

fn names(dir: &tempfile::TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(dir.path().join(FOLDER)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn age(path: &Path, age: Duration) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

#[tokio::test]
async fn a_list_is_private_and_the_latest_of_its_segment() {
    let dir = tempfile::tempdir().unwrap();
    for (segment, run) in [("one", "../a"), ("two", "../a"), ("one", "b")] {
        keep(&dir, segment, run).await.unwrap();
    }
    let kept = async |segment, run| shelf(&dir, segment, run).find().await;
    for (segment, run) in [("one", "b"), ("two", "../a")] {
        let file = kept(segment, run).await.unwrap();
        let text = std::fs::read(&file.path).unwrap();
        assert_eq!((text.as_slice(), file.bytes), (&b"canary\n"[..], 7));
    }
    assert!(kept("one", "../a").await.is_err(), "an older one");
    let folder = dir.path().join(FOLDER);
    for name in names(&dir) {
        assert_eq!(mode(&folder.join(name)), 0o600);
    }
    assert_eq!(mode(&folder), 0o700);

    shelf(&dir, "one", "../a").forget_run().await;
    assert_eq!(names(&dir).len(), 1, "of both lists");
    shelf(&dir, "one", "c").forget_list().await;
    assert_eq!(names(&dir).len(), 0);
}

#[tokio::test]
async fn what_nobody_asks_for_goes_with_age() {
    let dir = tempfile::tempdir().unwrap();
    clean_shelf(&scratch(&dir)).await;
    assert!(!dir.path().join(FOLDER).exists());
    for (segment, age_of) in [("old", KEPT), ("new", KEPT / 2)] {
        keep(&dir, segment, "a").await.unwrap();
        let file = shelf(&dir, segment, "a").find().await.unwrap();
        age(&file.path, age_of + Duration::from_secs(1));
    }
    clean_shelf(&scratch(&dir)).await;
    assert_eq!(names(&dir), [shelf(&dir, "new", "a").name()]);
}

#[tokio::test]
async fn nothing_is_written_or_removed_through_a_link() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let victim = elsewhere.path().join("victim");
    std::fs::write(&victim, "mine").unwrap();
    let folder = dir.path().join(FOLDER);
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    let place = folder.join(shelf(&dir, "one", "a").name());
    std::os::unix::fs::symlink(&victim, place).unwrap();
    keep(&dir, "one", "a").await.unwrap();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
    assert_eq!((names(&dir).len(), mode(&folder)), (1, 0o700));

    // A folder that isn't one, and that leads to somebody's old files.
    std::fs::remove_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &folder).unwrap();
    age(&victim, KEPT * 2);
    keep(&dir, "one", "a").await.unwrap_err();
    assert!(shelf(&dir, "one", "a").find().await.is_err());
    clean_shelf(&scratch(&dir)).await;
    assert!(victim.exists());
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_scratch_folder_that_others_may_change_is_ours_alone_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    keep(&dir, "one", "a").await.unwrap();
    assert_eq!(mode(dir.path()), 0o755);
}
