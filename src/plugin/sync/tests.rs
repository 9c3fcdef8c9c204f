use super::*;

/// An export that was asked to run, whose last run failed so.
fn asked(failure: &str) -> CohortExport {
    let ready = json!({ "type": "Ready", "status": "False", "reason": failure, "message": "It failed.",
        "lastTransitionTime": "2026-01-01T00:00:00Z" });
    let export = json!({
        "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
        "metadata": { "name": "cart", "generation": 1, "annotations": { REQUESTED_AT: "now" } },
        "spec": { "connectorRef": { "name": "main" }, "cohort": { "id": 7 }, "syncType": "Dynamic" },
        "status": {
            "observedGeneration": 1,
            "conditions": [ready],
            "lastFailure": { "runId": "r", "reason": failure, "time": "2026-01-01T00:00:00Z" },
        },
    });
    serde_json::from_value(export).expect("an export")
}

#[test]
fn a_failure_of_the_last_run_is_not_what_the_next_one_waits_for() {
    let word = |failure| match seen(&asked(failure), "now") {
        Seen::Waiting(word) => word,
        _ => panic!("it waits"),
    };
    let told = word("SourceUnavailable");
    assert!(told.contains("waits for its turn") && told.contains("kubectl mixtap budget"));
    assert!(
        told.ends_with("its last run ended SourceUnavailable: It failed."),
        "{told}"
    );
    let told = word("ConnectorNotReady");
    assert_eq!(
        told,
        "cohortexport/cart waits; ConnectorNotReady: It failed."
    );
}
