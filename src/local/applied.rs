//! What is applied in a cluster, in the place of files: an object's own status is what is remembered
//! of it.

use std::collections::BTreeMap;

use super::session::Session;
use super::world::{Connector, Export, World, id, invalid, ready};
use crate::api::conditions::{self, READY};
use crate::api::{CleverTapConnector, CohortExport};
use crate::domain::{Failure, Reason, validate};
use crate::export::{Credentials, FingerprintKey};
use crate::local::remembered::{Id, Remembered};

/// Everything that was found there.
pub struct Applied {
    /// Each with its Secrets' values.
    pub connectors: Vec<(CleverTapConnector, Result<Credentials, Failure>)>,
    pub exports: Vec<CohortExport>,
}

/// What is known of the lists that were sent last.
pub enum LastLists {
    /// All: the state has them, by fingerprints of this key.
    Kept(FingerprintKey),
    /// How many identities they hold, by namespace and name of the export.
    Sizes(Sizes),
}

/// Of exports that have a last list.
pub type Sizes = BTreeMap<(String, String), u64>;

impl World {
    /// What is applied, as a pass looks at it.
    pub fn applied(applied: Applied, session: &Session) -> Self {
        let connectors = applied.connectors.into_iter().map(|(object, credentials)| {
            let id = Id {
                uid: object.metadata.uid.clone(),
                ..id("CleverTapConnector", &object.metadata)
            };
            let plan = validate::connector(&object.spec, &session.rules);
            let connector = Connector {
                plan: plan.map_err(|problems| invalid(&problems)),
                record: Remembered::of(&object.metadata, object.status),
                credentials,
                id: id.clone(),
            };
            ((id.namespace, id.name), connector)
        });
        let connectors = connectors.collect();
        let exports = applied.exports.into_iter().map(|object| {
            let id = Id {
                uid: object.metadata.uid.clone(),
                ..id("CohortExport", &object.metadata)
            };
            let ready = ready(&object, &id, &connectors, "isn't there", session);
            Export {
                ready: ready.and_then(|ready| conflict(&object).map_or(Ok(ready), Err)),
                record: Remembered::of(&object.metadata, object.status.clone()),
                object,
                id,
            }
        });
        Self {
            exports: exports.collect(),
            connectors,
        }
    }
}

/// What the controller found of this spec: it sees exports that a person may not.
fn conflict(object: &CohortExport) -> Option<Failure> {
    let conditions = &object.status.as_ref()?.conditions;
    let said = conditions::find(conditions, READY)?;
    let counts = said.reason == Reason::SegmentConflict.as_str()
        && said.observed_generation == object.metadata.generation;
    counts.then(|| Failure::new(Reason::SegmentConflict, &said.message))
}
