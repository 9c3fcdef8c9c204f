//! What is set and seen of an account from outside: the JSON of the admin API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a presigned URL's end is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// `"expiry":"7 May, 01:29 PM"` \[doc\].
    #[default]
    Text,
    /// `"expiryEpoch":{"$date":"2019-04-24T13:04:37.088Z"}` \[doc\].
    Epoch,
}

/// When an accepted list is processed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Processing {
    /// With the answer, which says nothing of the outcome; a list above 1 MiB soon after it.
    #[default]
    Immediate,
    /// When told to.
    OnDemand,
}

/// What `profile.json` answers for an unknown identity: unpublished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownProfile {
    #[default]
    Missing,
    Null,
    Empty,
    Fail,
}

/// An account's behaviour.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSettings {
    pub passcode: String,
    pub expiry: Expiry,
    /// Seconds that a presigned URL lives: 24 h at most \[doc\].
    pub url_lifetime: u64,
    pub processing: Processing,
    /// Every identity counts as known.
    pub knows_everyone: bool,
    /// So many list processings don't see a profile yet that was created before them.
    pub profile_lag: u64,
    pub unknown_profile: UnknownProfile,
    /// Custom List calls at once.
    pub list_concurrency: usize,
    /// Profile uploads at once.
    pub upload_concurrency: usize,
    /// Profile look-ups at once.
    pub profile_concurrency: usize,
    /// Every answer comes so many milliseconds late; its place in the limit is held meanwhile.
    pub latency_ms: u64,
    /// Of uploaded profiles only who exists is kept, in a few bytes each.
    pub forget_profiles: bool,
    /// One of so many identities, always the same ones, is refused with code 512; 0 = none.
    pub refuse_every: u64,
}

impl Default for AccountSettings {
    fn default() -> Self {
        AccountSettings {
            passcode: String::new(),
            expiry: Expiry::Text,
            url_lifetime: 24 * 3600,
            processing: Processing::Immediate,
            knows_everyone: false,
            profile_lag: 0,
            unknown_profile: UnknownProfile::Missing,
            list_concurrency: 3,
            upload_concurrency: 15,
            profile_concurrency: 3,
            latency_ms: 0,
            forget_profiles: false,
            refuse_every: 0,
        }
    }
}

impl AccountSettings {
    /// The defaults with this passcode.
    pub fn with_passcode(passcode: impl Into<String>) -> Self {
        AccountSettings {
            passcode: passcode.into(),
            ..AccountSettings::default()
        }
    }
}

/// A Custom List segment as the dashboard would show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentView {
    pub name: String,
    pub id: u64,
    /// What the Segments page shows as Type.
    pub kind: String,
    /// Known identities of the last list that was processed, in the file's order; none where only
    /// the counts were asked for.
    pub members: Vec<String>,
    /// Member counts of the latest processed lists, oldest first.
    pub history: Vec<usize>,
    /// Lists processed, and lists that failed.
    pub processed: u64,
    pub failed: u64,
}

/// The mail about a list's result. The text names no identity.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub to: String,
    pub segment: String,
    pub ok: bool,
    pub text: String,
}

/// An account, without the contents of its lists.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountView {
    pub segments: Vec<SegmentView>,
    pub mails: Vec<Mail>,
    /// Accepted lists that wait to be processed, or are.
    pub pending: usize,
    /// Without those of whom only the existence is kept.
    pub profiles: BTreeMap<String, Map<String, Value>>,
}

/// Which file of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The one in force.
    Processed,
    /// The latest one, processed or not.
    Uploaded,
}
