//! One list, one writer: who wins a segment that several exports ask for, and when the loser runs.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ObjectMeta, PostParams};
use mixtap::api::{CleverTapConnector, CohortExport, conditions};
use mixtap::sandbox::calls::Call;
use serde_json::json;

use crate::plane;
use crate::steps::{OTHER_ACCOUNT, condition, list, status, synced};
use crate::world::until::says;
use crate::world::{PASSCODE, SECRET, USERNAME, World, uid};

/// The one that comes first by age and uid.
fn first<'a>(a: &'a CohortExport, b: &'a CohortExport) -> (&'a str, &'a str) {
    let rank = |e: &CohortExport| {
        let created = e.metadata.creation_timestamp.clone().map(|t| t.0);
        (created, uid(e))
    };
    let name = |e: &'a CohortExport| e.metadata.name.as_deref().expect("a name");
    if rank(a) < rank(b) {
        (name(a), name(b))
    } else {
        (name(b), name(a))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_by_age_and_uid_wins_and_a_loser_runs_when_it_is_gone() {
    let Some(world) = World::new("conflict-age").await else {
        return;
    };
    world.cohort(1, "Left", 3);
    world.cohort(2, "Right", 7);
    let name = json!({ "segmentName": "Same" });
    let a = world.on_demand("left", 1, name.clone()).await;
    let b = world.on_demand("right", 2, name).await;
    let (winner, loser) = first(&a, &b);
    let _controller = world.controller();
    world.until_synced(winner, "True", "Synced").await;
    let lost = world.until_synced(loser, "False", "SegmentConflict").await;
    let stalled = condition(&lost, conditions::STALLED).expect("Stalled");
    assert_eq!(stalled, ("True".into(), "SegmentConflict".into()));
    assert!(synced(&lost).2.contains(&format!("CohortExport {winner}")));
    assert_eq!(world.calls(Call::ListComplete), 1);
    assert_eq!(world.calls(Call::Engage), 1, "the loser reads nothing");

    world.delete_export(winner).await;
    world.until_synced(loser, "True", "Synced").await;
    let members = if loser == "left" { 3 } else { 7 };
    assert_eq!(world.csv("Same"), Some(list(1..=members)));
    assert_eq!(world.calls(Call::ListComplete), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_upload_wins_until_its_export_is_renamed() {
    let Some(world) = World::new("conflict-upload").await else {
        return;
    };
    world.cohort(1, "Old", 3);
    world.cohort(2, "Young", 7);
    let asleep = json!({ "segmentName": "Same", "suspend": true });
    world.on_demand("old", 1, asleep).await;
    let _controller = world.controller();
    world
        .until("old", "suspended", |o| {
            condition(o, conditions::READY) == Some(("True".into(), "Suspended".into()))
        })
        .await;
    // A suspended export that never uploaded doesn't count.
    world
        .on_demand("young", 2, json!({ "segmentName": "Same" }))
        .await;
    world.until_synced("young", "True", "Synced").await;
    let suspend = |on: bool| json!({ "spec": { "suspend": on } });
    world.patch::<CohortExport>("old", suspend(false)).await;
    let lost = world.until_synced("old", "False", "SegmentConflict").await;
    assert!(synced(&lost).2.contains("CohortExport young"));
    // One that did counts, suspended or not.
    world.patch::<CohortExport>("young", suspend(true)).await;
    world
        .until("young", "suspended", |o| {
            condition(o, conditions::READY) == Some(("True".into(), "Suspended".into()))
        })
        .await;
    let still = world.api::<CohortExport>().get("old").await.expect("it");
    assert!(says(&still, "False", "SegmentConflict"), "{still:?}");
    assert_eq!(world.csv("Same"), Some(list(1..=7)));
    assert_eq!(world.calls(Call::ListComplete), 1);

    let renamed = json!({ "spec": { "segmentName": "Other", "suspend": false } });
    world.patch::<CohortExport>("young", renamed).await;
    world.until_synced("old", "True", "Synced").await;
    world.until_synced("young", "True", "Synced").await;
    assert_eq!(world.csv("Same"), Some(list(1..=3)));
    assert_eq!(world.csv("Other"), Some(list(1..=7)));
    assert_eq!(world.history("Same"), [7, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_another_account_counts_for_nothing_in_this_one() {
    let Some(world) = World::new("conflict-moved").await else {
        return;
    };
    world.other_account();
    let mut spec = world.connector_spec();
    spec["projectId"] = OTHER_ACCOUNT.into();
    world.create::<CleverTapConnector>("other", spec).await;
    world.cohort(1, "Old", 3);
    world.cohort(2, "Young", 7);
    let _controller = world.controller();
    world
        .on_demand("old", 1, json!({ "segmentName": "Same" }))
        .await;
    world.until_synced("old", "True", "Synced").await;
    let there = json!({ "segmentName": "Same", "connectorRef": { "name": "other" } });
    world.on_demand("young", 2, there).await;
    world.until_synced("young", "True", "Synced").await;

    // The older one moves into the younger one's account: its own upload was to another list.
    let moved = json!({ "spec": { "projectId": OTHER_ACCOUNT } });
    world.patch::<CleverTapConnector>("main", moved).await;
    let lost = world.until_synced("old", "False", "SegmentConflict").await;
    assert!(synced(&lost).2.contains("CohortExport young"));
    assert!(says(&world.ask("young", "mine").await, "True", "Synced"));
    assert_eq!(world.csv_in(OTHER_ACCOUNT, "Same"), Some(list(1..=7)));
    // When that one's connector moves away, the loser runs at once.
    let away = json!({ "spec": { "projectId": crate::world::ACCOUNT } });
    world.patch::<CleverTapConnector>("other", away).await;
    world.until_synced("old", "True", "Synced").await;
    assert_eq!(world.csv_in(OTHER_ACCOUNT, "Same"), Some(list(1..=3)));
    world.until_synced("young", "True", "Synced").await;
    assert_eq!(world.csv("Same"), Some(list(1..=7)));
}

#[tokio::test(flavor = "multi_thread")]
async fn first_runs_that_meet_at_a_default_name_have_one_winner() {
    const PAIRS: u64 = 6;
    let Some(world) = World::new("conflict-default").await else {
        return;
    };
    let mut pairs = Vec::new();
    for id in 1..=PAIRS {
        world.cohort(id, &format!("Cohort {id}"), id);
        let a = world.on_demand(&format!("a{id}"), id, json!({})).await;
        let b = world.on_demand(&format!("b{id}"), id, json!({})).await;
        pairs.push((id, a, b));
    }
    let _controller = world.controller();
    for (id, a, b) in &pairs {
        let names = [a, b].map(|e| e.metadata.name.clone().expect("a name"));
        let mut ends = Vec::new();
        for name in &names {
            let ended = world.until(name, "decided", |o| {
                says(o, "True", "Synced") || says(o, "False", "SegmentConflict")
            });
            ends.push(synced(&ended.await).1);
        }
        // Whoever wrote it keeps it: asked again, both say the same.
        ends.sort();
        assert_eq!(ends, ["SegmentConflict", "Synced"], "{names:?}");
        assert_eq!(
            world.history(&format!("Mixpanel - Cohort {id}")),
            [*id as usize]
        );
    }
    assert_eq!(world.calls(Call::ListComplete), PAIRS);
    for (id, a, b) in &pairs {
        let names = [a, b].map(|e| e.metadata.name.clone().expect("a name"));
        let mut winner = None;
        for name in &names {
            let export = world.api::<CohortExport>().get(name).await.expect("it");
            if says(&export, "True", "Synced") {
                winner = Some(name.clone());
            } else {
                let other = names.iter().find(|n| *n != name).expect("the other");
                let named = world.until(name, "told of the other", |o| {
                    synced(o).2.contains(&format!("CohortExport {other} "))
                });
                named.await;
            }
        }
        let winner = winner.expect("a winner");
        world.delete_export(&winner).await;
        let loser = names.iter().find(|n| **n != winner).expect("a loser");
        let synced = world.until_synced(loser, "True", "Synced").await;
        let segment = status(&synced).segment.expect("a segment").name;
        assert_eq!(segment, format!("Mixpanel - Cohort {id}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rival_in_another_namespace_is_not_named() {
    let Some(world) = World::new("conflict-here").await else {
        return;
    };
    let there = plane::namespace(&world.client, "conflict-there").await;
    let data = [
        ("passcode", PASSCODE),
        ("username", USERNAME),
        ("secret", SECRET),
    ];
    let data = data.map(|(k, v)| (k.to_owned(), ByteString(v.as_bytes().to_vec())));
    let name = Some("vendors".to_owned());
    let metadata = ObjectMeta {
        name,
        ..ObjectMeta::default()
    };
    let secret = Secret {
        metadata,
        data: Some(data.into()),
        ..Secret::default()
    };
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &there);
    let params = PostParams::default();
    secrets.create(&params, &secret).await.expect("created");
    let connector = json!({ "apiVersion": "mixtap.dev/v1alpha1", "kind": "CleverTapConnector",
        "metadata": { "name": "main" }, "spec": world.connector_spec() });
    let connector = serde_json::from_value(connector).expect("a connector");
    let connectors: Api<CleverTapConnector> = Api::namespaced(world.client.clone(), &there);
    connectors
        .create(&params, &connector)
        .await
        .expect("created");

    world.cohort(1, "Cart", 3);
    let both = format!("--watch-namespaces={},{there}", world.namespace);
    let _controller = world.controller_with(&[&both]);
    world
        .on_demand("mine", 1, json!({ "segmentName": "Same" }))
        .await;
    world.until_synced("mine", "True", "Synced").await;
    let export = json!({ "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
        "metadata": { "name": "theirs" }, "spec": { "connectorRef": { "name": "main" },
            "cohort": { "id": 1 }, "syncType": "OneTime", "segmentName": "Same" } });
    let export: CohortExport = serde_json::from_value(export).expect("an export");
    let exports: Api<CohortExport> = Api::namespaced(world.client.clone(), &there);
    exports.create(&params, &export).await.expect("created");
    let lost =
        |object: Option<&CohortExport>| object.is_some_and(|o| says(o, "False", "SegmentConflict"));
    let lost = kube::runtime::wait::await_condition(exports.clone(), "theirs", lost);
    let lost = tokio::time::timeout(crate::world::PATIENCE, lost).await;
    let lost = lost.expect("in time").expect("watched").expect("there");
    let message = synced(&lost).2;
    assert!(message.contains("another namespace"), "{message}");
    assert!(
        !message.contains("mine") && !message.contains(&world.namespace),
        "{message}"
    );

    world.delete_export("mine").await;
    let done = |object: Option<&CohortExport>| object.is_some_and(|o| says(o, "True", "Completed"));
    let done = kube::runtime::wait::await_condition(exports, "theirs", done);
    let done = tokio::time::timeout(crate::world::PATIENCE, done).await;
    done.expect("in time").expect("watched");
}
