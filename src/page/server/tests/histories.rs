//! What the page of an export reads from the state store.

use super::browser::Browser;
use super::*;
use crate::state::{ExportKey, PastRun};

async fn remember(state: &State, run: &str) {
    let key = ExportKey {
        namespace: "growth".into(),
        name: "cart".into(),
        uid: "uid-cart".into(),
    };
    let time = "2026-01-01T00:00:00Z".parse().unwrap();
    let run = PastRun {
        id: run.into(),
        reason: run.into(),
        started_time: time,
        finished_time: time,
        outcome: "Synced".into(),
        changed: true,
        counts: None,
        held: None,
    };
    state.remember(&key, run).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_history_is_read_once_for_all_who_look() {
    let (shown, state) = (Shown::default(), State::open("memory:///", "").unwrap());
    shown.put("cart", "");
    let page = Page::default();
    page.lead(shown.view(&state));
    let runs = async || {
        let page = Browser::new(&page).whole("/exports/growth/cart").await;
        ["first-run", "second-run", "third-run"].map(|run| page.contains(run))
    };
    remember(&state, "first-run").await;
    assert_eq!(runs().await, [true, false, false]);
    // Not told by the export yet.
    remember(&state, "second-run").await;
    shown.put("cart", "other");
    assert_eq!(runs().await, [true, false, false]);
    shown.end("cart", "second-run");
    tokio::time::advance(Duration::from_millis(200)).await;
    assert_eq!(runs().await, [true, true, false]);
    // What no export tells is found after a while.
    remember(&state, "third-run").await;
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(runs().await, [true, true, true]);
}
