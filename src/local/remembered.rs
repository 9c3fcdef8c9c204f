//! What the state remembers of an object.

use std::ops::Deref;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::secrets::hex;
use super::session::Session;
use crate::export::FingerprintKey;
use crate::state::{LocalKey, LocalRecord, State, StateError};

/// Which object it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
    /// Of an object in a cluster.
    pub uid: Option<String>,
}

impl Id {
    fn key(&self) -> LocalKey<'_> {
        LocalKey {
            kind: self.kind,
            namespace: &self.namespace,
            name: &self.name,
        }
    }

    /// The object's own, or what stands in its place for one of a file: the same each time.
    pub fn uid(&self) -> String {
        let made = || format!("{} {}/{}", self.kind, self.namespace, self.name);
        self.uid.clone().unwrap_or_else(made)
    }
}

/// `namespace/name`
impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What the state remembers of an object, as it is now.
pub struct Remembered<S> {
    record: LocalRecord<S>,
    /// The state holds another one.
    changed: bool,
}

impl<S> Remembered<S> {
    /// What an object in a cluster says itself.
    pub fn of(metadata: &ObjectMeta, status: Option<S>) -> Self
    where
        S: Default,
    {
        let created = metadata.creation_timestamp.as_ref();
        let record = LocalRecord {
            generation: metadata.generation.unwrap_or_default(),
            spec: String::new(),
            created: created.map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            status: status.unwrap_or_default(),
        };
        Self {
            record,
            changed: false,
        }
    }
}

impl<S: Serialize + PartialEq> Remembered<S> {
    /// Remembers this status, unless the state does already.
    ///
    /// # Errors
    /// The state can't be written.
    pub async fn keep(&mut self, id: &Id, state: &State, status: S) -> Result<(), StateError> {
        self.changed |= self.record.status != status;
        self.record.status = status;
        if self.changed {
            state.keep_local(id.key(), &self.record).await?;
            self.changed = false;
        }
        Ok(())
    }
}

impl<S> Deref for Remembered<S> {
    type Target = LocalRecord<S>;

    fn deref(&self) -> &Self::Target {
        &self.record
    }
}

/// What the state remembers; a changed spec is a new generation.
///
/// # Errors
/// The state can't be read.
pub async fn remembered<S: DeserializeOwned + Default>(
    session: &Session,
    id: &Id,
    spec: &impl Serialize,
    now: Timestamp,
) -> Result<Remembered<S>, StateError> {
    let spec = fingerprint(&session.key, spec);
    let Some(record) = session.state.local::<S>(id.key()).await? else {
        return Ok(Remembered {
            record: LocalRecord {
                generation: 1,
                spec,
                created: now,
                status: S::default(),
            },
            changed: true,
        });
    };
    let changed = record.spec != spec;
    Ok(Remembered {
        record: LocalRecord {
            generation: record.generation.saturating_add(changed.into()),
            spec,
            ..record
        },
        changed,
    })
}

fn fingerprint(key: &FingerprintKey, spec: &impl Serialize) -> String {
    let json = serde_json::to_string(spec).expect("a spec serializes");
    hex(&key.fingerprint(&json))
}
