//! The objects of the files, joined with what the state remembers of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::manifests::Objects;
use super::remembered::{Id, Remembered, remembered};
use super::secrets::Secrets;
use super::session::{LocalError, Session};
use crate::api::{
    CleverTapConnector, CleverTapConnectorStatus, CohortExport, CohortExportStatus, RELEASE_HOLD,
    REQUESTED_AT,
};
use crate::domain::outcome::lint;
use crate::domain::{ConnectorPlan, ExportPlan, Failure, Reason, Shape, schedule, validate};
use crate::export::Credentials;
use crate::state::{State, StateError};

/// Everything that a pass looks at.
pub struct World {
    pub connectors: BTreeMap<(String, String), Connector>,
    pub exports: Vec<Export>,
}

/// A connector.
pub struct Connector {
    pub id: Id,
    pub plan: Result<ConnectorPlan, Failure>,
    pub credentials: Result<Credentials, Failure>,
    pub record: Remembered<CleverTapConnectorStatus>,
}

/// An export.
pub struct Export {
    pub id: Id,
    pub object: CohortExport,
    pub ready: Result<Ready, Failure>,
    pub record: Remembered<CohortExportStatus>,
}

/// An export that its specs permit to run.
#[derive(Clone)]
pub struct Ready {
    pub connector: ConnectorPlan,
    pub plan: ExportPlan,
    pub shape: Shape,
    /// Exports of the same group can share a read.
    pub group: String,
    /// By its own spec, or its connector's.
    pub suspended: bool,
}

impl World {
    /// Joins them as of `now`.
    ///
    /// # Errors
    /// The state can't be read, an object stands there twice, or secrets can't be told apart.
    pub async fn load(
        objects: &Objects,
        session: &Session,
        now: Timestamp,
    ) -> Result<Self, LocalError> {
        let of =
            |object: &CleverTapConnector| object.metadata.namespace.clone().unwrap_or_default();
        let namespaces: Vec<_> = objects.connectors.iter().map(of).collect();
        let specs = objects.connectors.iter().map(|object| &object.spec);
        let specs = namespaces.iter().map(String::as_str).zip(specs);
        let secrets = Secrets::new(&objects.secrets, &session.key, specs)?;
        let mut connectors = BTreeMap::new();
        for object in &objects.connectors {
            let id = id("CleverTapConnector", &object.metadata);
            let plan = validate::connector(&object.spec, &session.rules);
            let connector = Connector {
                credentials: secrets.of(&id.namespace, &object.spec),
                plan: plan.map_err(|problems| invalid(&problems)),
                record: remembered(session, &id, &object.spec, now).await?,
                id: id.clone(),
            };
            connectors.insert((id.namespace.clone(), id.name.clone()), connector);
        }
        let mut exports: Vec<Export> = Vec::new();
        for object in &objects.exports {
            let id = id("CohortExport", &object.metadata);
            exports.push(Export {
                ready: ready(object, &id, &connectors, "isn't in the files", session),
                record: remembered(session, &id, &object.spec, now).await?,
                object: object.clone(),
                id,
            });
        }
        Ok(Self {
            connectors,
            exports,
        })
    }

    /// The connector of an export.
    pub fn connector(&self, export: &Export) -> Option<&Connector> {
        let name = export.object.spec.connector_ref.name.clone();
        self.connectors.get(&(export.id.namespace.clone(), name))
    }
}

impl Export {
    fn annotation(&self, name: &str) -> Option<&str> {
        let annotations = self.object.metadata.annotations.as_ref()?;
        annotations.get(name).map(String::as_str)
    }

    /// The token that asks for a run.
    pub fn token(&self) -> Option<&str> {
        self.annotation(REQUESTED_AT)
            .filter(|token| validate::is_token(token))
    }

    /// The hold that may pass.
    pub fn release(&self) -> Option<&str> {
        self.annotation(RELEASE_HOLD)
    }

    /// Remembers what the state holds of it now.
    ///
    /// # Errors
    /// The state can't be written.
    pub async fn keep(
        &mut self,
        state: &State,
        status: CohortExportStatus,
    ) -> Result<(), StateError> {
        debug_assert_eq!(lint::export(&status, Some(self.record.generation)), [""; 0]);
        self.record.keep(&self.id, state, status).await
    }
}

impl Connector {
    /// Remembers what the state holds of it now.
    ///
    /// # Errors
    /// The state can't be written.
    pub async fn keep(
        &mut self,
        state: &State,
        status: CleverTapConnectorStatus,
    ) -> Result<(), StateError> {
        debug_assert_eq!(
            lint::connector(&status, Some(self.record.generation)),
            [""; 0]
        );
        self.record.keep(&self.id, state, status).await
    }
}

/// The object's name. Its uid too, should a file hold one, is of another world.
pub(super) fn id(kind: &'static str, metadata: &ObjectMeta) -> Id {
    Id {
        kind,
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: None,
    }
}

/// What an export's specs say; `absent` of a connector that isn't among these.
pub(super) fn ready(
    object: &CohortExport,
    id: &Id,
    connectors: &BTreeMap<(String, String), Connector>,
    absent: &str,
    session: &Session,
) -> Result<Ready, Failure> {
    let name = &object.spec.connector_ref.name;
    let not_ready = |what: &str| {
        let message = format!("CleverTapConnector {name} {}.", what.trim_end_matches('.'));
        Failure::new(Reason::ConnectorNotReady, message)
    };
    let connector = connectors.get(&(id.namespace.clone(), name.clone()));
    let connector = connector.ok_or_else(|| not_ready(absent))?;
    let plan = connector.plan.as_ref();
    let connector =
        plan.map_err(|failure| not_ready(&format!("can't be used: {}", failure.message)))?;
    let plan = validate::export(&object.spec, connector.exclude_device_ids, &session.rules)
        .map_err(|problems| invalid(&problems))?;
    Ok(Ready {
        shape: Shape::of(connector, &plan),
        group: schedule::group(&id.namespace, name, &plan.cohort),
        suspended: plan.suspended || connector.suspended,
        connector: connector.clone(),
        plan,
    })
}

pub(super) fn invalid(problems: &[validate::Problem]) -> Failure {
    Failure::new(Reason::InvalidSpec, validate::sentence(problems))
}
