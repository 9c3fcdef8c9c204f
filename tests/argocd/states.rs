//! The Lua over every state that the integration tests reach, as `kubectl get -o yaml` shows it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::Overrides;
use crate::customizations::{KINDS, read};

/// What docs/argocd.md says.
fn documented(object: &Value) -> &'static str {
    let status = &object["status"];
    let conditions = status["conditions"].as_array();
    let find = |kind| conditions.into_iter().flatten().find(|c| c["type"] == kind);
    let failures = status["consecutiveFailures"].as_i64().unwrap_or(0);
    match find("Ready") {
        Some(ready) if status["observedGeneration"] == object["metadata"]["generation"] => {
            match ready["status"].as_str().expect("a status") {
                "True" if ready["reason"] == "Suspended" => "Suspended",
                "True" => "Healthy",
                "False" if find("Stalled").is_some() || failures >= 5 => "Degraded",
                _ => "Progressing",
            }
        }
        _ => "Progressing",
    }
}

#[tokio::test]
async fn argo_cd_decides_as_documented() {
    let Some(argocd) = Overrides::new().await else {
        return;
    };
    for kind in KINDS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/states")
            .join(kind);
        let mut met = std::collections::BTreeSet::new();
        for entry in fs::read_dir(folder).expect("recorded states") {
            let file = entry.expect("a file").path();
            let object: Value = read(&file);
            let (status, message) = argocd.health(&object);
            assert_eq!(status, documented(&object), "{}: {message}", file.display());
            met.insert(status);
        }
        assert_eq!(
            met.len(),
            4,
            "{kind}: states of every health, not just {met:?}"
        );
    }
}
