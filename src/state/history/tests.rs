use proptest::prelude::*;

use super::*;

fn key(uid: &str) -> ExportKey {
    ExportKey {
        namespace: "growth".into(),
        name: "cart-drop-off".into(),
        uid: uid.into(),
    }
}

fn run(id: usize, changed: bool, finished: i64) -> PastRun {
    let finished_time = Timestamp::from_second(finished).unwrap();
    PastRun {
        id: id.to_string(),
        reason: "Scheduled".into(),
        started_time: finished_time,
        finished_time,
        outcome: "Synced".into(),
        changed,
        counts: Some(PastCounts::from(&Counts {
            members: 3,
            rejected_codes: [("515".into(), 1)].into(),
            ..Counts::default()
        })),
        held: None,
    }
}

async fn put(state: &State, json: &'static str) {
    let name = object(&key("uid-1"));
    let put = state.store.put(&name, json.into(), MAX_SMALL);
    put.await.unwrap();
}

#[tokio::test]
async fn a_history_is_one_objects_and_names_each_run_once() {
    let state = State::open("memory:///", "team").unwrap();
    let (one, again) = (key("uid-1"), key("uid-2"));
    assert_eq!(state.history(&one).await, Ok(vec![]));
    for id in [1, 2, 1] {
        state.remember(&one, run(id, true, 1000)).await.unwrap();
    }
    let found = state.history(&one).await.unwrap();
    assert_eq!(found, [run(1, true, 1000), run(2, true, 1000)]);
    assert_eq!(state.history(&again).await, Ok(vec![]));
}

#[tokio::test]
async fn damage_counts_as_none_and_a_newer_format_is_left_alone() {
    let state = State::open("memory:///", "").unwrap();
    let one = key("uid-1");
    for damaged in ["", "[]", r#"{"format":1}"#, r#"{"format":1,"runs":[{}]}"#] {
        put(&state, damaged).await;
        assert_eq!(state.history(&one).await, Ok(vec![]), "{damaged}");
    }
    state.remember(&one, run(1, true, 0)).await.unwrap();
    assert_eq!(state.history(&one).await.unwrap().len(), 1);
    let newer = r#"{"format":2,"runs":"another way"}"#;
    put(&state, newer).await;
    assert_eq!(state.history(&one).await, Err(StateError::TooNew));
    let refused = state.remember(&one, run(2, true, 0)).await;
    assert_eq!(refused, Err(StateError::TooNew));
    let left = state.store.get(&object(&one), MAX_SMALL).await;
    assert_eq!(left, Ok(Some(newer.into())));
}

#[test]
fn what_is_too_large_loses_its_oldest_runs() {
    let large = |id| PastRun {
        outcome: "x".repeat(10_000),
        ..run(id, true, 0)
    };
    let json = encode((0..20).map(large).collect());
    assert!(json.len() as u64 <= MAX_SMALL);
    let ids: Vec<_> = decode(&json).unwrap().into_iter().map(|r| r.id).collect();
    assert_eq!(ids, ["14", "15", "16", "17", "18", "19"]);
}

proptest! {
    #[test]
    fn twenty_changes_and_a_fortnight_stay(
        runs in prop::collection::vec((any::<bool>(), 0_i64..100_000), 0..80),
    ) {
        let (mut now, mut all, mut remembered) = (0, vec![], vec![]);
        for (id, (changed, pass)) in runs.into_iter().enumerate() {
            now += pass;
            all.push(run(id, changed, now));
            remembered.push(run(id, changed, now));
            remembered = kept(remembered);
        }
        prop_assert!(remembered.len() <= CHANGES + DAYS);
        let ids: Vec<_> = remembered.iter().map(|run| run.id.clone()).collect();
        let changes = all.iter().filter(|run| run.changed).rev().take(CHANGES);
        for change in changes {
            prop_assert!(ids.contains(&change.id), "{} of {ids:?}", change.id);
        }
        let days = |runs: &[PastRun]| -> std::collections::BTreeSet<i64> {
            runs.iter().map(|run| day(run.finished_time)).collect()
        };
        let latest: Vec<_> = days(&all).into_iter().rev().take(DAYS).collect();
        prop_assert!(latest.iter().all(|day| days(&remembered).contains(day)));
        prop_assert!(remembered.is_sorted_by_key(|run| run.finished_time));
    }
}
