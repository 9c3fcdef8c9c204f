use std::sync::atomic::{AtomicU32, Ordering};

use futures::StreamExt as _;
use serde_json::Value;

use super::*;
use crate::http::testing::cut;

/// A page of long rows, so that several batches come before its end.
fn long_page(ids: std::ops::Range<u64>, facts: Value) -> String {
    let row = |id: u64| json!({"$distinct_id": format!("{id:05}{}", "x".repeat(1000))});
    let mut page = facts;
    page["results"] = ids.map(row).collect();
    page.to_string()
}

/// Two pages of 300 rows.
fn long(number: u64) -> String {
    let facts = match number {
        0 => json!({"page_size": 300, "session_id": "s", "total": 599}),
        _ => json!({}),
    };
    long_page(number * 300..(number * 300 + 300).min(599), facts)
}

fn number_of(request: &Recorded) -> u64 {
    request.field("page").unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_page_that_is_cut_goes_on_where_it_broke_off() {
    for cut_at in [0, 1] {
        let cuts = AtomicU32::new(0);
        let server = Server::start(move |request| {
            let (number, body) = (number_of(request), long(number_of(request)));
            match cuts.load(Ordering::Relaxed) {
                // Each time later.
                cuts_made @ 0..2 if number == cut_at => {
                    cuts.store(cuts_made + 1, Ordering::Relaxed);
                    cut(&body[..body.len() * (cuts_made as usize + 1) / 3])
                }
                _ => answer(200, &body),
            }
        })
        .await;
        let (client, budget) = client(&server);
        let (end, rows) = session(&client, &OPEN).await;
        let ids = distinct(&end.unwrap(), &rows).unwrap();
        assert_eq!((ids.len(), server.requests().len()), (599, 4));
        let queries = if cut_at == 0 { 3 } else { 1 };
        assert_eq!(budget.remaining(), 48 - queries);
    }
}

#[tokio::test]
async fn a_page_that_changed_when_it_was_asked_again_breaks_the_session() {
    for changed_at in [0, 1] {
        let server = Server::start(move |request| {
            let (number, body) = (number_of(request), long(number_of(request)));
            match request.nth as u64 == changed_at {
                true => cut(&body[..body.len() / 2]),
                false if number == changed_at => answer(200, &body.replace("00x", "01x")),
                false => answer(200, &body),
            }
        })
        .await;
        let (end, rows) = session(&client(&server).0, &OPEN).await;
        let why = "a page changed when it was asked for again".to_owned();
        assert_eq!(end, Err(ReadEnd::Broken(why)));
        assert!(!rows.is_empty());
        assert_eq!(server.requests().len() as u64, 2 + changed_at);
    }
}

#[tokio::test]
async fn pages_may_end_in_any_order() {
    // Page 1 is the last to be whole.
    let server = Server::start(|request| match number_of(request) {
        1 => {
            let page = json!({"results": [{"$distinct_id": 2}, {"$distinct_id": 3}]});
            slow(&page.to_string())
        }
        _ => engage(request, 9),
    })
    .await;
    let ids = read(&client(&server).0, &OPEN).await.unwrap();
    let expected: Vec<_> = (0..9).map(|id| id.to_string()).collect();
    assert_eq!(ids, expected);
}

/// An answer in single bytes.
fn slow(body: &str) -> Response {
    let bytes = body.as_bytes().to_vec().into_iter();
    let parts = futures::stream::iter(bytes).then(|byte| async move {
        tokio::task::yield_now().await;
        Ok::<_, std::convert::Infallible>(vec![byte])
    });
    Response::new(axum::body::Body::from_stream(parts))
}

#[tokio::test]
async fn a_refused_page_size_is_asked_for_once() {
    let server = Server::start(|request| match request.field("page_size") {
        Some(_) => answer(400, r#"{"error":"page_size is too large"}"#),
        None => engage(request, 5),
    })
    .await;
    let budgets = Budgets::default();
    for (requests, queries, found_out) in [(4, 2, true), (3, 1, false)] {
        let budget = budgets.get(&server.url, 7, 48, false);
        let before = (server.requests().len(), budget.remaining());
        let (end, rows) = session(&client_with(&server, &budgets, 48), &OPEN).await;
        let tally = end.unwrap();
        assert_eq!(tally.page_size_refused(), found_out);
        assert_eq!(tally.page_size(), 2);
        assert_eq!(rows.len(), 5);
        let after = (server.requests().len(), budget.remaining());
        assert_eq!(
            (after.0 - before.0, before.1 - after.1),
            (requests, queries)
        );
        assert_eq!(budget.refused_page_size(), Some(2));
    }
}

#[tokio::test]
async fn a_page_size_is_not_blamed_for_a_query_that_is_refused_without_it_too() {
    for (status, requests) in [(400, 2), (401, 1), (404, 1)] {
        let server = Server::start(move |_| answer(status, "{}")).await;
        let (client, budget) = client(&server);
        read(&client, &OPEN).await.unwrap_err();
        assert_eq!(server.requests().len(), requests, "{status}");
        assert_eq!(budget.refused_page_size(), None);
    }
    let server = Server::start(|request| engage(request, 3)).await;
    let (end, _) = session(&client(&server).0, &OPEN).await;
    assert!(!end.unwrap().page_size_refused());
}

#[tokio::test]
async fn a_cohort_may_be_larger_than_memory_would_hold() {
    const TOTAL: u64 = 200_001;
    let server = Server::start(|request| {
        let page = number_of(request);
        let ids = page * 50_000..TOTAL.min(page * 50_000 + 50_000);
        let rows: Vec<_> = ids.map(|id| json!({"$distinct_id": id})).collect();
        let page = json!({"page_size": 50_000, "session_id": "s", "total": TOTAL, "results": rows});
        answer(200, &page.to_string())
    })
    .await;
    let ids = read(&client(&server).0, &OPEN).await.unwrap();
    assert_eq!(ids.len() as u64, TOTAL);
}

#[tokio::test]
async fn a_read_ends_when_nobody_receives() {
    let server = Server::start(|request| engage(request, 9)).await;
    let (rows, received) = mpsc::channel(1);
    drop(received);
    let end = client(&server).0.stream(&query(), &OPEN, &rows).await;
    assert_eq!(end, Err(ReadEnd::Closed));
}

#[tokio::test]
async fn a_page_with_too_many_rows_ends_at_once() {
    let server = Server::start(|request| match number_of(request) {
        1 => answer(200, &long_page(2..900, json!({}))),
        _ => engage(request, 9),
    })
    .await;
    let (end, rows) = session(&client(&server).0, &OPEN).await;
    assert!(matches!(end, Err(ReadEnd::Broken(_))), "{end:?}");
    assert!(rows.len() < 500, "{}", rows.len());
}

#[tokio::test]
async fn values_arrive_as_they_are_written() {
    let server = Server::start(|_| {
        let results = r#"[{"$distinct_id":"u","$properties":{"$email":"a@example.com"}}]"#;
        answer(200, &format!(r#"{{"total":1,"results":{results}}}"#))
    })
    .await;
    let (send, mut received) = mpsc::channel(1);
    let tally = client(&server).0.stream(&query(), &OPEN, &send).await;
    assert_eq!(tally.unwrap().total(), 1);
    let batch = received.recv().await.unwrap();
    let raws: Vec<_> = batch.members().map(|row| row.raw(0)).collect();
    assert_eq!(raws, [Some("\"a@example.com\"")]);
}
