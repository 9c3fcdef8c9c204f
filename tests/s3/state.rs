//! Everything that is kept, by whoever may keep it.

use jiff::{SignedDuration, Timestamp};
use mixtap::domain::Counts;
use mixtap::domain::validate::{Rules, connector, export};
use mixtap::state::{Mark, MarkedList, OneTimeKey, OneTimeRecord, State, StateError};
use serde_json::json;

use crate::snapshots::{keep, read};
use crate::{list, open, open_with, shared};

const SENT: MarkedList = MarkedList {
    count: 3,
    cohort_id: 4311,
    identity: 7,
};

#[tokio::test]
async fn what_is_kept_comes_back_per_list_and_prefix() {
    let Some(s3) = shared().await else {
        return;
    };
    let (state, other) = (open(s3, "kept/a"), open(s3, "kept/b"));
    let (one, two) = (list("one"), list("../two / ü?&"));
    state.probe().await.unwrap();
    assert_eq!(read(&state, &one).await, Ok(None));
    let mut random = fastrand::Rng::with_seed(4);
    // In parts, in a single put, and at the edges: 8 MiB is the first in parts, of 5 MiB each.
    for bytes in [20 << 20, 1 << 10, (8 << 20) - 1, 8 << 20, 10 << 20, 0] {
        let mut content = vec![0; bytes];
        random.fill(&mut content);
        state.reserve(&one, bytes as u64).await.unwrap();
        keep(&state, &one, &content).await.unwrap();
        let again = open(s3, "kept/a");
        assert!(
            read(&again, &one).await == Ok(Some(content)),
            "{bytes} bytes"
        );
    }
    keep(&state, &one, "second").await.unwrap();
    keep(&state, &two, "other").await.unwrap();
    assert_eq!(read(&state, &one).await, Ok(Some("second".into())));
    assert_eq!(read(&state, &two).await, Ok(Some("other".into())));
    assert_eq!(read(&other, &one).await, Ok(None));
}

#[tokio::test]
async fn budgets_come_back_until_they_are_dropped() {
    let Some(s3) = shared().await else {
        return;
    };
    let (state, again) = (open(s3, "budgets/a"), open(s3, "budgets/a"));
    assert_eq!(state.budgets().await, Ok(vec![]));
    let [a, b] = [1, 2].map(|project| State::budget_key("mixpanel.example.com", project));
    for (key, json) in [(&a, "[1]"), (&a, "[1,2]"), (&b, "[3]")] {
        state.save_budget(key, json.into()).await.unwrap();
    }
    let mut expected = vec![(a.clone(), "[1,2]".into()), (b.clone(), "[3]".into())];
    expected.sort();
    let mut found = again.budgets().await.unwrap();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(open(s3, "budgets/b").budgets().await, Ok(vec![]));
    for _ in 0..2 {
        state.drop_budget(&a).await.unwrap();
    }
    assert_eq!(again.budgets().await, Ok(vec![(b, "[3]".into())]));
}

#[tokio::test]
async fn a_mark_stays_until_confirmed() {
    let Some(s3) = shared().await else {
        return;
    };
    let (state, one) = (open(s3, "marks"), list("one"));
    state.confirm(&one).await.unwrap();
    for run_id in ["run-1", "run-2"] {
        state.mark_unconfirmed(&one, run_id, SENT).await.unwrap();
    }
    let mark = Mark {
        run_id: "run-2".into(),
        list: Some(SENT),
    };
    assert_eq!(state.unconfirmed(&one).await, Ok(Some(mark)));
    state.confirm(&one).await.unwrap();
    assert_eq!(state.unconfirmed(&one).await, Ok(None));
}

#[tokio::test]
async fn a_sweep_finds_all_and_takes_what_nobody_refers_to() {
    let Some(s3) = shared().await else {
        return;
    };
    let state = open(s3, "sweep");
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let later = start + SignedDuration::from_hours(31 * 24);
    assert_eq!(
        state.sweep(&[], &[], start).await,
        Ok(0),
        "nothing is there"
    );
    let lists: Vec<_> = (0..12).map(|n| list(&n.to_string())).collect();
    for each in &lists {
        keep(&state, each, "content").await.unwrap();
        state.mark_unconfirmed(each, "run", SENT).await.unwrap();
    }
    assert_eq!(state.sweep(&lists[..2], &[], start).await, Ok(0));
    assert_eq!(state.sweep(&lists[..2], &[], later).await, Ok(10));
    for (n, each) in lists.iter().enumerate() {
        assert_eq!(state.snapshot(each).await.unwrap().is_some(), n < 2);
        assert_eq!(state.unconfirmed(each).await.unwrap().is_some(), n < 2);
    }
}

#[tokio::test]
async fn a_record_outlives_the_sweep() {
    let Some(s3) = shared().await else {
        return;
    };
    let state = open(s3, "records");
    let (key, record) = (one_time("One"), record());
    state.record_one_time(&key, &record).await.unwrap();
    let late: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    state.sweep(&[], &[], late).await.unwrap();
    assert_eq!(state.one_time(&key).await, Ok(Some(record)));
    assert_eq!(state.one_time(&one_time("Two")).await, Ok(None));
}

#[tokio::test]
async fn of_two_controllers_at_once_one_owns_the_state() {
    let Some(s3) = shared().await else {
        return;
    };
    for round in 0..8 {
        let prefix = format!("owners/{round}");
        let (a, b) = (open(s3, &prefix), open(s3, &prefix));
        let owned = tokio::join!(a.own("uid-a", false), b.own("uid-b", false));
        let (owner, other) = match owned {
            (Ok(()), Err(StateError::Foreign)) => ("uid-a", "uid-b"),
            (Err(StateError::Foreign), Ok(())) => ("uid-b", "uid-a"),
            both => panic!("{both:?}"),
        };
        // However often they ask.
        assert_eq!(a.own(other, false).await, Err(StateError::Foreign));
        assert_eq!(b.own(owner, false).await, Ok(()));
        assert_eq!(b.own(other, true).await, Ok(()));
        assert_eq!(a.own(owner, false).await, Err(StateError::Foreign));
    }
}

#[tokio::test]
async fn a_refused_key_is_told_and_not_shown() {
    let Some(s3) = shared().await else {
        return;
    };
    for (canary, said) in [
        ("AWS_SECRET_ACCESS_KEY", "access is denied"),
        // This server's answer to a key that it doesn't know is 404, where S3's is 403.
        ("AWS_ACCESS_KEY_ID", "the bucket or folder isn't there"),
    ] {
        let state = open_with(s3, &[(canary, "canary")]);
        let errors = [
            state.own("uid", false).await.unwrap_err(),
            state.probe().await.unwrap_err(),
            keep(&state, &list("one"), "x").await.unwrap_err(),
            keep(&state, &list("one"), vec![0; 9 << 20])
                .await
                .unwrap_err(),
            state.save_budget("key", "x".into()).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error, StateError::Unavailable(said));
            let failure = error.failure();
            let shown = format!("{error} {error:?} {failure:?} {state:?}");
            let hidden = s3.env().into_iter().take(2).map(|(_, value)| value);
            for secret in hidden.chain(["canary".to_owned()]) {
                assert!(!shown.contains(&secret), "{shown}");
            }
        }
    }
    let state = open_with(s3, &[("AWS_SECRET_ACCESS_KEY", "canary")]);
    let denied = StateError::Unavailable("access is denied");
    assert_eq!(read(&state, &list("one")).await, Err(denied.clone()));
    assert_eq!(
        state.sweep(&[], &[], Timestamp::UNIX_EPOCH).await,
        Err(denied)
    );
    // Of a listing the client library doesn't tell why it was refused.
    let refused = state.budgets().await.unwrap_err();
    assert!(matches!(refused, StateError::Unavailable(_)), "{refused:?}");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_no_empty_state() {
    let Some(s3) = shared().await else {
        return;
    };
    let missing = State::open_with("s3://missing", "", s3.env()).unwrap();
    let gone = Err(StateError::Unavailable("the bucket or folder isn't there"));
    assert_eq!(missing.own("uid", false).await, gone);
    assert_eq!(missing.probe().await, gone);
}

fn one_time(segment: &str) -> OneTimeKey {
    let secret = json!({ "name": "vendors" });
    let spec = json!({
        "projectId": "TEST-1",
        "datacenter": "eu1",
        "passcodeSecretRef": secret,
        "resultEmail": "growth@example.com",
        "mixpanel": { "projectId": 1, "serviceAccountSecretRef": secret },
    });
    let connector = connector(&serde_json::from_value(spec).unwrap(), &Rules::default()).unwrap();
    let spec = json!({
        "connectorRef": { "name": "main" },
        "cohort": { "id": 4311 },
        "syncType": "OneTime",
        "segmentName": segment,
    });
    let spec = serde_json::from_value(spec).unwrap();
    OneTimeKey::of(&connector, &export(&spec, true, &Rules::default()).unwrap())
}

fn record() -> OneTimeRecord {
    OneTimeRecord {
        shape: "00000abcfffffff0".into(),
        handled_token: None,
        earlier_tokens: vec![],
        run_id: "00000abcfffffff0-1".into(),
        counts: Counts::default(),
        finished: Timestamp::UNIX_EPOCH,
        cohort_id: 4311,
        cohort_name: "Cart drop off".into(),
        segment_name: "One".into(),
        segment_id: None,
    }
}
