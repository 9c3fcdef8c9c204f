//! A connector and an export, each as a line.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use serde::Serialize;

use crate::api::conditions::{CONNECTED, READY, SYNCED, find};
use crate::api::{CleverTapConnector, CohortExport, SyncType};
use crate::domain::counts::thousands;
use crate::domain::words::{ago, until};

/// A connector. Times are the API's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorLine {
    namespace: String,
    name: String,
    project_id: String,
    /// Of the condition: True, False, Unknown.
    connected: String,
    reason: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_check_time: Option<Timestamp>,
}

/// An export.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportLine {
    namespace: String,
    name: String,
    connector: String,
    cohort: String,
    sync_type: SyncType,
    /// Of the condition: True, False, Unknown.
    synced: String,
    /// Of `Ready`, as is the message.
    reason: String,
    message: String,
    /// Identities in the list of the last run that ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sync_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_sync_time: Option<Timestamp>,
    running: bool,
}

impl ConnectorLine {
    pub fn of(connector: &CleverTapConnector) -> Self {
        let status = connector.status.clone().unwrap_or_default();
        let connected = find(&status.conditions, CONNECTED);
        let ready = find(&status.conditions, READY);
        let (reason, message) = words(ready.or(connected));
        Self {
            namespace: connector.namespace().unwrap_or_default(),
            name: connector.name_any(),
            project_id: connector.spec.project_id.clone(),
            connected: connected.map_or_else(unknown, |c| c.status.clone()),
            reason,
            message,
            last_check_time: status.last_check_time.map(|time| time.0),
        }
    }

    pub fn row(&self, all: bool, now: Timestamp) -> [String; 6] {
        [
            named(&self.namespace, &self.name, all),
            self.project_id.clone(),
            self.connected.clone(),
            self.reason.clone(),
            self.last_check_time
                .map_or_else(never, |time| ago(time, now)),
            self.message.clone(),
        ]
    }
}

impl ExportLine {
    pub fn of(export: &CohortExport) -> Self {
        let status = export.status.clone().unwrap_or_default();
        let synced = find(&status.conditions, SYNCED);
        let (reason, message) = words(find(&status.conditions, READY).or(synced));
        Self {
            namespace: export.namespace().unwrap_or_default(),
            name: export.name_any(),
            connector: export.spec.connector_ref.name.clone(),
            cohort: export.cohort_name(),
            sync_type: export.spec.sync_type,
            synced: synced.map_or_else(unknown, |c| c.status.clone()),
            reason,
            message,
            members: status.last_run.as_ref().map(|run| run.exported),
            last_sync_time: status.last_sync_time.map(|time| time.0),
            next_sync_time: status.next_sync_time.map(|time| time.0),
            running: status.current_run.is_some(),
        }
    }

    pub fn row(&self, all: bool, now: Timestamp) -> [String; 9] {
        let members = self.members.map(thousands);
        let next = match (self.running, self.next_sync_time) {
            (true, _) => "running".to_owned(),
            (false, Some(time)) => until(time, now),
            (false, None) => "-".to_owned(),
        };
        [
            named(&self.namespace, &self.name, all),
            self.cohort.clone(),
            self.sync_type.as_str().to_owned(),
            self.synced.clone(),
            self.reason.clone(),
            members.unwrap_or_else(|| "-".to_owned()),
            self.last_sync_time
                .map_or_else(never, |time| ago(time, now)),
            next,
            self.message.clone(),
        ]
    }
}

fn named(namespace: &str, name: &str, all: bool) -> String {
    match all {
        true => format!("{namespace}/{name}"),
        false => name.to_owned(),
    }
}

fn words(condition: Option<&Condition>) -> (String, String) {
    match condition {
        Some(condition) => (condition.reason.clone(), condition.message.clone()),
        None => {
            let message = "No controller has looked at it yet.";
            ("-".to_owned(), message.to_owned())
        }
    }
}

fn unknown() -> String {
    "Unknown".to_owned()
}

fn never() -> String {
    "never".to_owned()
}
