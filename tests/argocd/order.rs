//! The two Applications, the second one first, on a cluster where nothing of mixtap is installed.

use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::Api;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::application::Application;
use crate::argo::{self, ArgoCd};
use crate::customizations::read;
use crate::repository::Repository;

const MIXTAP: &str = "mixtap";
const EXPORTS: &str = "quickstart";

/// Argo CD once it has installed the chart, and with that the CRDs: for the first test of this binary
/// to ask. `None` where there is no Argo CD.
pub async fn installed() -> Option<&'static ArgoCd> {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let argo = argo::shared().await?;
    INSTALLED.get_or_init(|| install(argo)).await;
    Some(argo)
}

async fn install(argo: &ArgoCd) {
    let objects = Repository::new(argo);
    for name in ["connector", "dynamic", "one-time"] {
        let file = format!("examples/quickstart/{name}.yaml");
        let object: Value = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
        objects.write(name, &object);
    }
    objects.commit("Export two cohorts");
    let exports =
        Application::apply(argo, "exports.yaml", EXPORTS, (&objects, "."), "growth").await;
    let failed = |status: &Value| status["operationState"]["retryCount"].as_i64() >= Some(1);
    exports
        .until("tried again, for want of the CRDs", failed)
        .await;

    let chart = Repository::new(argo);
    chart.copy("charts/mixtap");
    chart.commit("Install mixtap");
    let mixtap = Application::apply(
        argo,
        "mixtap.yaml",
        MIXTAP,
        (&chart, "charts/mixtap"),
        "mixtap",
    )
    .await;
    let synced = |status: &Value| status["operationState"]["phase"] == "Succeeded";
    mixtap.until("applied", synced).await;
    exports.until("applied", synced).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_the_applications_does_not_matter_and_both_stay_synced() {
    let Some(argo) = installed().await else {
        return;
    };
    let crds: Api<CustomResourceDefinition> = Api::all(argo.client().await);
    for kind in ["clevertapconnectors", "cohortexports"] {
        let crd = crds.get(&format!("{kind}.mixtap.dev")).await.expect(kind);
        let annotations = crd.metadata.annotations.unwrap_or_default();
        let option = annotations.get("argocd.argoproj.io/sync-options");
        assert_eq!(option.map(String::as_str), Some("Prune=false"));
    }
    for name in [MIXTAP, EXPORTS] {
        let application = Application::applied(argo, name).await;
        for _ in 0..10 {
            let status = application.compare().await;
            assert_eq!(status["sync"]["status"], "Synced", "{status:#}");
        }
    }
}
