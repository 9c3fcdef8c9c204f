//! Readers that don't take what they asked for.

use futures::StreamExt as _;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::connection::{request, sent};
use super::*;

/// Far more than the kernel holds for a reader.
const EXPORTS: usize = 1000;
/// Of one export.
const MESSAGE: usize = 16 * 1024;

/// A connection of one request alone.
async fn asked(base: &str, path: &str) -> TcpStream {
    let more = "\r\nconnection: close\r\n\r\n";
    sent(base, &request("GET", path).replace("\r\n\r\n", more)).await
}

fn fill(shown: &Shown, text: &str) {
    for export in 0..EXPORTS {
        shown.put(&export.to_string(), &text.repeat(MESSAGE));
    }
}

/// What it gets once it reads, and whether that is an answer's end.
async fn taken(mut stream: TcpStream) -> (usize, bool) {
    let mut bytes = Vec::new();
    // Whoever is cut may be told so by a reset.
    let _ = stream.read_to_end(&mut bytes).await;
    (bytes.len(), bytes.ends_with(b"\r\n0\r\n\r\n"))
}

/// A stream that isn't read, and how much more than it holds was told meanwhile.
async fn stuck() -> (TcpStream, usize) {
    let shown = Shown::default();
    let page = leading(&shown);
    let base = served(&page).await;
    let stuck = asked(&base, "/events").await;
    stuck.readable().await.unwrap();
    let answer = reqwest::get(format!("{base}/events")).await.unwrap();
    let mut news = answer.bytes_stream();
    let mut told = 0;
    for text in ["a", "b", "c"] {
        fill(&shown, text);
        let mut end = Vec::new();
        while !String::from_utf8_lossy(&end).contains("event: seen") {
            end = news.next().await.unwrap().unwrap().to_vec();
            told += end.len();
        }
    }
    (stuck, told)
}

/// They don't keep others from the index for long, and don't take what is cut for all of it.
#[tokio::test]
async fn who_does_not_take_the_index_loses_its_turn() {
    let shown = Shown::default();
    fill(&shown, "x");
    let base = served(&leading(&shown)).await;
    let mut stuck = vec![];
    for _ in 0..routes::INDEXES {
        stuck.push(asked(&base, "/").await);
    }
    for stream in &stuck {
        // It has its turn.
        stream.readable().await.unwrap();
    }
    tokio::time::pause();
    let mut next = sent(&base, &request("HEAD", "/")).await;
    let mut answer = [0; 15];
    next.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    // The first of them had lost its turn; so have all by now.
    tokio::time::advance(Duration::from_secs(15)).await;
    for stream in stuck {
        let (length, whole) = taken(stream).await;
        assert!(!whole && length < EXPORTS * MESSAGE, "{length} bytes");
    }
}

#[tokio::test]
async fn who_reads_again_too_late_is_told_to_come_back() {
    let (stuck, told) = stuck().await;
    let (length, whole) = taken(stuck).await;
    assert!(whole && length < told, "{length} of {told} bytes");
}

#[tokio::test]
async fn who_does_not_read_is_cut() {
    let (stuck, told) = stuck().await;
    tokio::time::pause();
    tokio::time::advance(IDLE + Duration::from_secs(1)).await;
    // Whatever its time came for is done before.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let (length, whole) = taken(stuck).await;
    assert!(!whole && length < told, "{length} of {told} bytes");
}
