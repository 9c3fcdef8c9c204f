//! A server that is away or slow. Deadlines pass in the test's own time.

use std::time::Duration;

use mixtap::domain::Reason;
use mixtap::sandbox::s3::S3;
use mixtap::state::{MarkedList, State, StateError};
use tokio::time::{Instant, pause, resume};

use crate::proxy::Proxy;
use crate::snapshots::{keep, read};
use crate::{list, open, open_with, server, shared};

const SENT: MarkedList = MarkedList {
    count: 3,
    cohort_id: 4311,
    identity: 7,
};

fn upstream(s3: &S3) -> String {
    format!("127.0.0.1:{}", s3.url().port().unwrap())
}

/// Every kind of call ends, and in this way only.
async fn assert_away(state: &State) {
    let one = list("one");
    let ends: [StateError; 8] = [
        state.own("uid-a", false).await.unwrap_err(),
        read(state, &one).await.unwrap_err(),
        keep(state, &one, "new").await.unwrap_err(),
        keep(state, &one, vec![0; 9 << 20]).await.unwrap_err(),
        state.save_budget("key", "[]".into()).await.unwrap_err(),
        state.budgets().await.unwrap_err(),
        state.mark_unconfirmed(&one, "run", SENT).await.unwrap_err(),
        state
            .sweep(&[], &[], "2026-01-01T00:00:00Z".parse().unwrap())
            .await
            .unwrap_err(),
    ];
    for error in ends {
        assert!(matches!(error, StateError::Unavailable(_)), "{error:?}");
        assert_eq!(error.failure().reason, Reason::StateUnavailable);
    }
}

#[tokio::test]
async fn a_server_that_goes_away_and_returns_has_lost_nothing() {
    let Some(s3) = server::start().await else {
        return;
    };
    let (state, one) = (open(&s3, ""), list("one"));
    state.own("uid-a", false).await.unwrap();
    keep(&state, &one, "old").await.unwrap();
    s3.stop();
    pause();
    assert_away(&state).await;
    resume();
    s3.restart().await.unwrap();
    assert_eq!(read(&state, &one).await, Ok(Some("old".into())));
    assert_eq!(state.unconfirmed(&one).await, Ok(None));
    assert_eq!(state.own("uid-b", false).await, Err(StateError::Foreign));
    keep(&state, &one, "new").await.unwrap();
    assert_eq!(read(&state, &one).await, Ok(Some("new".into())));
}

/// The server goes away while this much of the snapshot has reached it.
async fn goes_away_after(bytes: u64) {
    let Some(s3) = server::start().await else {
        return;
    };
    let (direct, one) = (open(&s3, ""), list("one"));
    keep(&direct, &one, "old").await.unwrap();
    let proxy = Proxy::stalling_uploads(upstream(&s3), bytes).await;
    let state = open_with(&s3, &[("AWS_ENDPOINT", &proxy.url)]);
    let new = vec![7; 20 << 20];
    let outage = async {
        proxy.stalled().await;
        s3.stop();
        pause();
        Instant::now()
    };
    let (kept, away) = tokio::join!(keep(&state, &one, &new), outage);
    let error = kept.unwrap_err();
    assert!(matches!(error, StateError::Unavailable(_)), "{error:?}");
    // Of the test's time: 30 s and 1 s a MiB, and 30 s to give up the parts.
    assert!(away.elapsed() <= Duration::from_secs(81));
    resume();
    s3.restart().await.unwrap();
    assert_eq!(read(&direct, &one).await, Ok(Some("old".into())));
    keep(&direct, &one, &new).await.unwrap();
    assert!(read(&direct, &one).await == Ok(Some(new)));
}

#[tokio::test]
async fn a_server_that_goes_away_while_it_keeps_has_the_old_snapshot() {
    // In the midst of the first part, and of the third.
    for bytes in [3 << 20, 12 << 20] {
        goes_away_after(bytes).await;
    }
}

#[tokio::test]
async fn an_upload_that_stands_still_ends_and_leaves_the_old_snapshot() {
    let Some(s3) = shared().await else {
        return;
    };
    let (direct, one) = (open(s3, ""), list("still"));
    keep(&direct, &one, "old").await.unwrap();
    let proxy = Proxy::stalling_uploads(upstream(s3), 3 << 20).await;
    let state = open_with(s3, &[("AWS_ENDPOINT", &proxy.url)]);
    let deadline = async {
        proxy.stalled().await;
        pause();
    };
    let (kept, ()) = tokio::join!(keep(&state, &one, vec![7; 9 << 20]), deadline);
    resume();
    let error = kept.unwrap_err();
    assert!(matches!(error, StateError::Unavailable(_)), "{error:?}");
    assert_eq!(read(&direct, &one).await, Ok(Some("old".into())));
}

#[tokio::test]
async fn a_slow_answer_is_waited_for_and_one_that_never_comes_is_not() {
    let Some(s3) = shared().await else {
        return;
    };
    let upstream = upstream(s3);
    let one = list("slow");
    let content = vec![7; 1 << 20];
    keep(&open(s3, ""), &one, &content).await.unwrap();
    // Before the answer, within its head and within its body.
    for bytes in [0, 100, 100_000] {
        let proxy = Proxy::stalling(upstream.clone(), bytes).await;
        let slow = open_with(s3, &[("AWS_ENDPOINT", &proxy.url)]);
        let released = async {
            proxy.stalled().await;
            proxy.release();
        };
        let (found, ()) = tokio::join!(read(&slow, &one), released);
        assert!(found.unwrap() == Some(content.clone()));

        let proxy = Proxy::stalling(upstream.clone(), bytes).await;
        let slow = open_with(s3, &[("AWS_ENDPOINT", &proxy.url)]);
        let deadline = async {
            proxy.stalled().await;
            pause();
        };
        let (found, ()) = tokio::join!(read(&slow, &one), deadline);
        resume();
        let error = found.unwrap_err();
        assert!(matches!(error, StateError::Unavailable(_)), "{error:?}");
    }
}
