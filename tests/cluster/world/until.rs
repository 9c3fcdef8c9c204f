//! What a test waits for, and what it says when that never comes.

use kube::runtime::wait::await_condition;
use mixtap::api::{CleverTapConnector, CohortExport, conditions};
use mixtap::domain::outcome::lint;
use mixtap::sandbox::faults::FaultId;
use serde_json::json;

use super::{PATIENCE, World};

impl World {
    /// Waits until the export's status is as asked, and lints it.
    pub async fn until(
        &self,
        export: &str,
        what: &str,
        is: impl Fn(&CohortExport) -> bool + Send,
    ) -> CohortExport {
        let condition = |object: Option<&CohortExport>| object.is_some_and(&is);
        let waiting = await_condition(self.api::<CohortExport>(), export, condition);
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(Ok(Some(object))) => {
                let status = object.status.clone().unwrap_or_default();
                assert_eq!(
                    lint::export(&status, object.metadata.generation),
                    Vec::<String>::new()
                );
                object
            }
            other => {
                let now = self
                    .api::<CohortExport>()
                    .get_opt(export)
                    .await
                    .ok()
                    .flatten();
                let now = now.map(|o| json!([o.spec, o.status]));
                let ended = other.map(|found| found.is_ok());
                panic!(
                    "{export} was never {what} ({ended:?}): {now:#?}\nlogs:\n{}",
                    self.logs_tail()
                );
            }
        }
    }

    /// Waits until `Synced` has this status and reason at the object's own generation.
    pub async fn until_synced(&self, export: &str, status: &str, reason: &str) -> CohortExport {
        self.until(export, &format!("Synced={status} {reason}"), |object| {
            says(object, status, reason)
        })
        .await
    }

    pub async fn until_connected(
        &self,
        connector: &str,
        status: &str,
        reason: &str,
    ) -> CleverTapConnector {
        let is = |object: &CleverTapConnector| {
            let found = object.status.as_ref();
            let said = found.and_then(|s| conditions::find(&s.conditions, conditions::CONNECTED));
            found.and_then(|s| s.observed_generation) == object.metadata.generation
                && said.is_some_and(|c| c.status == status && c.reason == reason)
        };
        let what = format!("Connected={status} {reason}");
        self.until_connector(connector, &what, is).await
    }

    /// Waits until the connector is as asked, and lints its status.
    pub async fn until_connector(
        &self,
        connector: &str,
        what: &str,
        is: impl Fn(&CleverTapConnector) -> bool + Send,
    ) -> CleverTapConnector {
        let condition = |object: Option<&CleverTapConnector>| object.is_some_and(&is);
        let waiting = await_condition(self.api::<CleverTapConnector>(), connector, condition);
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(Ok(Some(object))) => {
                let status = object.status.clone().unwrap_or_default();
                assert_eq!(
                    lint::connector(&status, object.metadata.generation),
                    Vec::<String>::new()
                );
                object
            }
            other => {
                let now = self.api::<CleverTapConnector>().get_opt(connector).await;
                panic!(
                    "{connector} was never {what}: {other:?}\nnow: {now:#?}\nlogs:\n{}",
                    self.logs_tail()
                );
            }
        }
    }

    /// Waits until a fault has acted so often.
    pub async fn hit(&self, fault: FaultId, times: u64) {
        let hits = self.sandbox.faults().wait_hits(fault, times);
        let hit = tokio::time::timeout(PATIENCE, hits).await;
        assert_eq!(hit, Ok(true), "{:?}", self.sandbox.faults().get(fault));
    }
}

/// Whether `Synced` has this status and reason, about the object's own generation, with no run under
/// way.
pub fn says(object: &CohortExport, status: &str, reason: &str) -> bool {
    let Some(found) = &object.status else {
        return false;
    };
    let synced = conditions::find(&found.conditions, conditions::SYNCED);
    found.observed_generation == object.metadata.generation
        && found.current_run.is_none()
        && synced.is_some_and(|c| c.status == status && c.reason == reason)
}
