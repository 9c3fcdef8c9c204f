//! What one connection may do.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::*;

/// A connection that has sent this.
pub async fn sent(base: &str, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&base["http://".len()..]).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// A request for a path.
pub fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

/// What comes until it is closed.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// What comes, up to this text.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        text.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_head_is_bounded_in_size() {
    let base = served(&leading(&Shown::default())).await;
    let head = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\ncookie: {}",
        "x".repeat(BUFFER)
    );
    let answer = rest(sent(&base, &head).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_head_is_bounded_in_time() {
    let base = served(&leading(&Shown::default())).await;
    let mut slow = sent(&base, "GET / HT").await;
    // One that came later is answered, so the slow one is waited for.
    let answer = reqwest::get(format!("{base}/icon.svg")).await.unwrap();
    assert_eq!(answer.status(), 200);
    tokio::time::pause();
    let before = Instant::now();
    assert_eq!(slow.read(&mut [0; 1]).await.unwrap(), 0);
    // By a clock that moves only where nothing else does.
    assert!(before.elapsed() <= HEAD + Duration::from_secs(1));
}

#[tokio::test]
async fn a_head_alone_can_be_asked_for() {
    let shown = Shown::default();
    shown.put("cart", "");
    let page = leading(&shown);
    let base = served(&page).await;
    let paths = [
        "/",
        "/events",
        "/changes",
        "/exports/growth/cart",
        "/style.css",
    ];
    // One connection for all: a body would be taken for the next answer.
    let mut stream = sent(&base, "").await;
    for path in paths {
        stream
            .write_all(request("HEAD", path).as_bytes())
            .await
            .unwrap();
        let head = until(&mut stream, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {head}");
        assert!(
            head.contains("content-security-policy: default-src 'none'"),
            "{head}"
        );
    }
    for path in paths {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            stream
                .write_all(request(method, path).as_bytes())
                .await
                .unwrap();
            let answer = until(&mut stream, "}").await;
            assert!(
                answer.starts_with("HTTP/1.1 405"),
                "{method} {path}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn the_end_of_the_server_is_the_end_of_streams() {
    let page = leading(&Shown::default());
    let shutdown = CancellationToken::new();
    let (base, served) = served_until(&page, shutdown.clone()).await;
    let mut streams = vec![];
    for _ in 0..3 {
        let mut stream = sent(&base, &request("GET", "/events")).await;
        until(&mut stream, "\n\n").await;
        streams.push(stream);
    }
    shutdown.cancel();
    for stream in streams {
        // Whole: nothing is cut off.
        assert!(rest(stream).await.ends_with("\r\n0\r\n\r\n"));
    }
    served.await.unwrap().unwrap();
    assert!(
        reqwest::get(&base).await.is_err(),
        "nobody listens any more"
    );
}

/// A process that hears no more of the cluster shows nobody what was there, until it does again.
#[tokio::test]
async fn what_may_be_old_is_not_shown() {
    let shown = Shown::default();
    shown.put("cart", "before");
    let base = served(&leading(&shown)).await;
    let mut open = vec![];
    for path in ["/events", "/events?only=growth/cart"] {
        let mut stream = sent(&base, &request("GET", path)).await;
        until(&mut stream, "\n\n").await;
        open.push(stream);
    }
    shown.lapse(true);
    for stream in &mut open {
        // Whole: nothing is cut off. A stream that goes on would never end.
        let ended = timeout(IDLE, until(stream, "\r\n0\r\n\r\n")).await;
        assert!(ended.is_ok());
    }
    let paths = [
        "/",
        "/exports/growth/cart",
        "/events",
        "/changes",
        "/api/v1/budget",
    ];
    for path in paths {
        let answer = reqwest::get(format!("{base}{path}")).await.unwrap();
        assert_eq!(answer.status(), 503, "{path}");
    }
    shown.put("cart", "meanwhile");
    shown.lapse(false);
    let index = reqwest::get(&base).await.unwrap().text().await.unwrap();
    assert!(index.contains("meanwhile"), "{index}");
    let mut stream = sent(&base, &request("GET", "/events")).await;
    until(&mut stream, "\n\n").await;
    shown.put("cart", "later");
    until(&mut stream, "later").await;
}
