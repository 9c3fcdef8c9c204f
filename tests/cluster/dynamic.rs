//! A dynamic export follows its cohort, and keeps its slots.

use jiff::Timestamp;
use mixtap::api::{CleverTapConnector, CohortExport, CohortExportStatus, REQUESTED_AT, conditions};
use mixtap::domain::CohortRef;
use mixtap::domain::schedule::{group, slot_from};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::mixpanel::CohortChange;
use serde_json::json;

use crate::looks::says;
use crate::world::{PROJECT, World};

/// A change of spec that leaves the list as it is: seen at once, and nothing happens.
#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_changes_no_shape_is_only_observed() {
    let Some(world) = World::new("unshaped").await else {
        return;
    };
    world.cohort(1, "Same", 10);
    let _controller = world.controller();
    world.dynamic("same", 1, json!({ "interval": "1h" })).await;
    let before = world
        .until_synced("same", "True", "Synced")
        .await
        .status
        .unwrap_or_default();
    let calls = world.all_calls();
    for spec in [
        json!({ "interval": "2h" }),
        json!({ "maxShrinkPercent": 10, "onEmpty": "Export", "refreshInterval": "1h" }),
        json!({ "existingSegment": "Refuse" }),
        json!({ "suspend": false }),
    ] {
        let changed: CohortExport = world.patch("same", json!({ "spec": spec })).await;
        let seen = world.until("same", "observed", |export| {
            export
                .status
                .as_ref()
                .is_some_and(|s| s.observed_generation >= changed.metadata.generation)
        });
        let seen = seen.await.status.unwrap_or_default();
        assert_eq!(without_generation(&seen), without_generation(&before));
        assert_eq!(seen.observed_generation, changed.metadata.generation);
        assert!(
            seen.conditions
                .iter()
                .all(|c| c.observed_generation == changed.metadata.generation)
        );
    }
    world.calm().await;
    assert_eq!(world.all_calls(), calls);
}

/// All that must stay, and what of a condition tells of a change.
fn without_generation(status: &CohortExportStatus) -> serde_json::Value {
    let list: Vec<_> = status
        .conditions
        .iter()
        .map(|c| {
            (
                &c.type_,
                &c.status,
                &c.reason,
                &c.message,
                &c.last_transition_time,
            )
        })
        .collect();
    json!([
        list,
        status.last_run,
        status.last_attempt_time,
        status.last_sync_time,
        status.current_run
    ])
}

/// Every run is one read. Of the list: 3 calls where it changed, and once more after a run that
/// created profiles; 0 where it is the same.
#[tokio::test(flavor = "multi_thread")]
async fn changes_only_are_exported() {
    let Some(world) = World::new("changes").await else {
        return;
    };
    world.cohort(1, "Moving", 10);
    let _controller = world.controller();
    world
        .dynamic("moving", 1, json!({ "interval": "1h" }))
        .await;
    let first = world.until_synced("moving", "True", "Synced").await;
    let first_slot = first
        .status
        .as_ref()
        .and_then(|s| s.next_sync_time.clone())
        .expect("a slot");
    let cohort = |change: CohortChange| {
        world
            .sandbox
            .mixpanel()
            .change_cohort(PROJECT, 1, change)
            .expect("the cohort")
    };
    let ids = |numbers: &[u64]| {
        numbers
            .iter()
            .map(|n| format!("u-{n:06}").into())
            .collect::<Vec<_>>()
    };
    let mut file = String::from("Type,Identity\n");
    file.extend((1..=10).map(|n| format!("i,u-{n:06}\n")));
    assert_eq!(world.file("Mixpanel - Moving"), file);

    // (what changes, added, removed, unchanged, whether it is uploaded, profiles created)
    let steps: [(CohortChange, i64, i64, i64, bool, i64); 4] = [
        (CohortChange::default(), 0, 0, 10, true, 0),
        (CohortChange::default(), 0, 0, 10, false, 0),
        (
            CohortChange {
                remove: ids(&[3, 4, 5]),
                ..CohortChange::default()
            },
            0,
            3,
            7,
            true,
            0,
        ),
        (
            CohortChange {
                add: ids(&[4]),
                ..CohortChange::default()
            },
            1,
            0,
            7,
            true,
            1,
        ),
    ];
    let mut lists = 1;
    for (number, (change, added, removed, unchanged, uploaded, created)) in
        steps.into_iter().enumerate()
    {
        cohort(change);
        let token = format!("step {number}");
        world.annotate("moving", REQUESTED_AT, &token).await;
        let status = world.until_handled("moving", &token).await;
        let run = status.last_run.expect("a run");
        assert_eq!(
            (
                run.added,
                run.removed,
                run.unchanged,
                run.uploaded,
                run.profiles_created
            ),
            (added, removed, unchanged, uploaded, created),
            "{token}"
        );
        assert_eq!(
            (run.members, run.exported),
            (added + unchanged, added + unchanged),
            "{token}"
        );
        // A token moves no slot.
        assert_eq!(status.next_sync_time, Some(first_slot.clone()), "{token}");
        lists += u64::from(uploaded);
        assert_eq!(
            (world.calls(Call::ListComplete), world.calls(Call::Engage)),
            (lists, number as u64 + 2),
            "{token}"
        );
    }
    // Who left and came back is new to the list, and sent as a profile again.
    assert_eq!(world.calls(Call::Upload), 1 + 1);
    let latest: String = [1, 2, 4, 6, 7, 8, 9, 10]
        .map(|n| format!("i,u-{n:06}\n"))
        .concat();
    assert_eq!(
        world.file("Mixpanel - Moving"),
        format!("Type,Identity\n{latest}")
    );
}

/// With slots 3 s apart: each run starts in a slot of its own, all slots have one phase, and the
/// list follows without a word from anybody.
#[tokio::test(flavor = "multi_thread")]
async fn it_converges_by_itself_and_keeps_its_phase() {
    let Some(world) = World::new("slots").await else {
        return;
    };
    let many = json!({ "spec": { "mixpanel": { "queriesPerHour": 10_000 } } });
    world.patch::<CleverTapConnector>("main", many).await;
    world.cohort(1, "Ticking", 10);
    let _controller = world.controller();
    world
        .dynamic("ticking", 1, json!({ "interval": "3s" }))
        .await;
    let group = group(&world.namespace, "main", &CohortRef::Id(1));
    let interval = jiff::SignedDuration::from_secs(3);
    let on_grid = |time: Timestamp| slot_from(time, interval, &group) == time;
    let mut last = world
        .until_synced("ticking", "True", "Synced")
        .await
        .status
        .unwrap_or_default();
    for members in [12, 7, 9] {
        let due = last.next_sync_time.clone().expect("a slot").0;
        assert!(on_grid(due), "{due}");
        world.cohort(1, "Ticking", members);
        let next = world.until("ticking", "at its cohort's size", |export| {
            let status = export.status.clone().unwrap_or_default();
            let run = status.last_run.map(|run| (run.exported, run.reason));
            status.current_run.is_none() && run == Some((members as i64, "Scheduled".to_owned()))
        });
        last = next.await.status.unwrap_or_default();
        let started = last.last_run.as_ref().expect("a run").started_time.0;
        assert!(started >= due, "{started} is before the slot {due}");
        assert_eq!(world.size("Mixpanel - Ticking") as u64, members);
        // A healthy scheduled run says so by its counts only.
        assert!(says(&last.conditions, conditions::READY, "True", "Synced"));
    }
    let healthy = world.events("ticking").await;
    let reasons: Vec<_> = healthy
        .iter()
        .filter_map(|event| event.reason.as_deref())
        .collect();
    assert!(
        reasons.iter().filter(|reason| **reason == "Synced").count() == 1,
        "{reasons:?}"
    );
}
