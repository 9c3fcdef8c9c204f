use std::io::Read as _;

use super::*;

fn scratch(limit: u64) -> (tempfile::TempDir, Scratch) {
    let dir = tempfile::tempdir().unwrap();
    let scratch = Scratch::new(dir.path(), limit);
    (dir, scratch)
}

fn files(dir: &tempfile::TempDir) -> usize {
    std::fs::read_dir(dir.path().join(RUNS)).unwrap().count()
}

#[test]
fn what_is_written_comes_back_and_leaves_no_name() {
    let (dir, scratch) = scratch(100);
    let mut temp = scratch.temp().unwrap();
    assert_eq!(files(&dir), 0);
    temp.write_all(b"abcdef").unwrap();
    temp.patch(b"X", 2).unwrap();
    let mut text = String::new();
    temp.reader().read_to_string(&mut text).unwrap();
    assert_eq!(text, "abXdef");
    let named = scratch.named().unwrap();
    assert_eq!((files(&dir), named.path.exists()), (1, true));
    drop(named);
    assert_eq!(files(&dir), 0);
}

#[test]
fn the_limit_is_of_all_runs_and_given_back() {
    let (_dir, scratch) = scratch(10);
    let (mut one, mut two) = (scratch.temp().unwrap(), scratch.clone().temp().unwrap());
    one.write_all(b"12345678").unwrap();
    let full = two.write_all(b"123").unwrap_err();
    assert_eq!(full.kind(), ErrorKind::QuotaExceeded);
    two.write_all(b"12").unwrap();
    drop(one);
    two.write_all(b"12345678").unwrap();
}

#[test]
fn what_a_killed_process_left_is_cleaned() {
    let (dir, scratch) = scratch(10);
    scratch.clean().unwrap();
    std::mem::forget(scratch.named().unwrap());
    assert_eq!(files(&dir), 1);
    Scratch::new(dir.path(), 10).clean().unwrap();
    assert_eq!(files(&dir), 0);
}
