use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// CleverTap, and a storage of its own that takes one request as it comes and may answer it.
async fn with_raw_storage(
    size: usize,
    reply: &'static str,
) -> (Server, tokio::task::JoinHandle<Vec<u8>>) {
    let storage = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", storage.local_addr().unwrap());
    let address = json!({"presignedS3URL": url, "status": "success"}).to_string();
    let server = Server::start(move |_| answer(200, &address)).await;
    let raw = tokio::spawn(async move {
        let (mut connection, _) = storage.accept().await.unwrap();
        let mut raw = Vec::new();
        while raw.len() < size
            && connection
                .read_buf(&mut raw)
                .await
                .is_ok_and(|read| read > 0)
        {}
        connection
            .write_all(reply.as_bytes())
            .await
            .unwrap_or_default();
        raw
    });
    (server, raw)
}

#[tokio::test]
async fn a_file_goes_with_its_length_and_not_in_chunks() {
    let (kept, list) = file(100_000);
    let sent = std::fs::read(kept.path()).unwrap();
    assert!(sent.len() > 1 << 20);
    let reply = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    // Any head is at least that long.
    let (server, raw) = with_raw_storage(sent.len() + 80, reply).await;
    client(&server).stage(&list, &OPEN).await.unwrap();
    let raw = raw.await.unwrap();
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
    assert!(head.starts_with("put /x http/1.1\r\n"), "{head}");
    assert!(
        head.contains(&format!("\r\ncontent-length: {}\r\n", sent.len())),
        "{head}"
    );
    for absent in ["transfer-encoding", "content-type", "x-clevertap", "expect"] {
        assert!(!head.contains(absent), "{head}");
    }
    assert!(sent.starts_with(&raw[end..]));
}

#[tokio::test]
async fn a_list_on_disk_is_replaced_by_three_calls_and_read_anew_by_each_attempt() {
    let (kept, file) = file(50_000);
    let sent = std::fs::read(kept.path()).unwrap();
    let server = Server::start(vendor(|request| match (is_put(request), request.nth) {
        (true, 1) => answer(503, "<Error><Code>SlowDown</Code></Error>"),
        (true, 2) => answer(403, "<Error><Code>AccessDenied</Code></Error>"),
        (true, _) => answer(204, ""),
        _ => answer(200, DONE),
    }))
    .await;
    let client = client(&server);
    let staged = client.stage(&file, &OPEN).await.unwrap();
    let accepted = client.complete(&list(&file, true), &staged, &OPEN).await;
    assert_eq!(accepted.unwrap().segment_id.as_deref(), Some("1234567890"));
    let paths = [URL, "/bucket/0", "/bucket/0", URL, "/bucket/3", COMPLETE];
    assert_eq!(server.paths(), paths);
    let requests = server.requests();
    for put in requests.iter().filter(|request| is_put(request)) {
        assert_eq!(put.body, sent);
    }
    let url = format!("{}bucket/3?sig=canary", server.url);
    let expected = json!({"name": "Mixpanel - Cart", "email": "admin@example.com",
        "filename": "cohort-4311.csv", "creator": "Growth team", "url": url, "replace": true});
    assert_eq!(json_of(requests.last().unwrap()), expected);
}

#[tokio::test]
async fn a_file_of_another_size_is_told_and_never_put_whole() {
    let (mut kept, list) = file(30_000);
    let cases = [list.bytes - 1, list.bytes + 1];
    for bytes in cases {
        let (server, raw) = with_raw_storage(usize::MAX, "").await;
        let wrong = ListFile {
            bytes,
            ..list.clone()
        };
        let error = client(&server).stage(&wrong, &OPEN).await.err();
        assert!(matches!(error, Some(Error::File(_))), "{error:?}");
        assert!(
            !error
                .unwrap()
                .to_string()
                .contains(&*list.path.to_string_lossy())
        );
        let raw = raw.await.unwrap();
        let head = raw.windows(4).position(|four| four == b"\r\n\r\n");
        let end = head.map_or(raw.len(), |head| head + 4);
        assert!(((raw.len() - end) as u64) < bytes);
        assert_eq!(server.requests().len(), 1);
    }
    kept.write_all(b"x").unwrap();
    drop(kept);
    let (server, _) = with_raw_storage(usize::MAX, "").await;
    let error = client(&server).stage(&list, &OPEN).await.err();
    assert_eq!(error, Some(Error::File("it can't be read")));
}

#[tokio::test]
async fn a_transfer_ends_when_the_gate_closes() {
    let (_kept, list) = file(500_000);
    let asked = AtomicUsize::new(0);
    let gate = || match asked.fetch_add(1, Ordering::Relaxed) {
        0..3 => Ok(()),
        _ => Err(Stopped),
    };
    // It takes the connection, and never reads.
    let storage = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", storage.local_addr().unwrap());
    let address = json!({"presignedS3URL": url, "status": "success"}).to_string();
    let server = Server::start(move |_| answer(200, &address)).await;
    let error = client(&server).stage(&list, &gate).await.err();
    assert_eq!(error, Some(Error::Stopped));
    drop(storage);
}

#[tokio::test]
async fn members_of_the_file_are_not_repeated() {
    let (kept, file) = file(1_000);
    let server = Server::start(vendor(|request| match is_put(request) {
        true => answer(200, ""),
        false => {
            let url = json_of(request)["url"].clone();
            let url = url.as_str().unwrap();
            let error = format!(
                "stop it: canary-passcode U-1 (a,b), user 999 and user 1000 {url} admin@example.com"
            );
            answer(200, &json!({"status": "fail", "error": error}).to_string())
        }
    }))
    .await;
    let client = client(&server);
    let staged = client.stage(&file, &OPEN).await.unwrap();
    let error = client
        .complete(&list(&file, true), &staged, &OPEN)
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("stop it") && shown.contains("user 1000"),
        "{shown}"
    );
    for private in ["canary", "U-1", "a,b", "999", "@example"] {
        assert!(!shown.contains(private), "{shown}");
    }
    drop(kept);
    let error = client
        .complete(&list(&file, true), &staged, &OPEN)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        Error::Refused(Default::default()),
        "nothing is shown unseen"
    );
}
