use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> serde_json::Value {
    json!({ "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z" })
}

fn report() -> Report {
    let connector = json!({
        "apiVersion": "mixtap.dev/v1alpha1", "kind": "CleverTapConnector",
        "metadata": { "name": "main", "namespace": "growth" },
        "spec": {
            "projectId": "TEST-1", "datacenter": "eu1", "resultEmail": "growth@example.com",
            "passcodeSecretRef": { "name": "vendors" },
            "mixpanel": { "projectId": 1, "serviceAccountSecretRef": { "name": "vendors" } },
        },
        "status": {
            "lastCheckTime": "2026-01-01T11:15:00Z",
            "conditions": [
                condition("Ready", "True", "Connected", "Both accept."),
                condition("Connected", "True", "Connected", "Both accept."),
            ],
        },
    });
    let export = |name: &str, status: serde_json::Value| {
        let export = json!({
            "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
            "metadata": { "name": name, "namespace": "growth" },
            "spec": { "connectorRef": { "name": "main" }, "cohort": { "id": 7 }, "syncType": "Dynamic" },
            "status": status,
        });
        ExportLine::of(&serde_json::from_value(export).unwrap())
    };
    let run = json!({
        "id": "r", "reason": "Scheduled", "startedTime": "2026-01-01T11:56:00Z",
        "finishedTime": "2026-01-01T11:57:00Z", "generation": 1, "members": 1204,
        "exported": 1200, "added": 0, "removed": 0, "unchanged": 1200, "skippedAnonymous": 4,
        "skippedNoIdentity": 0, "duplicates": 0, "profilesCreated": 0, "profilesRejected": 0,
        "uploaded": false,
    });
    let healthy = json!({
        "cohort": { "id": 7, "name": "Cart drop off" },
        "lastRun": run, "lastSyncTime": "2026-01-01T11:57:00Z", "nextSyncTime": "2026-01-01T12:12:00Z",
        "conditions": [
            condition("Ready", "True", "Synced", "1,200 members accepted."),
            condition("Synced", "True", "Synced", "1,200 members accepted."),
        ],
    });
    // Of a cohort that the spec named before.
    let failing = json!({
        "cohort": { "id": 6, "name": "Old" },
        "lastRun": run, "lastSyncTime": "2025-12-30T12:00:00Z", "nextSyncTime": "2026-01-01T11:00:00Z",
        "conditions": [
            condition("Ready", "False", "ConnectorNotReady", "CleverTapConnector main isn't connected."),
            condition("Synced", "True", "Synced", "1,200 members accepted."),
        ],
    });
    Report {
        connectors: vec![ConnectorLine::of(
            &serde_json::from_value(connector).unwrap(),
        )],
        exports: vec![
            export("healthy", healthy),
            export("failing", failing),
            export("new", json!({})),
        ],
    }
}

#[test]
fn all_of_it_is_seen_at_a_glance() {
    let expected = "\
CONNECTOR   PROJECT   CONNECTED   REASON      CHECKED          MESSAGE
main        TEST-1    True        Connected   45 minutes ago   Both accept.

EXPORT    COHORT          TYPE      SYNCED    REASON              MEMBERS   LAST SYNC       NEXT            MESSAGE
healthy   Cart drop off   Dynamic   True      Synced              1,200     3 minutes ago   in 12 minutes   1,200 members accepted.
failing   7               Dynamic   True      ConnectorNotReady   1,200     2 days ago      now             CleverTapConnector main isn't connected.
new       7               Dynamic   Unknown   -                   -         never           -               No controller has looked at it yet.
";
    assert_eq!(report().show("namespace growth", false, now()), expected);
}

#[test]
fn names_of_all_namespaces_have_theirs() {
    let all = report().show("all namespaces", true, now());
    assert!(
        all.contains("growth/healthy ") && all.contains("growth/main "),
        "{all}"
    );
    let none = Report {
        connectors: vec![],
        exports: vec![],
    };
    let told = "No connectors and no exports in namespace growth.\n";
    assert_eq!(none.show("namespace growth", false, now()), told);
}
