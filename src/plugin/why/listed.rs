//! Whether an identity is in the list that CleverTap accepted last: asked of the leader by its
//! fingerprint, which only who has the key can make.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cluster::leader::path;
use crate::cluster::{Cluster, Error};
use crate::config::LeaderArgs;
use crate::page;

/// What is known of an identity.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Listed {
    Known {
        /// When CleverTap accepted the list.
        uploaded_time: Timestamp,
        /// Whether the identity is in it.
        listed: bool,
        /// What CleverTap made of the profile.
        #[serde(skip_serializing_if = "Option::is_none")]
        profile: Option<page::Profile>,
    },
    /// It can't be told.
    Unknown { because: &'static str },
}

#[derive(Deserialize)]
struct Answer {
    listed: Option<page::Listed>,
}

/// Of who has no identity to look up.
pub const NOBODY: Listed = Listed::Unknown {
    because: "lists hold identities, and this user has none now",
};

/// Asks the leader.
pub async fn ask(
    cluster: &Cluster,
    leader: &LeaderArgs,
    export: &str,
    identity: &str,
) -> Result<Listed, Error> {
    let key = cluster.key(&leader.controller_namespace).await?;
    let fingerprint = u128::from_be_bytes(key.fingerprint(identity));
    let fingerprint = format!("{fingerprint:032x}");
    let path = path(&[
        "exports",
        &cluster.namespace,
        export,
        "listed",
        &fingerprint,
    ]);
    let Answer { listed } = leader.get(cluster, &path).await?;
    let Some(found) = listed else {
        let because = "the controller knows of no list that CleverTap accepted";
        return Ok(Listed::Unknown { because });
    };
    if found.key_id != key.id() {
        return Err(Error::new(
            "the list was kept under another fingerprint key than the Secret holds now: this can be \
             told once its next run has ended",
        ));
    }
    Ok(Listed::Known {
        uploaded_time: found.uploaded_time,
        listed: found.profile.is_some(),
        profile: found.profile,
    })
}

impl Listed {
    /// In words.
    pub fn show(&self) -> String {
        let (profile, time) = match self {
            Self::Known {
                profile,
                uploaded_time,
                ..
            } => (profile, uploaded_time),
            Self::Unknown { because } => return format!("can't be told: {because}"),
        };
        let what = match profile {
            None => "no",
            Some(page::Profile::NotSent) => "yes; no profile was sent",
            Some(page::Profile::Accepted) => "yes; CleverTap accepted the profile",
            Some(page::Profile::Rejected) => "yes, but CleverTap rejected the profile",
        };
        format!("{what} (of {time})")
    }
}
