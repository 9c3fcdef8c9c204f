//! A server that is away or slow. Deadlines pass in the test's own time.

use bytes::Bytes;
use mixtap::domain::Reason;
use mixtap::state::{MarkedList, State, StateError};
use tokio::time::{pause, resume};

use crate::proxy::Proxy;
use crate::{list, open, open_with, server, shared};

const SENT: MarkedList = MarkedList {
    count: 3,
    cohort_id: 4311,
    identity: 7,
};

/// Every kind of call ends, and in this way only.
async fn assert_away(state: &State) {
    let one = list("one");
    let ends: [StateError; 5] = [
        state.own("uid-a", false).await.unwrap_err(),
        state.snapshot(&one).await.unwrap_err(),
        state.keep(&one, "new".into()).await.unwrap_err(),
        state.mark_unconfirmed(&one, "run", SENT).await.unwrap_err(),
        state
            .sweep(&[], "2026-01-01T00:00:00Z".parse().unwrap())
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
    state.keep(&one, "old".into()).await.unwrap();
    s3.stop();
    pause();
    assert_away(&state).await;
    resume();
    s3.restart().await.unwrap();
    assert_eq!(state.snapshot(&one).await, Ok(Some("old".into())));
    assert_eq!(state.unconfirmed(&one).await, Ok(None));
    assert_eq!(state.own("uid-b", false).await, Err(StateError::Foreign));
    state.keep(&one, "new".into()).await.unwrap();
    assert_eq!(state.snapshot(&one).await, Ok(Some("new".into())));
}

#[tokio::test]
async fn a_slow_answer_is_waited_for_and_one_that_never_comes_is_not() {
    let Some(s3) = shared().await else {
        return;
    };
    let upstream = format!("127.0.0.1:{}", s3.url().port().unwrap());
    let one = list("slow");
    let content = Bytes::from(vec![7; 1 << 20]);
    open(s3, "").keep(&one, content.clone()).await.unwrap();
    // Before the answer, within its head and within its body.
    for bytes in [0, 100, 100_000] {
        let proxy = Proxy::stalling(upstream.clone(), bytes).await;
        let slow = open_with(s3, &[("AWS_ENDPOINT", &proxy.url)]);
        let released = async {
            proxy.stalled().await;
            proxy.release();
        };
        let (found, ()) = tokio::join!(slow.snapshot(&one), released);
        assert!(found.unwrap() == Some(content.clone()));

        let proxy = Proxy::stalling(upstream.clone(), bytes).await;
        let slow = open_with(s3, &[("AWS_ENDPOINT", &proxy.url)]);
        let deadline = async {
            proxy.stalled().await;
            pause();
        };
        let (found, ()) = tokio::join!(slow.snapshot(&one), deadline);
        resume();
        let error = found.unwrap_err();
        assert!(matches!(error, StateError::Unavailable(_)), "{error:?}");
    }
}
