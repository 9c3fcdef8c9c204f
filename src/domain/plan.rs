//! Specs as checked values, with every default applied: what the rest of the house works with.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::api::{
    Datacenter, ExistingSegment, IdentityFallback, OnEmpty, Region, SyncType, TotalCheck,
};

/// The address of a person. Its `Debug` doesn't show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox(pub String);

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(..)")
    }
}

/// A `CleverTapConnector` that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectorPlan {
    /// What people call it.
    pub display_name: Option<String>,
    pub clevertap_project: String,
    pub datacenter: Datacenter,
    /// Base URL of CleverTap's API, without a trailing path.
    pub clevertap_base: Url,
    pub result_email: Mailbox,
    pub mixpanel_project: i64,
    pub mixpanel_workspace: Option<i64>,
    pub region: Region,
    /// Base URL of Mixpanel's API, without a trailing path.
    pub mixpanel_base: Url,
    pub queries_per_hour: u32,
    pub count_every_page: bool,
    pub page_size: Option<u32>,
    pub total_check: TotalCheck,
    pub exclude_device_ids: bool,
    pub concurrent_uploads: usize,
    pub concurrent_lists: usize,
    pub check_interval: SignedDuration,
    pub suspended: bool,
}

/// A cohort as the spec names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CohortRef {
    Id(i64),
    Name(String),
}

/// Which members go over, and by which identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdentityRule {
    /// Mixpanel profile property that holds the identity.
    pub property: String,
    pub fallback: IdentityFallback,
    /// Leave out distinct ids that begin with `$device:`.
    pub exclude_device_ids: bool,
}

/// A `CohortExport` that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportPlan {
    pub cohort: CohortRef,
    pub sync_type: SyncType,
    /// Of a one-time export: how often it is looked at again until it is Completed.
    pub interval: SignedDuration,
    /// `None`: the default, made of the resolved cohort's name.
    pub segment_name: Option<String>,
    pub existing_segment: ExistingSegment,
    pub identity: IdentityRule,
    pub profile_properties: Vec<String>,
    pub create_profiles: bool,
    pub on_empty: OnEmpty,
    /// 0..=100; 100 is off.
    pub max_shrink_percent: u32,
    /// `None` is off.
    pub refresh_interval: Option<SignedDuration>,
    pub suspended: bool,
}

impl ExportPlan {
    /// What a created profile carries.
    pub fn carried(&self) -> &[String] {
        match self.create_profiles {
            true => &self.profile_properties,
            false => &[],
        }
    }

    /// The properties that a read must bring: what a profile carries, and the identity.
    pub fn properties(&self) -> impl Iterator<Item = &String> {
        self.carried().iter().chain([&self.identity.property])
    }
}

/// One list at CleverTap: what a snapshot, a conflict and a record speak of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Destination {
    /// Host (and port, where it isn't the scheme's own) of CleverTap's API.
    pub host: String,
    pub project: String,
    pub segment: String,
}

impl ConnectorPlan {
    /// The list of this name in this account.
    pub fn destination(&self, segment: &str) -> Destination {
        let host = self.clevertap_base.host_str().unwrap_or_default();
        let host = match self.clevertap_base.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Destination {
            host,
            project: self.clevertap_project.clone(),
            segment: segment.to_owned(),
        }
    }
}
