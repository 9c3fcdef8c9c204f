//! What is known before anything is read: which cohort, which list, and its past.

use super::before::Before;
use super::gate::{Gate, Watch};
use super::run::Run;
use super::{Done, Request, RunError, Tools, cohort};
use crate::domain::Destination;
use crate::domain::segment::default_name;

/// How far a run of this id is.
pub(super) enum Found {
    /// A run of this id had got to its end; whether its mark still stands.
    Finished {
        done: Done,
        list: Destination,
        marked: bool,
    },
    Open(Open),
}

/// A cohort, its list, and that list's past.
pub(super) struct Open {
    pub cohort: (i64, String),
    pub list: Destination,
    pub before: Before,
}

pub(super) async fn find(
    tools: &Tools<'_>,
    request: &Request,
    gate: &Gate<'_>,
) -> Result<Found, RunError> {
    let finished = |done, list: &Destination, before: &Before| Found::Finished {
        done,
        list: list.clone(),
        marked: before.mark.is_some(),
    };
    let mut known = None;
    if let Some(name) = known_segment(request) {
        let list = request.connector.destination(name);
        let before = Before::load(tools.state, &list, tools.scratch).await?;
        if let Some(done) = before.finished(&list, request) {
            return Ok(finished(done, &list, &before));
        }
        known = Some((list, before));
    }
    let cohort = cohort::resolve(tools, request).await?;
    let list = destination(request, &cohort);
    (gate.resolved)(&list)?;
    let before = match known {
        Some((of, before)) if of == list => before,
        _ => Before::load(tools.state, &list, tools.scratch).await?,
    };
    if let Some(done) = before.finished(&list, request) {
        return Ok(finished(done, &list, &before));
    }
    Ok(Found::Open(Open {
        cohort,
        list,
        before,
    }))
}

impl Open {
    pub fn run<'a>(
        &'a self,
        tools: &'a Tools<'a>,
        request: &'a Request,
        gate: &'a Gate<'a>,
    ) -> Run<'a> {
        Run {
            tools,
            request,
            cohort: &self.cohort,
            list: &self.list,
            before: &self.before,
            watch: Watch::new(gate, &self.list),
        }
    }
}

/// The segment's name, as far as it is known without a call.
fn known_segment(request: &Request) -> Option<&str> {
    let named = request.export.segment_name.as_deref();
    named.or(request.known_segment.as_deref())
}

/// The list that this cohort goes to.
pub(super) fn destination(request: &Request, (id, name): &(i64, String)) -> Destination {
    match known_segment(request) {
        Some(segment) => request.connector.destination(segment),
        None => request.connector.destination(&default_name(name, *id)),
    }
}
