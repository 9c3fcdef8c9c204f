//! What a pass from files remembers of its objects. On a cluster their status says it.

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{MAX_SMALL, State, StateError, digest};

const FOLDER: &str = "local";
const FORMAT: u32 = 1;

/// An object of a file: kind, namespace and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LocalKey<'a> {
    pub kind: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
}

/// What is remembered of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalRecord<S> {
    /// Counts the changes of its spec, from 1 on.
    pub generation: i64,
    /// Fingerprint of its spec, which tells nothing of it.
    pub spec: String,
    /// When it was first seen.
    pub created: Timestamp,
    pub status: S,
}

#[derive(Serialize)]
struct Written<'a, S> {
    format: u32,
    #[serde(flatten)]
    record: &'a LocalRecord<S>,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl State {
    /// What is remembered of an object. What is damaged counts as nothing.
    ///
    /// # Errors
    /// As every call, and [`StateError::TooNew`].
    pub async fn local<S: DeserializeOwned>(
        &self,
        key: LocalKey<'_>,
    ) -> Result<Option<LocalRecord<S>>, StateError> {
        let json = match self.store.get(&object(key), MAX_SMALL).await {
            Err(StateError::TooLarge(_)) => None,
            json => json?,
        };
        json.as_deref().map_or(Ok(None), decode)
    }

    /// Remembers it, in place of what was there.
    ///
    /// # Errors
    /// As every call.
    pub async fn keep_local<S: Serialize>(
        &self,
        key: LocalKey<'_>,
        record: &LocalRecord<S>,
    ) -> Result<(), StateError> {
        let written = Written {
            format: FORMAT,
            record,
        };
        let json = serde_json::to_vec(&written).expect("a status serializes");
        self.store
            .put(&object(key), Bytes::from(json), MAX_SMALL)
            .await
    }
}

fn object(key: LocalKey<'_>) -> String {
    format!("{FOLDER}/{}", digest("local", &key))
}

fn decode<S: DeserializeOwned>(json: &[u8]) -> Result<Option<LocalRecord<S>>, StateError> {
    match serde_json::from_slice::<Format>(json) {
        Ok(Format { format }) if format > FORMAT => Err(StateError::TooNew),
        Ok(_) => Ok(serde_json::from_slice(json).ok()),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::CohortExportStatus;

    #[tokio::test]
    async fn what_is_remembered_comes_back_for_its_object_only() {
        let state = State::open("memory:///", "").unwrap();
        let key = |name| LocalKey {
            kind: "CohortExport",
            namespace: "growth",
            name,
        };
        let record = LocalRecord {
            generation: 2,
            spec: "00ff".into(),
            created: "2026-01-01T00:00:00Z".parse().unwrap(),
            status: CohortExportStatus {
                last_handled_request: Some("again".into()),
                ..Default::default()
            },
        };
        state.keep_local(key("cart"), &record).await.unwrap();
        assert_eq!(state.local(key("cart")).await, Ok(Some(record)));
        let other = state.local::<CohortExportStatus>(key("power")).await;
        assert_eq!(other, Ok(None));
    }

    #[test]
    fn damage_counts_as_none_and_a_newer_format_is_told() {
        let decode = decode::<CohortExportStatus>;
        assert_eq!(decode(b"{\"format\":1}"), Ok(None));
        assert_eq!(decode(b"[]"), Ok(None));
        assert_eq!(decode(b"{\"format\":2}"), Err(StateError::TooNew));
    }
}
