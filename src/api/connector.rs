//! `CleverTapConnector`: one Mixpanel project joined to one CleverTap account.
#![expect(
    clippy::duplicated_attributes,
    reason = "each printcolumn has a type of its own"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DurationString, OBJECT_NAME};

/// What the key of a Secret looks like.
const SECRET_KEY: &str = "^[-._A-Za-z0-9]+$";

/// Joins a Mixpanel project to a CleverTap account. The controller validates both sets of
/// credentials and reports `Connected`.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "mixtap.dev",
    version = "v1alpha1",
    kind = "CleverTapConnector",
    plural = "clevertapconnectors",
    shortname = "ctc",
    category = "mixtap",
    namespaced,
    status = "CleverTapConnectorStatus",
    derive = "PartialEq",
    doc = "CleverTapConnector joins a Mixpanel project to a CleverTap account.",
    printcolumn(name = "Project", type_ = "string", json_path = ".spec.projectId"),
    printcolumn(name = "Datacenter", type_ = "string", json_path = ".spec.datacenter"),
    printcolumn(
        name = "Connected",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Connected')].status"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Connected')].message",
        priority = "1"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct CleverTapConnectorSpec {
    /// The Connector Name that people see: CleverTap is told it as the creator of every list, and
    /// `mixtap` where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,

    /// CleverTap Project ID, as the CleverTap dashboard shows it (`XXX-XXX-XXXX`).
    #[schemars(regex(pattern = "^[A-Za-z0-9-]{1,64}$"), length(max = 64))]
    pub project_id: String,

    /// CleverTap Datacenter (region) of the account.
    pub datacenter: Datacenter,

    /// The Secret key that holds the CleverTap Passcode.
    pub passcode_secret_ref: PasscodeSecretRef,

    /// The mailbox that CleverTap reports the result of each list to. CleverTap has no other way
    /// to say that a list failed after it was accepted.
    #[schemars(length(min = 3, max = 254), regex(pattern = r"^[^@\s]+@[^@\s]+$"))]
    pub result_email: String,

    /// The Mixpanel project that the cohorts are read from.
    pub mixpanel: MixpanelSpec,

    /// How much of the CleverTap account's permitted concurrency this connector uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,

    /// How often the credentials are checked; 1h where it is absent. A successful call of any of
    /// its exports counts as a check of that vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("duration(self) > duration('0s')").message("must be more than zero, such as 15m or 1h30m"))]
    pub check_interval: Option<DurationString>,

    /// No checks while true, and exports of this connector act as suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,

    /// Other base URLs, for a private proxy or a stand-in. Permitted only where the controller's
    /// `--allowed-endpoints` lists exactly this scheme, host and port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,
}

/// CleverTap's datacenters, by the code in their host names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Datacenter {
    Eu1,
    In1,
    Us1,
    Sg1,
    Aps3,
    Mec1,
}

/// Where a Mixpanel project lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Region {
    #[default]
    US,
    EU,
    IN,
}

/// What page 0's `total` must agree with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum TotalCheck {
    #[default]
    Exact,
    PageCount,
}

/// A key of a Secret in the same namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasscodeSecretRef {
    /// Name of the Secret, in the connector's namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key that holds the Passcode.
    #[serde(default = "passcode_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = SECRET_KEY))]
    pub key: String,
}

/// Two keys of a Secret in the same namespace: a Mixpanel service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountSecretRef {
    /// Name of the Secret, in the connector's namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key that holds the service account's user name.
    #[serde(default = "username_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = SECRET_KEY))]
    pub username_key: String,
    /// Key that holds the service account's secret.
    #[serde(default = "secret_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = SECRET_KEY))]
    pub secret_key: String,
}

/// The Mixpanel side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MixpanelSpec {
    /// Mixpanel project id.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub project_id: i64,
    /// Mixpanel workspace id, for projects with data views.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub workspace_id: Option<i64>,
    /// Where the project lives: US, EU or IN.
    #[serde(default)]
    pub region: Region,
    /// The Secret keys that hold a service account with the role Analyst or higher.
    pub service_account_secret_ref: ServiceAccountSecretRef,
    /// Our share of the project's hourly query budget (60 in most projects); 48 where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub queries_per_hour: Option<i32>,
    /// Count every page of a read as a query (pessimistic); false where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_every_page: Option<bool>,
    /// Page size to ask for; not sent where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 100, max = 100_000))]
    pub page_size: Option<i32>,
    /// What page 0's total must agree with: Exact (default), the distinct members read, or
    /// PageCount, the pages read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_check: Option<TotalCheck>,
    /// Treat ids that begin with `$device:` as anonymous; true where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_device_ids: Option<bool>,
}

/// Concurrency at CleverTap, below what an account permits (15 and 3).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Profile uploads in flight; 12 where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 15))]
    pub concurrent_uploads: Option<i32>,
    /// Custom List calls in flight; 2 where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3))]
    pub concurrent_lists: Option<i32>,
}

/// Other base URLs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// Base URL in place of Mixpanel's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 2048), regex(pattern = "^https?://"))]
    pub mixpanel: Option<String>,
    /// Base URL in place of CleverTap's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 2048), regex(pattern = "^https?://"))]
    pub clevertap: Option<String>,
}

/// What the controller last saw of a connector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CleverTapConnectorStatus {
    /// The generation that this status speaks of; -1 before the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Stalled, Reconciling (both only while True), Ready, Connected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// When both vendors' credentials were last tried, or counted as checked by an export's call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_check_time: Option<Time>,
    /// Checks that could not be finished in a row; decides the back-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_failures: Option<i32>,
    /// The Secrets' resourceVersions at the last check: one changed since makes a check due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_secrets: Option<ObservedSecrets>,
}

/// resourceVersions of the two Secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedSecrets {
    /// resourceVersion of the Secret with the Passcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passcode: Option<String>,
    /// resourceVersion of the Secret with the service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
}

fn passcode_key() -> String {
    "passcode".to_owned()
}

fn username_key() -> String {
    "username".to_owned()
}

fn secret_key() -> String {
    "secret".to_owned()
}
