use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::time::{advance, timeout};

use super::*;
use crate::page::testing::Shown;
use crate::state::State;

fn texts(news: &News) -> String {
    String::from_utf8(news.events(None).to_vec()).unwrap()
}

/// Waits until this is told.
async fn until(news: impl Stream<Item = Arc<News>>, text: &str) -> bool {
    let told = news.filter(|news| ready(texts(news).contains(text)));
    std::pin::pin!(told).next().await.is_some()
}

/// A viewer comes while news of an older look is still being told.
#[tokio::test(start_paused = true)]
async fn nothing_older_follows_what_is_newer() {
    let (shown, board) = (Shown::default(), Board::default());
    let view = shown.view(&State::open("memory:///", "").unwrap());
    let _first = board.subscribe();
    shown.put("cart", "old");
    let old = board.look(&view);
    shown.put("cart", "new");
    advance(FRESH).await;
    let (new, news) = board.watch(&view, false);
    assert!(
        board.tell_once(&old).await,
        "the old look was news to the first"
    );
    assert!(board.tell_once(&new).await);
    let mut news = std::pin::pin!(news);
    let told = texts(&news.next().await.unwrap());
    assert!(told.contains("new") && !told.contains("old"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_is_left_behind() {
    let (shown, board) = (Shown::default(), Board::default());
    let view = shown.view(&State::open("memory:///", "").unwrap());
    let (_, slow) = board.watch(&view, false);
    let (_, late) = board.watch(&view, false);
    let mut late = std::pin::pin!(late);
    for change in 0..=BACKLOG {
        shown.put("cart", &change.to_string());
        advance(FRESH).await;
        assert!(board.tell_once(&board.look(&view)).await);
        if change > 0 {
            // By one piece: it has all that it needs.
            assert!(texts(&late.next().await.unwrap()).contains("export/growth/cart"));
        }
    }
    assert_eq!(slow.count().await, 0, "it is told nothing with a gap");
}

/// A state store that doesn't answer keeps nobody from the news.
#[tokio::test(start_paused = true)]
async fn who_comes_next_hears_news_while_histories_are_read() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // It takes connections, and says nothing.
    let store = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", store.local_addr().unwrap());
    let settings = [
        ("AWS_ENDPOINT", endpoint.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let state = State::open_with("s3://bucket", "", settings).unwrap();
    let (shown, board) = (Shown::default(), Arc::new(Board::default()));
    shown.put("cart", "old");
    let view = Arc::new(shown.view(&state));
    let serving = tokio::spawn({
        let (board, view) = (Arc::clone(&board), Arc::clone(&view));
        async move { board.serve(&view).await }
    });
    let (_, news) = board.watch(&view, false);
    let mut news = Box::pin(news);
    assert!(until(&mut news, "seen").await);
    let (_asks, _) = store.accept().await.unwrap();
    drop(news);
    // Its absence is seen at the next look.
    advance(TICK * 2).await;
    tokio::task::yield_now().await;
    let (_, news) = board.watch(&view, false);
    shown.put("cart", "new");
    // By a clock that moves only where nothing else does.
    assert!(timeout(TICK * 4, until(news, "new")).await.unwrap());
    serving.abort();
}
