//! The calls that the stand-ins know, by the short names under which they are counted and faulted.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Whose API a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    Mixpanel,
    Clevertap,
}

/// One call of a vendor's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `POST /api/query/engage`, page 0: a counted query.
    Engage,
    /// The same path with `page` above 0: free of the query budget.
    EngagePage,
    /// `POST /api/query/engage/stats`.
    EngageStats,
    /// `POST /api/query/cohorts/list`.
    CohortsList,
    /// `GET /api/app/projects/{project}/cohorts/{cohort}`.
    AppCohort,
    /// `POST /get_custom_list_segment_url`.
    ListUrl,
    /// `PUT` of the file to the presigned URL.
    ListPut,
    /// `POST /upload_custom_list_segment_completed`.
    ListComplete,
    /// `POST /1/upload`.
    Upload,
    /// `GET /1/profile.json`.
    Profile,
}

/// Calls that share one concurrency limit at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Mixpanel's Query API: 5 in flight a project \[doc\].
    Query,
    /// Mixpanel's App API: its limit is unpublished.
    App,
    /// CleverTap's two Custom List calls: 3 in flight an account \[doc\].
    List,
    /// The storage behind the presigned URL: no limit.
    Storage,
    /// CleverTap's profile upload: 15 in flight an account \[doc\].
    Upload,
    /// CleverTap's profile look-up: 3 in flight an account \[doc\].
    Profile,
}

impl Call {
    /// Whose call this is.
    pub fn vendor(self) -> Vendor {
        match self.group() {
            Group::Query | Group::App => Vendor::Mixpanel,
            Group::List | Group::Storage | Group::Upload | Group::Profile => Vendor::Clevertap,
        }
    }

    /// The limit that this call counts against.
    pub fn group(self) -> Group {
        match self {
            Call::Engage | Call::EngagePage | Call::EngageStats | Call::CohortsList => Group::Query,
            Call::AppCohort => Group::App,
            Call::ListUrl | Call::ListComplete => Group::List,
            Call::ListPut => Group::Storage,
            Call::Upload => Group::Upload,
            Call::Profile => Group::Profile,
        }
    }
}

/// One request as it is counted and matched. `scope` is the Mixpanel project id or the CleverTap
/// account id, empty where the request names none.
pub(super) struct Seen {
    pub call: Call,
    pub scope: String,
    pub page: Option<u64>,
    /// Empty where it is on disk.
    pub body: Bytes,
    pub bytes: u64,
}

impl Seen {
    pub fn new(call: Call, scope: impl Into<String>, body: &Bytes) -> Self {
        Seen {
            call,
            scope: scope.into(),
            page: None,
            bytes: body.len() as u64,
            body: body.clone(),
        }
    }
}
