//! `CohortExport`: one Mixpanel cohort kept as one CleverTap segment.
#![expect(
    clippy::duplicated_attributes,
    reason = "each printcolumn has a type of its own"
)]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CohortExportStatus, DurationString, OBJECT_NAME};

/// Exports a Mixpanel cohort to a CleverTap segment, once or every `interval`. Each export
/// overwrites the previous one.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "mixtap.dev",
    version = "v1alpha1",
    kind = "CohortExport",
    plural = "cohortexports",
    shortname = "cohort",
    category = "mixtap",
    namespaced,
    status = "CohortExportStatus",
    derive = "PartialEq",
    doc = "CohortExport keeps one CleverTap segment equal to one Mixpanel cohort.",
    printcolumn(name = "Cohort", type_ = "string", json_path = ".status.cohort.name"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.syncType"),
    printcolumn(
        name = "Synced",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Synced')].status"
    ),
    printcolumn(
        name = "Members",
        type_ = "integer",
        json_path = ".status.lastRun.exported"
    ),
    printcolumn(name = "Last Sync", type_ = "date", json_path = ".status.lastSyncTime"),
    printcolumn(
        name = "Next Sync",
        type_ = "string",
        json_path = ".status.nextSyncTime",
        priority = "1"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Synced')].message",
        priority = "1"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.syncType == 'Dynamic' || !has(self.interval)").message("interval is for syncType Dynamic only").field_path(".interval"))]
pub struct CohortExportSpec {
    /// The connector to export by.
    pub connector_ref: ConnectorRef,

    /// The Mixpanel cohort.
    pub cohort: CohortSelector,

    /// OneTime: the members who qualify now, once. Dynamic: every `interval`, to the most recent list.
    pub sync_type: SyncType,

    /// How often a Dynamic export runs; 15m where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("duration(self) > duration('0s')").message("must be more than zero, such as 15m or 1h30m"))]
    pub interval: Option<DurationString>,

    /// Name of the CleverTap segment; `Mixpanel - <cohort name>` where it is absent, fixed at the
    /// first sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub segment_name: Option<String>,

    /// What to do at a first sync where CleverTap already has a segment of this name: Replace
    /// (default) or Refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing_segment: Option<ExistingSegment>,

    /// The Mixpanel profile property that holds the CleverTap identity; `$CleverTap_user_id` where
    /// it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 120))]
    pub identity_property: Option<String>,

    /// For a member without that property: DistinctId (default), its distinct id, or Skip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_fallback: Option<IdentityFallback>,

    /// The Mixpanel profile properties that a created CleverTap profile carries;
    /// `[$email, $phone, $first_name, $last_name]` where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 120)))]
    pub profile_properties: Option<Vec<String>>,

    /// Create (default): send new members as profiles first, since CleverTap drops identities that
    /// it doesn't know. Skip: send the list only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_profiles: Option<MissingProfiles>,

    /// What an empty read means: Hold (default), keep the segment and say so, or Export, empty it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_empty: Option<OnEmpty>,

    /// Hold a run that would lose more than this share (percent) of the previous list; 50 where it
    /// is absent, 100 = off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub max_shrink_percent: Option<i32>,

    /// Upload an unchanged list again after this long; 24h where it is absent, `0s` = off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_interval: Option<DurationString>,

    /// No runs while true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
}

impl CohortExport {
    /// What people call its cohort: by name if that is known, else by id.
    pub fn cohort_name(&self) -> String {
        let spec = &self.spec.cohort;
        let known = self.status.as_ref().and_then(|s| s.cohort.as_ref());
        // What status says may be of the cohort that the spec named before.
        let known = known.filter(|known| spec.id.is_none_or(|id| id == known.id));
        let name = spec.name.clone().or_else(|| known.map(|k| k.name.clone()));
        name.unwrap_or_else(|| spec.id.unwrap_or_default().to_string())
    }
}

/// A connector in the same namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorRef {
    /// Name of the CleverTapConnector.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
}

/// A Mixpanel cohort, by exactly one of id and name.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.id) != has(self.name)").message("exactly one of id and name must be set"))]
pub struct CohortSelector {
    /// Mixpanel cohort id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub id: Option<i64>,
    /// Mixpanel cohort name; it must be the name of one cohort only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub name: Option<String>,
}

/// When a cohort is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum SyncType {
    OneTime,
    Dynamic,
}

impl SyncType {
    /// As it stands in the spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneTime => "OneTime",
            Self::Dynamic => "Dynamic",
        }
    }
}

/// What to do at a first sync where the segment name is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum ExistingSegment {
    #[default]
    Replace,
    Refuse,
}

/// How a member without the identity property is matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum IdentityFallback {
    #[default]
    DistinctId,
    Skip,
}

/// Whether new members are sent as profiles before the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum MissingProfiles {
    #[default]
    Create,
    Skip,
}

/// What an empty read means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum OnEmpty {
    #[default]
    Hold,
    Export,
}
