//! One row, from the first run to the mended end.

use std::collections::BTreeMap;

use mixtap::api::{CohortExportStatus, conditions};
use mixtap::sandbox::faults::{Action, FaultId};
use serde_json::json;

use super::{End, Row};
use crate::lane::{CHANGED, FIRST, Lane, assert_changed, has, list_of};
use crate::world::PATIENCE;

pub(super) async fn in_the_middle(lane: &Lane, row: &Row) {
    lane.first_run(json!({})).await;
    lane.set_members(CHANGED);
    let faults = arm(lane, row);
    lane.ask("struck").await;
    struck(lane, &faults).await;
    match row.end {
        End::Heals => {
            let status = lane.until_handled("struck", "True", "Synced").await;
            bounded(lane, row);
            assert_changed(&status);
        }
        End::Rejects(code) => {
            let status = lane.until_handled("struck", "True", "Synced").await;
            bounded(lane, row);
            let run = status.last_run.expect("a run");
            assert_eq!(
                (run.exported, run.profiles_created, run.profiles_rejected),
                (27, 4, 1)
            );
            assert_eq!(run.rejected_codes, BTreeMap::from([(code.to_string(), 1)]));
        }
        End::Pends => {
            let status = lane.until_handled("struck", "True", "Synced").await;
            bounded(lane, row);
            let run = status.last_run.expect("a run");
            let profiles = [run.profiles_created, run.profiles_rejected];
            assert_eq!((run.exported, profiles), (27, [4, 0]));
            assert_eq!(run.profiles_pending, 1);
            mend(lane, row);
            lane.ask("settled").await;
            let status = lane.until_handled("settled", "True", "Synced").await;
            let run = status.last_run.expect("a run");
            assert!(run.uploaded && run.profiles_created == 1, "{run:?}");
            assert_eq!(run.profiles_pending, 0);
        }
        End::Fails(reason) | End::Lost(reason) => {
            let status = lane.until_handled("struck", "False", reason).await;
            bounded(lane, row);
            let as_it_was = matches!(row.end, End::Fails(_));
            assert_eq!(
                lane.list(),
                Some(list_of(if as_it_was { FIRST } else { CHANGED }))
            );
            // What was accepted earlier stays so while the connector is away.
            let kept = reason == "ConnectorNotReady";
            let (value, said) = if kept {
                ("True", "Synced")
            } else {
                ("False", reason)
            };
            assert!(has(&status, conditions::SYNCED, value, said), "{status:#?}");
            assert_eq!(
                status.last_failure.map(|f| f.reason).as_deref(),
                Some(reason)
            );
            mend(lane, row);
            lane.ask("mended").await;
            assert_changed(&lane.until_handled("mended", "True", "Synced").await);
        }
        End::Refused(reason) => {
            lane.world
                .until_connected(&lane.name, "False", reason)
                .await;
            let status = lane
                .until_handled("struck", "False", "ConnectorNotReady")
                .await;
            bounded(lane, row);
            assert_eq!(lane.list(), Some(list_of(FIRST)));
            assert!(
                has(&status, conditions::SYNCED, "True", "Synced"),
                "{status:#?}"
            );
            mend(lane, row);
            touch_secret(lane).await;
            lane.world
                .until_connected(&lane.name, "True", "Connected")
                .await;
            // Nobody asks: the run that was kept back is due.
            let again = |status: &CohortExportStatus| status.last_failure.is_none();
            assert_changed(&lane.until("Synced again", again).await);
        }
    }
    assert_eq!(lane.list(), Some(list_of(CHANGED)));
    // Whom CleverTap doesn't know isn't in the segment.
    let sizes: &[usize] = match row.end {
        End::Rejects(_) => &[25, 26],
        End::Pends => &[25, 26, 27],
        _ => &[25, 27],
    };
    assert_whole_lists(lane, sizes);
}

pub(super) async fn at_first(lane: &Lane, row: &Row) {
    let by_name = json!({ "cohort": { "name": crate::lane::COHORT_NAME } });
    let faults = arm(lane, row);
    lane.export("OneTime", by_name).await;
    struck(lane, &faults).await;
    let done = |status: &CohortExportStatus| has(status, conditions::READY, "True", "Completed");
    let status = match row.end {
        End::Heals | End::Rejects(_) | End::Pends => {
            let status = lane.until("Completed", done).await;
            bounded(lane, row);
            status
        }
        End::Fails(reason) | End::Lost(reason) => {
            let failed =
                |status: &CohortExportStatus| has(status, conditions::READY, "False", reason);
            let status = lane.until(reason, failed).await;
            bounded(lane, row);
            let as_it_was = matches!(row.end, End::Fails(_));
            assert_eq!(lane.list(), (!as_it_was).then(|| list_of(FIRST)));
            assert!(
                has(&status, conditions::SYNCED, "False", reason),
                "{status:#?}"
            );
            assert!(status.last_run.is_none() && status.last_sync_time.is_none());
            mend(lane, row);
            lane.ask("mended").await;
            lane.until_handled("mended", "True", "Completed").await
        }
        End::Refused(reason) => {
            lane.world
                .until_connected(&lane.name, "False", reason)
                .await;
            let waits = |status: &CohortExportStatus| {
                has(status, conditions::READY, "False", "ConnectorNotReady")
            };
            let status = lane.until("ConnectorNotReady", waits).await;
            bounded(lane, row);
            assert_eq!(lane.list(), None);
            assert!(
                has(&status, conditions::SYNCED, "Unknown", "ConnectorNotReady"),
                "{status:#?}"
            );
            mend(lane, row);
            touch_secret(lane).await;
            lane.until("Completed", done).await
        }
    };
    let run = status.last_run.expect("a run");
    assert_eq!(
        (
            run.members,
            run.exported,
            run.added,
            run.removed,
            run.profiles_created
        ),
        (25, 25, 25, 0, 25)
    );
    assert_eq!(lane.list(), Some(list_of(FIRST)));
    assert_whole_lists(lane, &[25]);
}

/// Lets the faults loose on the next run.
fn arm(lane: &Lane, row: &Row) -> Vec<(FaultId, Action)> {
    lane.forget_requests();
    (row.spoil)(lane);
    row.faults
        .iter()
        .map(|fault| (lane.fault(fault.clone()), fault.action.clone()))
        .collect()
}

/// Waits until each of them has acted. A request that is held, or whose answer stands still, goes on
/// once the status was seen to say that the run is under way.
async fn struck(lane: &Lane, faults: &[(FaultId, Action)]) {
    for (id, action) in faults {
        let hit = lane.sandbox().faults().wait_hit(*id);
        let hit = tokio::time::timeout(PATIENCE, hit).await;
        assert_eq!(hit, Ok(true), "{action:?} never acted");
        if let Action::Hold { .. } | Action::StallBody { .. } = action {
            let status = lane.status().await;
            assert!(status.current_run.is_some(), "{status:#?}");
            let (value, reason) = if status.last_run.is_some() {
                ("True", "Synced")
            } else {
                ("Unknown", "Exporting")
            };
            assert!(
                has(&status, conditions::SYNCED, value, reason),
                "{status:#?}"
            );
            lane.sandbox().faults().release(*id);
        }
    }
}

fn bounded(lane: &Lane, row: &Row) {
    let requests = lane.requests();
    assert!(
        requests <= row.most,
        "{requests} requests, and {} are permitted: {:?}",
        row.most,
        lane.log()
    );
}

fn mend(lane: &Lane, row: &Row) {
    lane.clear_faults();
    (row.mend)(lane);
}

/// The Secret is written again with the same values: its new version makes a check due.
async fn touch_secret(lane: &Lane) {
    let patch = json!({ "metadata": { "annotations": { "example.com/touched": "yes" } } });
    lane.world
        .patch::<k8s_openapi::api::core::v1::Secret>(&lane.name, patch)
        .await;
}

/// No list in between was ever in force.
fn assert_whole_lists(lane: &Lane, sizes: &[usize]) {
    let history = lane.history();
    assert!(
        history.iter().all(|size| sizes.contains(size)),
        "{history:?}"
    );
}
