//! Cohorts that are gone, empty, renamed or of another kind.

use mixtap::sandbox::calls::Call::{AppCohort, CohortsList};
use mixtap::sandbox::faults::Action;
use mixtap::sandbox::mixpanel::{CohortChange, CohortSpec, ProjectSettings, UnknownCohort};
use serde_json::json;

use crate::lane::{CHANGED, COHORT, FIRST, Lane, SEGMENT, list_of};
use crate::trouble::{End, PLAIN, QUERIES, Row, in_a_lane, play, row};

fn settings(lane: &Lane, change: impl FnOnce(&mut ProjectSettings)) {
    lane.sandbox()
        .mixpanel()
        .update_project(lane.project, change)
        .expect("the project");
}

fn delete(lane: &Lane) {
    lane.sandbox()
        .mixpanel()
        .delete_cohort(lane.project, COHORT)
        .expect("the cohort");
}

fn restore(lane: &Lane) {
    lane.put_cohort();
    lane.set_members(CHANGED);
}

fn empty(lane: &Lane) {
    let nobody = CohortChange {
        set: Some(vec![]),
        ..CohortChange::default()
    };
    change(lane, nobody);
}

fn change(lane: &Lane, change: CohortChange) {
    lane.sandbox()
        .mixpanel()
        .change_cohort(lane.project, COHORT, change)
        .expect("the cohort");
}

/// Nobody has published what an unknown cohort answers: each of the three ways comes to the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_cohort_is_told_and_its_list_stays() {
    let mut rows: Vec<Row> = vec![];
    for (name, answer) in [
        ("unknown-400", UnknownCohort::BadRequest),
        ("unknown-404", UnknownCohort::NotFound),
        ("unknown-empty", UnknownCohort::Empty),
    ] {
        let spoil = move |lane: &Lane| {
            settings(lane, |s| s.unknown_cohort = answer);
            delete(lane);
        };
        // The read, and the proof by the App API or by the list of cohorts.
        rows.push(row(name, End::Fails("CohortNotFound"), 3).world(spoil, restore));
        // That can't be proven isn't gone.
        let silent = row(
            format!("{name}-unproven"),
            End::Fails("SourceUnavailable"),
            1 + 1 + QUERIES,
        );
        rows.push(
            silent
                .world(spoil, restore)
                .always(AppCohort, Action::answer(500, ""))
                .always(CohortsList, Action::answer(500, "")),
        );
        let listed = row(
            format!("{name}-listed"),
            End::Fails("CohortNotFound"),
            1 + 1 + 1,
        );
        rows.push(
            listed
                .world(spoil, restore)
                .always(AppCohort, Action::answer(500, "")),
        );
    }
    play("cohort-deleted", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_read_is_held() {
    play(
        "cohort-empty",
        vec![
            row("empty", End::Fails("HeldEmpty"), 2).world(empty, |lane| lane.set_members(CHANGED)),
            row(
                "empty-unproven",
                End::Fails("SourceUnavailable"),
                1 + 1 + QUERIES,
            )
            .world(empty, |lane| lane.set_members(CHANGED))
            .always(AppCohort, Action::answer(500, ""))
            .always(CohortsList, Action::answer(500, "")),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_cohort_makes_no_second_segment() {
    let renamed = |lane: &Lane| {
        change(
            lane,
            CohortChange {
                name: Some("Renamed".into()),
                ..CohortChange::default()
            },
        )
    };
    play(
        "cohort-renamed",
        vec![row("renamed", End::Heals, PLAIN).world(renamed, |_| {})],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cohort_that_is_not_one_of_users() {
    in_a_lane("cohort-kinds", async |lane, _| {
        let mixpanel = lane.sandbox().mixpanel();
        let of_groups = CohortSpec {
            name: "Companies".into(),
            data_group_id: Some(7),
            ..CohortSpec::default()
        };
        mixpanel
            .put_cohort(lane.project, 77, of_groups)
            .expect("the project");
        let twin = CohortSpec {
            name: crate::lane::COHORT_NAME.into(),
            ..CohortSpec::default()
        };
        mixpanel
            .put_cohort(lane.project, 78, twin)
            .expect("the project");
        lane.forget_requests();
        lane.export(
            "Dynamic",
            json!({ "cohort": { "name": crate::lane::COHORT_NAME } }),
        )
        .await;
        let status = lane.until_failed("CohortAmbiguous").await;
        assert!(status.segment.is_none() && lane.list().is_none());
        assert_eq!(lane.requests(), 1);
        // By id it is told apart from its twin; the kind is known from the list of a moment ago.
        lane.patch_spec(json!({ "cohort": { "id": 77, "name": null } }))
            .await;
        lane.until_failed("GroupCohort").await;
        lane.patch_spec(json!({ "cohort": { "id": 79 } })).await;
        lane.until_failed("CohortNotFound").await;
        // Before a cohort counts as absent, a list from before the question isn't believed.
        assert!(lane.requests() <= 3, "{}", lane.requests());
        assert!(
            lane.sandbox()
                .clevertap()
                .segment(&lane.account, SEGMENT)
                .is_err()
        );
        lane.patch_spec(json!({ "cohort": { "id": COHORT } })).await;
        lane.until("Synced", |status| status.last_run.is_some())
            .await;
        assert_eq!(lane.list(), Some(list_of(FIRST)));
    })
    .await;
}
