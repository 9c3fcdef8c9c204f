//! What the controller writes back on a `CohortExport`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the controller last saw and did. Counts are of members unless they say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CohortExportStatus {
    /// The generation that this status speaks of; -1 before the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Stalled, Reconciling (both only while True), Ready, Synced, IntervalStretched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The cohort that the spec was resolved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<CohortStatus>,
    /// The CleverTap segment that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentStatus>,
    /// The run under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_run: Option<CurrentRun>,
    /// The last run that ended Synced or Completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// Id of the run that the state holds as this one-time export's, where the object was restored
    /// or re-created since: AlreadyExported rests on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_run: Option<String>,
    /// The last run that failed, while none has succeeded since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<LastFailure>,
    /// The run that a guard holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// When the last run was started, whatever its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt_time: Option<Time>,
    /// When the last run ended Synced or Completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync_time: Option<Time>,
    /// When the next run is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_sync_time: Option<Time>,
    /// The interval that the query budget permits, where it is longer than the one asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_interval: Option<String>,
    /// Runs that failed since the last one that succeeded; decides the back-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_failures: Option<i32>,
    /// The `mixtap.dev/requested-at` token of the last run that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_request: Option<String>,
}

/// A resolved Mixpanel cohort.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CohortStatus {
    /// Mixpanel cohort id.
    pub id: i64,
    /// Mixpanel cohort name at the last look.
    pub name: String,
}

/// A CleverTap segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SegmentStatus {
    /// Segment name at CleverTap.
    pub name: String,
    /// Segment id as CleverTap answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A claimed run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentRun {
    /// Derived from the object, the due time and the shape: a crash resumes the same run.
    pub id: String,
    /// How often this run was claimed.
    pub attempt: i32,
    /// When it was last claimed.
    pub started_time: Time,
    /// Why it runs.
    pub reason: String,
    /// The generation that was claimed.
    pub generation: i64,
    /// The `mixtap.dev/requested-at` token that this run handles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// A finished run. members = exported + skippedAnonymous + skippedNoIdentity + duplicates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// The run's id.
    pub id: String,
    /// Why it ran.
    pub reason: String,
    /// When it was claimed.
    pub started_time: Time,
    /// When it ended.
    pub finished_time: Time,
    /// The generation that it exported.
    pub generation: i64,
    /// Distinct rows read from Mixpanel.
    pub members: i64,
    /// Identities in the list.
    pub exported: i64,
    /// Identities that the previous list lacked.
    pub added: i64,
    /// Identities of the previous list that this one lacks.
    pub removed: i64,
    /// Identities in both lists.
    pub unchanged: i64,
    /// Members left out as anonymous (`$device:` ids).
    pub skipped_anonymous: i64,
    /// Members left out for want of an identity.
    pub skipped_no_identity: i64,
    /// Members whose identity another member carries too.
    pub duplicates: i64,
    /// Profiles that CleverTap accepted.
    pub profiles_created: i64,
    /// Profiles that CleverTap rejected.
    pub profiles_rejected: i64,
    /// Profiles that CleverTap couldn't take for now; the next run sends them again.
    #[serde(default, skip_serializing_if = "none")]
    pub profiles_pending: i64,
    /// How many profiles were rejected with each of CleverTap's codes.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub rejected_codes: std::collections::BTreeMap<String, i64>,
    /// Whether a list was uploaded; an unchanged one isn't.
    pub uploaded: bool,
}

/// A failed run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastFailure {
    /// The run's id.
    pub run_id: String,
    /// The condition's reason.
    pub reason: String,
    /// When it failed.
    pub time: Time,
}

/// A run that a guard holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The id that the annotation `mixtap.dev/release-hold` names to let it pass once.
    pub id: String,
    /// Since when it is held.
    pub since: Time,
    /// Identities in the previous list.
    pub previous: i64,
    /// Identities that were read.
    pub members: i64,
    /// Identities that the segment would lose.
    pub removed: i64,
}

fn none(count: &i64) -> bool {
    *count == 0
}
