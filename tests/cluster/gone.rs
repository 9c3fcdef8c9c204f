//! Objects that go in the middle of an export.

use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;
use mixtap::api::{CleverTapConnector, CohortExport, CohortExportStatus, conditions};
use mixtap::sandbox::calls::Call::{self, EngagePage, ListComplete, ListPut, Upload};
use mixtap::sandbox::faults::{Action, Fault, FaultId, Moment};
use serde_json::json;

use crate::lane::{CHANGED, FIRST, Lane, assert_changed, has, list_of};
use crate::trouble::{PLAIN, in_a_lane};
use crate::world::{PASSCODE, SECRET, USERNAME};

/// Lets a run come to this call, and holds it there.
async fn run_up_to(lane: &Lane, call: Call) -> FaultId {
    lane.set_members(CHANGED);
    lane.forget_requests();
    let held = lane.fault(
        Fault::new(Action::Hold {
            at: Moment::AfterWork,
        })
        .call(call),
    );
    lane.ask("held").await;
    assert!(lane.sandbox().faults().wait_hit(held).await);
    held
}

async fn delete<K>(lane: &Lane)
where
    K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    lane.world
        .api::<K>()
        .delete(&lane.name, &DeleteParams::default())
        .await
        .expect("deleted");
}

fn not_ready(status: &CohortExportStatus) -> bool {
    has(status, conditions::READY, "False", "ConnectorNotReady")
}

/// Without its connector a run ends before its next write; with it again, it is due again.
#[tokio::test(flavor = "multi_thread")]
async fn a_connector_deleted_in_the_middle() {
    for (call, requests) in [(EngagePage, 3), (Upload, 4), (ListPut, PLAIN - 1)] {
        in_a_lane("no-connector", async |lane, controller| {
            lane.first_run(json!({})).await;
            let held = run_up_to(&lane, call).await;
            delete::<CleverTapConnector>(&lane).await;
            controller
                .until_gone("mixtap_connector_connected", &lane.name)
                .await;
            lane.sandbox().faults().release(held);
            let status = lane.until("ConnectorNotReady", not_ready).await;
            // What CleverTap accepted earlier stands.
            assert!(
                has(&status, conditions::SYNCED, "True", "Synced"),
                "{status:#?}"
            );
            assert_eq!(
                (lane.list(), lane.requests()),
                (Some(list_of(FIRST)), requests)
            );
            lane.connect().await;
            let again = |status: &CohortExportStatus| status.last_failure.is_none();
            assert_changed(&lane.until("Synced again", again).await);
            assert_eq!(lane.list(), Some(list_of(CHANGED)));
            assert_eq!(lane.history(), [25, 27]);
        })
        .await;
    }
}

/// A run has its credentials: without the Secret it ends well, and the connector tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_deleted_in_the_middle() {
    in_a_lane("no-secret", async |lane, _| {
        lane.first_run(json!({})).await;
        let held = run_up_to(&lane, Upload).await;
        delete::<Secret>(&lane).await;
        lane.world
            .until_connected(&lane.name, "False", "SecretNotFound")
            .await;
        lane.sandbox().faults().release(held);
        let status = lane.until("ConnectorNotReady", not_ready).await;
        assert_changed(&status);
        assert!(
            has(&status, conditions::SYNCED, "True", "Synced"),
            "{status:#?}"
        );
        assert_eq!(
            (lane.list(), lane.requests()),
            (Some(list_of(CHANGED)), PLAIN)
        );
        lane.world
            .put_secret(&lane.name, PASSCODE, USERNAME, SECRET)
            .await;
        lane.world
            .until_connected(&lane.name, "True", "Connected")
            .await;
        let fine = |status: &CohortExportStatus| has(status, conditions::READY, "True", "Synced");
        assert_changed(&lane.until("Ready again", fine).await);
        // One check of each vendor, and no run that nobody asked for.
        assert_eq!(
            (lane.list(), lane.requests()),
            (Some(list_of(CHANGED)), PLAIN + 2)
        );
    })
    .await;
}

/// A deleted export writes no more, and leaves its segment as it is.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_deleted_in_the_middle() {
    in_a_lane("no-export", async |lane, controller| {
        lane.first_run(json!({})).await;
        let held = run_up_to(&lane, ListPut).await;
        delete::<CohortExport>(&lane).await;
        controller
            .until_gone("mixtap_export_synced", &lane.name)
            .await;
        lane.sandbox().faults().release(held);
        let ended = r#"mixtap_exports_total{sync_type="Dynamic",outcome="RunInterrupted"} 1"#;
        controller
            .until_metrics("that the run ended", |page| page.contains(ended))
            .await;
        assert_eq!((lane.calls(ListComplete), lane.requests()), (0, PLAIN - 1));
        assert_eq!(lane.list(), Some(list_of(FIRST)));
    })
    .await;
}
