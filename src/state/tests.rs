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
    assert_eq!(state.snapshot(&one).await.unwrap(), None);
    for content in ["first, longer", "second"] {
        state.keep(&one, content.into()).await.unwrap();
    }
    state.keep(&two, "other".into()).await.unwrap();
    let state = on_disk(&dir);
    assert_eq!(state.snapshot(&one).await.unwrap().unwrap(), "second");
    assert_eq!(state.snapshot(&two).await.unwrap().unwrap(), "other");
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
        state.keep(&one, "first".into()).await.unwrap();
        state.reserve(&one, "second".into()).await.unwrap();
        state.reserve(&one, "second".into()).await.unwrap();
        assert_eq!(state.snapshot(&one).await.unwrap().unwrap(), "first");
        assert_eq!(reserved(), 1);
        if keeps {
            state.keep(&one, "second".into()).await.unwrap();
        } else {
            state.release(&one).await.unwrap();
        }
        assert_eq!(reserved(), 0);
    }
    let large = Bytes::from(vec![0; MAX_SNAPSHOT as usize + 1]);
    let refused = state.reserve(&one, large).await;
    assert_eq!(refused, Err(StateError::TooLarge(MAX_SNAPSHOT)));
}

#[tokio::test]
async fn prefixes_keep_installations_apart() {
    let dir = tempfile::tempdir().unwrap();
    let url = url::Url::from_directory_path(dir.path()).unwrap();
    let a = State::open(url.as_str(), "a").unwrap();
    let b = State::open(url.as_str(), "b").unwrap();
    a.keep(&list("one"), "mine".into()).await.unwrap();
    assert_eq!(b.snapshot(&list("one")).await.unwrap(), None);
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
