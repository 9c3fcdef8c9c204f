use axum::{Router, routing::get};

use super::*;

const PROGRAMS: [&str; 2] = ["etcd", "kube-apiserver"];

fn index(entries: &[(&str, &str, &str)]) -> String {
    let mut text = String::from("releases:\n");
    for (version, url, hash) in entries {
        let file = format!("envtest-{version}-{}.tar.gz", platform());
        text += &format!("  {version}:\n    {file}:\n      hash: {hash}\n      selfLink: {url}\n");
    }
    text
}

#[test]
fn takes_the_newest_patch_of_the_minor_release() {
    let text = index(&[
        ("v1.36.2", "a", ""),
        ("v1.36.10", "b", ""),
        ("v1.37.0", "c", ""),
        ("v1.35.9", "d", ""),
    ]);
    let index: Index = serde_yaml::from_str(&text).unwrap();
    let (version, release) = newest(&index, &platform()).unwrap();
    assert_eq!((version, release.url.as_str()), ("v1.36.10", "b"));
    assert!(newest(&index, "plan9-mips").is_none());
}

/// Serves an archive of `programs` and an index that names it with `hash`, or the right one.
async fn publish(programs: &[&str], hash: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("controller-tools/envtest");
    fs::create_dir_all(&inner).unwrap();
    for program in programs {
        fs::write(inner.join(program), program).unwrap();
    }
    let packed = folder.path().join("a.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("-czf")
        .arg(&packed)
        .arg("-C")
        .arg(folder.path())
        .arg("controller-tools");
    assert!(tar.status().await.unwrap().success());
    let bytes = fs::read(&packed).unwrap();
    let mut context = Context::new(&SHA512);
    context.update(&bytes);
    let right: String = context
        .finish()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let text = index(&[(
        "v1.36.0",
        &format!("{base}/archive"),
        hash.unwrap_or(&right),
    )]);
    let app = Router::new()
        .route("/index", get(move || async move { text }))
        .route("/archive", get(move || async move { bytes }));
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("{base}/index")
}

#[tokio::test]
async fn a_published_archive_becomes_a_folder_of_programs() {
    let work = tempfile::tempdir().unwrap();
    let index = publish(&PROGRAMS, None).await;
    fetch(&index, work.path(), &|_| ()).await.unwrap();
    let found = assets::inside(work.path()).unwrap();
    assert_eq!(found.controller_manager, None);
    assert_eq!(fs::read_dir(work.path()).unwrap().count(), PROGRAMS.len());
}

#[tokio::test]
async fn a_wrong_checksum_unpacks_nothing() {
    let work = tempfile::tempdir().unwrap();
    let index = publish(&PROGRAMS, Some("00")).await;
    let error = fetch(&index, work.path(), &|_| ()).await.unwrap_err();
    assert!(matches!(error, ArchiveError::Checksum), "{error}");
    assert_eq!(assets::inside(work.path()), None);
}

#[tokio::test]
async fn an_archive_without_the_programs_an_index_that_is_none_and_no_server_are_errors() {
    let work = tempfile::tempdir().unwrap();
    let index = publish(&["etcd"], None).await;
    let error = fetch(&index, work.path(), &|_| ()).await.unwrap_err();
    assert!(matches!(error, ArchiveError::Unpack), "{error}");
    let error = fetch(&index.replace("/index", "/archive"), work.path(), &|_| ()).await;
    assert!(error.is_err());
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = fetch(&format!("http://{closed}/"), work.path(), &|_| ())
        .await
        .unwrap_err();
    assert!(matches!(error, ArchiveError::Http(_)), "{error}");
}
