//! How a project behaves: the JSON of the admin API.

use serde::{Deserialize, Serialize};

/// Where a project lives; each region has a base URL of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Region {
    #[default]
    #[serde(rename = "US")]
    Us,
    #[serde(rename = "EU")]
    Eu,
    #[serde(rename = "IN")]
    In,
}

/// What a service account may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Analyst,
    /// May not export: 403 \[doc\].
    Consumer,
}

/// A service account that the project is granted to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccount {
    pub username: String,
    pub secret: String,
    #[serde(default)]
    pub role: Role,
}

/// What engage answers for a cohort that isn't there: nobody has published which it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCohort {
    #[default]
    BadRequest,
    NotFound,
    Empty,
}

/// What pages after the first carry beside their rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaterPages {
    /// Neither `total` nor `page_size` nor `session_id` \[seen\].
    #[default]
    Bare,
    /// All of them.
    Full,
    /// All of them, but the last page's `session_id` is null \[own\].
    NullSessionAtEnd,
}

/// A project's behaviour.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectSettings {
    pub service_accounts: Vec<ServiceAccount>,
    pub region: Region,
    /// False: the plan has no Query API, 402.
    pub api_in_plan: bool,
    /// Status for wrong credentials: 401, or 400 as also seen.
    pub bad_credentials: u16,
    /// Status where another region is asked for the project.
    pub wrong_region: u16,
    /// Rows a page where the request names no `page_size`.
    pub page_size: usize,
    /// A larger `page_size` is cut to this.
    pub page_size_cap: usize,
    /// Counted queries a rolling window.
    pub query_limit: usize,
    /// The window in seconds.
    pub query_window: u64,
    /// Pages of a session count as well, should the live rule ever change.
    pub count_every_page: bool,
    /// Query API requests at once.
    pub concurrency: usize,
    pub unknown_cohort: UnknownCohort,
    pub later_pages: LaterPages,
    /// Pages show the membership of their moment instead of page 0's.
    pub live_sessions: bool,
    /// Seconds that a session lives.
    pub session_ttl: u64,
    /// Every answer comes so many milliseconds late; its place in the budget is held meanwhile.
    pub latency_ms: u64,
}

impl Default for ProjectSettings {
    fn default() -> Self {
        ProjectSettings {
            service_accounts: vec![],
            region: Region::Us,
            api_in_plan: true,
            bad_credentials: 401,
            wrong_region: 401,
            page_size: 1000,
            page_size_cap: 40_000,
            query_limit: 60,
            query_window: 3600,
            count_every_page: false,
            concurrency: 5,
            unknown_cohort: UnknownCohort::BadRequest,
            later_pages: LaterPages::Bare,
            live_sessions: false,
            session_ttl: 3600,
            latency_ms: 0,
        }
    }
}

impl ProjectSettings {
    /// The defaults with one service account.
    pub fn with_account(username: impl Into<String>, secret: impl Into<String>) -> Self {
        let (username, secret) = (username.into(), secret.into());
        let account = ServiceAccount {
            username,
            secret,
            role: Role::Analyst,
        };
        ProjectSettings {
            service_accounts: vec![account],
            ..ProjectSettings::default()
        }
    }
}
