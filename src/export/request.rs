//! What is to be exported, and what its caller remembers of earlier runs.

use jiff::Timestamp;

use crate::api::{CohortExportStatus, CurrentRun};
use crate::domain::schedule::Why;
use crate::domain::segment::fixed_default;
use crate::domain::{ConnectorPlan, ExportPlan, Shape};

/// It holds an address of a person: no `Debug`.
#[derive(Clone)]
pub struct Request {
    /// The same when a run is resumed after a crash.
    pub run_id: String,
    pub shape: Shape,
    pub connector: ConnectorPlan,
    pub export: ExportPlan,
    /// Id and name of the cohort that this spec's selector was resolved to before.
    pub known_cohort: Option<(i64, String)>,
    /// The default segment name that this shape was given at its first sync.
    pub known_segment: Option<String>,
    /// Identities in the list of the last run with the same basis: what a loss is judged by where
    /// there is no snapshot.
    pub previous_exported: Option<u64>,
    /// A person released the hold of this export.
    pub release: Option<Release>,
    /// Other exports of the connector use the same cohort.
    pub shared: Option<Shared>,
    /// The caller knows of no earlier sync to this list: `existingSegment` applies if the state knows of none
    /// either.
    pub first: bool,
}

/// A read that serves several exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Whose reads serve, as [`reader`](super::reader) says.
    pub reader: String,
    /// What all of them ask for.
    pub properties: Vec<String>,
    /// When this export's run became due: an older read won't do.
    pub since: Timestamp,
}

/// A released hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The loss that was held, in identities: a greater one is held again.
    pub removed: u64,
}

impl Request {
    /// The request of this run, by what status says of earlier ones. `released` is the annotation
    /// `mixtap.dev/release-hold`.
    pub fn of(
        run_id: &str,
        connector: &ConnectorPlan,
        export: &ExportPlan,
        status: &CohortExportStatus,
        released: Option<&str>,
    ) -> Self {
        let shape = Shape::of(connector, export);
        let last = status.last_run.as_ref();
        let last_shape = last.and_then(|r| Shape::of_run(&r.id));
        let same_basis = last_shape.is_some_and(|s| s.basis == shape.basis);
        let held = status.held.as_ref();
        Self {
            run_id: run_id.to_owned(),
            shape,
            connector: connector.clone(),
            export: export.clone(),
            known_cohort: status
                .cohort
                .as_ref()
                .filter(|_| same_basis)
                .map(|c| (c.id, c.name.clone())),
            known_segment: fixed_default(&export.cohort, Some(shape), status),
            previous_exported: last
                .filter(|_| same_basis)
                .and_then(|r| u64::try_from(r.exported).ok()),
            shared: None,
            release: held
                .filter(|h| released == Some(&h.id))
                // A hold of another shape says nothing of this one.
                .filter(|h| Shape::of_run(&h.id) == Some(shape))
                .and_then(|h| u64::try_from(h.removed).ok())
                .map(|removed| Release { removed }),
            // A list of another account or name may be somebody else's.
            first: !same_basis,
        }
    }
}

/// The run whose list a confirming upload sends; `None` for any other run.
pub fn confirming<'a>(run: &CurrentRun, status: &'a CohortExportStatus) -> Option<&'a str> {
    let last = status.last_run.as_ref().map(|last| last.id.as_str());
    (run.reason == Why::Confirming.as_str()).then(|| last.unwrap_or_default())
}
