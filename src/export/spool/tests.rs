use super::*;

const LIST: Bytes = Bytes::from_static(b"Type,Identity\ni,canary\n");

fn list(segment: &str) -> Destination {
    Destination {
        host: "api.example.com".into(),
        project: "../TEST-1".into(),
        segment: segment.into(),
    }
}

fn spool(scratch: &Path, segment: &str, run: &str) -> Spool {
    Spool::of(scratch, &list(segment), run)
}

fn names(scratch: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(scratch.join(FOLDER)).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
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
    let keep = async |segment, run| spool(dir.path(), segment, run).keep(LIST).await.unwrap();
    keep("one", "../a").await;
    keep("two", "../a").await;
    keep("one", "b").await;
    let kept = async |segment, run| spool(dir.path(), segment, run).read().await;
    assert_eq!(kept("one", "b").await.unwrap(), LIST);
    assert_eq!(kept("two", "../a").await.unwrap(), LIST);
    assert!(kept("one", "../a").await.is_err(), "an older one");
    let folder = dir.path().join(FOLDER);
    for name in names(dir.path()) {
        assert_eq!(mode(&folder.join(name)), 0o600);
    }
    assert_eq!(mode(&folder), 0o700);

    spool(dir.path(), "one", "../a").forget_run().await;
    assert_eq!(names(dir.path()).len(), 1, "of both lists");
    spool(dir.path(), "one", "c").forget_list().await;
    assert_eq!(names(dir.path()).len(), 0);
}

#[tokio::test]
async fn what_nobody_asks_for_goes_with_age() {
    let dir = tempfile::tempdir().unwrap();
    clean_scratch(dir.path()).await;
    assert!(!dir.path().join(FOLDER).exists());
    for (segment, age_of) in [("old", KEPT), ("new", KEPT / 2)] {
        let spool = spool(dir.path(), segment, "a");
        let file = dir.path().join(FOLDER).join(spool.name());
        spool.keep(LIST).await.unwrap();
        age(&file, age_of + Duration::from_secs(1));
    }
    let folder = dir.path().join(FOLDER);
    for (name, age_of) in [("c.partial", WRITTEN / 2), ("d.partial", WRITTEN)] {
        std::fs::write(folder.join(name), LIST).unwrap();
        age(&folder.join(name), age_of + Duration::from_secs(1));
    }
    clean_scratch(dir.path()).await;
    let mut left = [spool(dir.path(), "new", "a").name(), "c.partial".to_owned()];
    left.sort_unstable();
    assert_eq!(names(dir.path()), left, "c may be being written");
}

#[tokio::test]
async fn nothing_is_written_through_a_link_or_into_an_existing_file() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let victim = elsewhere.path().join("victim");
    std::fs::write(&victim, "mine").unwrap();
    let spool = || spool(dir.path(), "one", "a");
    let folder = dir.path().join(FOLDER);
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    let partial = folder.join(spool().name()).with_extension("partial");
    std::os::unix::fs::symlink(&victim, partial).unwrap();
    spool().keep(LIST).await.unwrap();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
    assert_eq!((names(dir.path()).len(), mode(&folder)), (1, 0o700));

    // A folder that isn't one, and that leads to somebody's old files.
    std::fs::remove_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &folder).unwrap();
    age(&victim, KEPT * 2);
    spool().keep(LIST).await.unwrap_err();
    spool().read().await.unwrap_err();
    clean_scratch(dir.path()).await;
    assert!(victim.exists());
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_scratch_folder_that_others_may_change_is_ours_alone_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    spool(dir.path(), "one", "a").keep(LIST).await.unwrap();
    assert_eq!(mode(dir.path()), 0o755);
}
