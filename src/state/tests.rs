use super::*;

fn list(segment: &str) -> Destination {
    Destination {
        host: "api.example.com".into(),
        project: "TEST-1".into(),
        segment: segment.into(),
    }
}

fn on_disk(dir: &tempfile::TempDir) -> State {
    let url = url::Url::from_directory_path(dir.path().join("new folder")).unwrap();
    State::open(url.as_str(), "team/a").unwrap()
}

/// A file of so many bytes, each unlike its neighbours.
fn file_of(bytes: usize) -> (tempfile::NamedTempFile, Vec<u8>) {
    let content: Vec<u8> = (0..bytes as u32)
        .map(|n| (n / 251 + n % 251) as u8)
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &content).unwrap();
    (file, content)
}

pub(super) async fn keep(state: &State, of: &Destination, content: impl AsRef<[u8]>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    state.keep(of, file.path()).await.unwrap();
}

async fn read(state: &State, of: &Destination) -> Option<Vec<u8>> {
    let mut object = state.snapshot(of).await.unwrap()?;
    let mut whole = Vec::new();
    while let Some(chunk) = object.chunk().await.unwrap() {
        whole.extend_from_slice(&chunk);
    }
    assert_eq!(whole.len() as u64, object.size);
    Some(whole)
}

#[tokio::test]
async fn a_state_has_one_owner_until_it_is_adopted() {
    let dir = tempfile::tempdir().unwrap();
    let state = on_disk(&dir);
    assert_eq!(state.own("uid-1", false).await, Ok(()));
    assert_eq!(state.own("uid-1", false).await, Ok(()));
    assert_eq!(state.own("uid-2", false).await, Err(StateError::Foreign));
    assert_eq!(state.own("uid-2", true).await, Ok(()));
    assert_eq!(state.own("uid-1", false).await, Err(StateError::Foreign));
}

#[tokio::test]
async fn what_is_kept_comes_back_after_a_restart_and_per_list() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (list("one"), list("../two / ü"));
    let state = on_disk(&dir);
    assert_eq!(read(&state, &one).await, None);
    for content in ["first, longer", "second"] {
        keep(&state, &one, content).await;
    }
    keep(&state, &two, "other").await;
    let state = on_disk(&dir);
    assert_eq!(read(&state, &one).await.unwrap(), b"second");
    assert_eq!(read(&state, &two).await.unwrap(), b"other");
}

#[tokio::test]
async fn a_mark_stays_until_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let state = on_disk(&dir);
    let (one, two) = (list("one"), list("two"));
    state.confirm(&one).await.unwrap();
    let sent = |count| MarkedList {
        count,
        cohort_id: 4311,
        identity: 7,
    };
    for (run, count) in [("run-1", 1), ("run-2", 2)] {
        let marked = state.mark_unconfirmed(&one, run, sent(count)).await;
        marked.unwrap();
    }
    let mark = Mark {
        run_id: "run-2".into(),
        list: Some(sent(2)),
    };
    assert_eq!(state.unconfirmed(&one).await, Ok(Some(mark)));
    assert_eq!(state.unconfirmed(&two).await.unwrap(), None);
    state.confirm(&one).await.unwrap();
    assert_eq!(state.unconfirmed(&one).await.unwrap(), None);
}

#[tokio::test]
async fn reserved_room_is_no_snapshot_and_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (state, one) = (on_disk(&dir), list("one"));
    let pending = dir.path().join("new folder/team/a/pending");
    let reserved = || std::fs::read_dir(&pending).unwrap().count();
    for keeps in [true, false] {
        keep(&state, &one, "first").await;
        state.reserve(&one, 6).await.unwrap();
        state.reserve(&one, 6).await.unwrap();
        assert_eq!(read(&state, &one).await.unwrap(), b"first");
        assert_eq!(reserved(), 1);
        if keeps {
            keep(&state, &one, "second").await;
        } else {
            state.release(&one).await.unwrap();
        }
        assert_eq!(reserved(), 0);
    }
}

#[tokio::test]
async fn prefixes_keep_installations_apart() {
    let dir = tempfile::tempdir().unwrap();
    let url = url::Url::from_directory_path(dir.path()).unwrap();
    let a = State::open(url.as_str(), "a").unwrap();
    let b = State::open(url.as_str(), "b").unwrap();
    keep(&a, &list("one"), "mine").await;
    assert_eq!(read(&b, &list("one")).await, None);
}

#[tokio::test]
async fn a_probe_leaves_nothing_and_sees_a_store_that_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let state = on_disk(&dir);
    state.probe().await.unwrap();
    let root = dir.path().join("new folder");
    let probes = std::fs::read_dir(root.join("team/a/probe")).unwrap();
    assert_eq!(probes.count(), 0);
    std::fs::remove_dir_all(&root).unwrap();
    std::fs::write(&root, "in the way").unwrap();
    assert!(state.probe().await.is_err());
}

#[tokio::test]
async fn files_are_kept_and_read_back_in_pieces_of_any_size() {
    let dir = tempfile::tempdir().unwrap();
    let memory = State::open("memory:///", "team").unwrap();
    for state in [on_disk(&dir), memory] {
        let one = list("one");
        assert_eq!(read(&state, &one).await, None);
        for bytes in [9 << 20, 0, 1, (10 << 20) + 1, 5 << 20, (1 << 20) + 7] {
            let (file, content) = file_of(bytes);
            state.reserve(&one, bytes as u64).await.unwrap();
            state.keep(&one, file.path()).await.unwrap();
            assert!(
                read(&state, &one).await.as_ref() == Some(&content),
                "{bytes}"
            );
        }
    }
    let root = dir.path().join("new folder/team/a");
    let kept = std::fs::read_dir(root.join("snapshots")).unwrap();
    assert_eq!(kept.count(), 1, "nothing temporary stays");
}

#[tokio::test]
async fn a_file_that_cannot_be_kept_leaves_the_last_one() {
    let dir = tempfile::tempdir().unwrap();
    let memory = State::open("memory:///", "team").unwrap();
    for state in [on_disk(&dir), memory] {
        let one = list("one");
        keep(&state, &one, "first").await;
        let gone = state.keep(&one, std::path::Path::new("/absent")).await;
        assert!(matches!(gone, Err(StateError::Unavailable(_))));
        let (large, _) = file_of(0);
        large.as_file().set_len(MAX_SNAPSHOT + 1).unwrap();
        let refused = state.keep(&one, large.path()).await;
        assert_eq!(refused, Err(StateError::TooLarge(MAX_SNAPSHOT)));
        assert_eq!(read(&state, &one).await.unwrap(), b"first");
    }
}

#[tokio::test]
async fn an_object_that_is_cut_or_too_large_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (state, one) = (on_disk(&dir), list("one"));
    keep(&state, &one, vec![7; 1 << 20]).await;
    let snapshots = dir.path().join("new folder/team/a/snapshots");
    let path = std::fs::read_dir(snapshots)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    for size in [(1 << 20) - 1, 1 << 19, (1 << 20) + 1] {
        file.set_len(1 << 20).unwrap();
        let mut object = state.snapshot(&one).await.unwrap().unwrap();
        file.set_len(size).unwrap();
        let ended = loop {
            match object.chunk().await {
                Ok(Some(_)) => {}
                ended => break ended,
            }
        };
        assert!(
            matches!(ended, Err(StateError::Unavailable(_))),
            "{size}: {ended:?}"
        );
    }
    file.set_len(MAX_SNAPSHOT + 1).unwrap();
    let refused = state.snapshot(&one).await.err();
    assert_eq!(refused, Some(StateError::TooLarge(MAX_SNAPSHOT)));
}

#[cfg(unix)]
#[tokio::test]
async fn room_on_a_disk_is_really_taken() {
    use std::os::unix::fs::MetadataExt as _;
    let dir = tempfile::tempdir().unwrap();
    let (state, one) = (on_disk(&dir), list("one"));
    let pending = dir.path().join("new folder/team/a/pending");
    for bytes in [3 << 20, 0, 1 << 20] {
        state.reserve(&one, bytes).await.unwrap();
        let mut found = std::fs::read_dir(&pending).unwrap();
        let metadata = found.next().unwrap().unwrap().metadata().unwrap();
        assert!(found.next().is_none());
        assert_eq!(metadata.len(), bytes);
        assert!(metadata.blocks() * 512 >= bytes);
        assert_eq!(read(&state, &one).await, None);
    }
    state.release(&one).await.unwrap();
    assert_eq!(std::fs::read_dir(&pending).unwrap().count(), 0);
    let refused = state.reserve(&one, MAX_SNAPSHOT + 1).await;
    assert_eq!(refused, Err(StateError::TooLarge(MAX_SNAPSHOT)));
}

#[tokio::test]
async fn what_killed_writes_left_goes_after_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let (state, one) = (on_disk(&dir), list("one"));
    keep(&state, &one, "kept").await;
    state.own("uid", false).await.unwrap();
    let root = dir.path().join("new folder/team/a");
    let leftovers = ["owner#1", "snapshots/0123#1", "snapshots/0123#27"];
    let others = ["snapshots/0123#", "snapshots/#x1"];
    for name in leftovers.iter().chain(&others) {
        std::fs::write(root.join(name), "part").unwrap();
    }
    let left = || {
        leftovers
            .iter()
            .filter(|name| root.join(name).exists())
            .count()
    };
    let now = jiff::Timestamp::now();
    state
        .sweep(std::slice::from_ref(&one), &[], now)
        .await
        .unwrap();
    assert_eq!(left(), 3);
    let later = now + jiff::SignedDuration::from_hours(25);
    state
        .sweep(std::slice::from_ref(&one), &[], later)
        .await
        .unwrap();
    assert_eq!(left(), 0);
    assert!(others.iter().all(|name| root.join(name).exists()));
    assert_eq!(read(&state, &one).await.unwrap(), b"kept");
}
