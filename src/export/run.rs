//! One run, step by step.

use super::before::Before;
use super::compare::{Comparison, Now};
use super::gate::{Gate, Watch};
use super::roster::Roster;
use super::{Done, Request, RunError, Tools, cohort, refusal};
use crate::domain::guard::{self, Verdict, judge};
use crate::domain::segment::default_name;
use crate::domain::{Destination, Reason, identity_fingerprint};
use crate::mixpanel::{Error, Existence, Query};

/// Reads the cohort and makes the segment hold it, unless it does already. Safe to be repeated
/// after any end, a killed process included.
///
/// # Errors
/// The segment is then as it was, or as it should be; only after a lost answer of the last call it
/// isn't known which, and the next run uploads whatever it reads.
pub async fn run(tools: &Tools<'_>, request: &Request, gate: &Gate<'_>) -> Result<Done, RunError> {
    let (state, id) = (tools.state, &request.run_id);
    if let Some(name) = known_segment(request) {
        let list = request.connector.destination(name);
        let before = Before::load(state, &list).await?;
        if let Some(done) = before.finished(state, &list, id).await? {
            return Ok(done);
        }
    }
    let cohort = cohort::resolve(tools, request).await?;
    let list = destination(request, &cohort);
    (gate.resolved)(&list)?;
    let before = Before::load(state, &list).await?;
    if let Some(done) = before.finished(state, &list, id).await? {
        return Ok(done);
    }
    let run = Run {
        tools,
        request,
        cohort: &cohort,
        list: &list,
        before: &before,
        watch: Watch::new(gate, &list),
    };
    let roster = run.read().await?;
    let comparison = run.compare(&roster);
    run.guard(&roster, &comparison).await?;
    run.write(roster, comparison).await
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

/// A run whose cohort and list are known.
pub(super) struct Run<'a> {
    pub tools: &'a Tools<'a>,
    pub request: &'a Request,
    pub cohort: &'a (i64, String),
    pub list: &'a Destination,
    pub before: &'a Before,
    pub watch: Watch<'a>,
}

impl Run<'_> {
    async fn read(&self) -> Result<Roster, RunError> {
        let export = &self.request.export;
        let profile: &[String] = match export.create_profiles {
            true => &export.profile_properties,
            false => &[],
        };
        let query = Query {
            cohort: self.cohort.0,
            properties: Roster::properties(&export.identity, profile),
        };
        let gate = || self.watch.read();
        match self.tools.mixpanel.read(&query, &gate).await {
            Ok(members) => Ok(Roster::collect(
                members,
                &export.identity,
                export.create_profiles,
            )),
            Err(error) => Err(self.unread(error).await),
        }
    }

    /// What an error means depends on whether the cohort exists: nobody has published what an
    /// unknown one answers.
    async fn unread(&self, error: Error) -> RunError {
        let absent = match &error {
            Error::NotFound(_) | Error::Refused(_) => self.prove(false).await.err(),
            // Most of these have other causes, so only the proof that is free is asked for.
            Error::IncompleteRead(_) => match self.tools.mixpanel.cohort(self.cohort.0).await {
                Existence::Absent => Some(self.absent()),
                Existence::Found(_) | Existence::Unknown => None,
            },
            _ => None,
        };
        absent.unwrap_or_else(|| refusal::reading(error, self.watch.stop()))
    }

    fn compare(&self, roster: &Roster) -> Comparison {
        let request = self.request;
        let same_cohort = |known: &(i64, String)| known.0 == self.cohort.0;
        let now = Now {
            cohort_id: self.cohort.0,
            identity: identity_fingerprint(&request.connector, &request.export),
            shape: request.shape,
            remembered: request
                .previous_exported
                .filter(|_| request.known_cohort.as_ref().is_none_or(same_cohort)),
            marked: self.before.mark.as_ref().and_then(|mark| mark.list),
        };
        let snapshot = self.before.snapshot.as_ref();
        Comparison::of(roster.members.keys(), self.tools.key, snapshot, now)
    }

    /// Nothing goes on that would empty a segment by accident: first that the cohort still exists,
    /// then the policy.
    async fn guard(&self, roster: &Roster, comparison: &Comparison) -> Result<(), RunError> {
        let export = &self.request.export;
        let input = guard::Input {
            read: roster.counts.exported,
            previous: comparison.previous,
            on_empty: export.on_empty,
            max_shrink_percent: export.max_shrink_percent,
            released: self.request.release.map(|release| release.removed),
        };
        if roster.counts.members == 0 || guard::shrinks(&input) {
            self.prove(roster.counts.members > 0).await?;
        }
        let reason = match judge(&input) {
            Verdict::Pass => return Ok(()),
            Verdict::HeldEmpty => Reason::HeldEmpty,
            Verdict::HeldShrink => Reason::HeldShrink,
        };
        Err(RunError::Held {
            reason,
            previous: comparison.previous.map_or(0, |previous| previous.count),
            members: input.read,
            removed: comparison.previous.map_or(0, |previous| previous.removed),
            cohort: self.cohort.clone(),
        })
    }

    /// That the cohort exists; `rows` of it were read.
    async fn prove(&self, rows: bool) -> Result<(), RunError> {
        match self.tools.mixpanel.prove(self.cohort.0, rows).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(self.absent()),
            Err(error) => Err(refusal::proving(error)),
        }
    }

    fn absent(&self) -> RunError {
        cohort::absent(&self.request.export.cohort).into()
    }
}
