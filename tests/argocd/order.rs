//! The two Applications, the second one first, on a cluster where nothing of mixtap is installed.

use std::path::Path;

use serde_json::Value;
use tokio::sync::OnceCell;

use crate::application::Application;
use crate::argo::{self, ArgoCd};
use crate::customizations::read;
use crate::repository::Repository;

/// Argo CD once it has installed the chart, and with that the CRDs.
pub struct Installed {
    pub argo: &'static ArgoCd,
    mixtap: Application,
    exports: Application,
    _repositories: [Repository; 2],
}

/// Installed by the first test of this binary to ask; `None` where there is no Argo CD.
pub async fn installed() -> Option<&'static Installed> {
    static INSTALLED: OnceCell<Installed> = OnceCell::const_new();
    let argo = argo::shared().await?;
    Some(INSTALLED.get_or_init(|| install(argo)).await)
}

async fn install(argo: &'static ArgoCd) -> Installed {
    let objects = Repository::new();
    for name in ["connector", "dynamic", "one-time"] {
        let file = format!("examples/quickstart/{name}.yaml");
        let object: Value = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
        objects.write(name, &object);
    }
    objects.commit("Export two cohorts");
    let exports = Application::apply(
        argo,
        "exports.yaml",
        "quickstart",
        (&objects, "."),
        "growth",
    )
    .await;
    let failed = |status: &Value| status["operationState"]["retryCount"].as_i64() >= Some(1);
    exports
        .until("tried again, for want of the CRDs", failed)
        .await;

    let chart = Repository::new();
    chart.copy("charts/mixtap");
    chart.commit("Install mixtap");
    let mixtap = Application::apply(
        argo,
        "mixtap.yaml",
        "mixtap",
        (&chart, "charts/mixtap"),
        "mixtap",
    )
    .await;
    let synced = |status: &Value| status["operationState"]["phase"] == "Succeeded";
    mixtap.until("applied", synced).await;
    exports.until("applied", synced).await;
    Installed {
        argo,
        mixtap,
        exports,
        _repositories: [chart, objects],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_the_applications_does_not_matter_and_both_stay_synced() {
    let Some(installed) = installed().await else {
        return;
    };
    for application in [&installed.mixtap, &installed.exports] {
        for _ in 0..10 {
            let status = application.compare().await;
            assert_eq!(status["sync"]["status"], "Synced", "{status:#}");
        }
    }
}
