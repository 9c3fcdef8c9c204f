//! The health that docs/argocd.md promises.

use mixtap::api::conditions::{READY, STALLED};
use serde_json::Value;

/// Failures in a row that no longer count as passing by themselves.
const PATIENCE: i64 = 5;

/// What Argo CD is to say of an object.
pub fn health(object: &Value) -> &'static str {
    let status = &object["status"];
    let conditions = status["conditions"].as_array();
    let find = |kind| conditions.into_iter().flatten().find(|c| c["type"] == kind);
    let failures = status["consecutiveFailures"].as_i64().unwrap_or(0);
    let seen = status["observedGeneration"] == object["metadata"]["generation"];
    let Some(ready) = find(READY).filter(|_| seen) else {
        return "Progressing";
    };
    match ready["status"].as_str().expect("a status") {
        "True" if ready["reason"] == "Suspended" => "Suspended",
        "True" => "Healthy",
        "False" if find(STALLED).is_some() || failures >= PATIENCE => "Degraded",
        _ => "Progressing",
    }
}
