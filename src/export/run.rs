//! One run, step by step.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;

use super::before::{Before, unusable};
use super::compare::Now;
use super::draft::{Draft, Send};
use super::find::{Found, find};
use super::gate::{Gate, Watch};
use super::profiles::Rejected;
use super::progress::Step;
use super::read::ReadMembers;
use super::scratch::{self, blocking};
use super::spool::Spooled;
use super::{Done, Request, RunError, Tools};
use crate::domain::guard::{self, Previous, Verdict, judge};
use crate::domain::{Counts, Destination, Reason, identity_fingerprint};
use crate::telemetry::traces::{Instrument as _, phase};

/// Reads the cohort and makes the segment hold it, unless it does already. Safe to be repeated
/// after any end, a killed process included.
///
/// # Errors
/// The segment is then as it was, or as it should be; only after a lost answer of the last call it
/// isn't known which, and the next run uploads whatever it reads.
pub async fn run(tools: &Tools<'_>, request: &Request, gate: &Gate<'_>) -> Result<Done, RunError> {
    let found = match find(tools, request, gate).await? {
        Found::Finished { done, list, marked } => {
            if marked {
                let confirmed = tools.state.confirm(&list).await;
                confirmed.map_err(unusable)?;
            }
            return Ok(done);
        }
        Found::Open(found) => found,
    };
    let run = found.run(tools, request, gate);
    let made = run.make(gate).await?;
    run.guard(&made).await?;
    run.write(made).await
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

/// A new list, not sent yet, beside the previous one.
pub(super) struct Made {
    pub draft: Draft,
    pub counts: Counts,
    /// The list stays as it is.
    pub same: bool,
    pub rejected: Rejected,
    /// What a loss is judged by.
    pub previous: Option<Previous>,
    pub any_property: bool,
    pub page_size_refused: bool,
    /// Whether there is a last list that it could be compared with.
    pub compared: bool,
}

impl Run<'_> {
    /// Reads the cohort and makes its list. Nothing is sent.
    pub(super) async fn make(&self, gate: &Gate<'_>) -> Result<Made, RunError> {
        self.tools.progress.enter(Step::Read);
        let read = self.read().instrument(phase("read")).await?;
        (gate.read)();
        self.tools.progress.enter(Step::Compare);
        self.compare(read).instrument(phase("compare")).await
    }

    async fn compare(&self, read: ReadMembers) -> Result<Made, RunError> {
        let (request, before) = (self.request, self.before);
        let header = before.snapshot.as_ref().map(|snapshot| &snapshot.header);
        let rejected = Rejected::of(header, request.shape, Timestamp::now());
        let send = Send {
            new: request.export.create_profiles,
            rejected: request.export.create_profiles && rejected.due,
        };
        // Under another key the fingerprints say nothing.
        let key = self.tools.key.id();
        let comparable = before.snapshot.as_ref().filter(|s| s.header.key_id == key);
        let ReadMembers {
            spooled,
            page_size_refused,
        } = read;
        let (mut counts, any_property) = (counts(&spooled), spooled.any_property);
        let draft = blocking({
            let (comparable, scratch) = (comparable.map(Arc::clone), self.tools.scratch.clone());
            move || Draft::make(spooled, comparable.as_deref(), send, &scratch)
        });
        let draft = draft.await.map_err(|e| scratch::failed(&e))?;
        counts.exported = draft.exported;
        counts.duplicates = draft.duplicates;
        counts.added = draft.diff.added;
        counts.removed = draft.diff.removed;
        counts.unchanged = draft.diff.unchanged;
        let parts = [
            counts.exported,
            counts.skipped_anonymous,
            counts.skipped_no_identity,
            counts.duplicates,
        ];
        if counts.members != parts.iter().sum::<u64>() {
            // Rows and identities lie in files of their own: one of them was misread.
            return Err(scratch::failed(&io::ErrorKind::InvalidData.into()));
        }
        let now = self.now();
        let known = before.snapshot.as_ref().map(|s| (&s.header, s.count));
        let diff = comparable.map(|_| draft.diff);
        let same = comparable.is_some_and(|s| now.is_same(&s.header, draft.diff));
        Ok(Made {
            same: same && draft.unsettled == 0,
            previous: now.previous(draft.exported, known, diff),
            draft,
            counts,
            rejected,
            any_property,
            page_size_refused,
            compared: diff.is_some(),
        })
    }

    fn now(&self) -> Now {
        let request = self.request;
        let same_cohort = |known: &(i64, String)| known.0 == self.cohort.0;
        Now {
            cohort_id: self.cohort.0,
            identity: identity_fingerprint(&request.connector, &request.export),
            shape: request.shape,
            remembered: request
                .previous_exported
                .filter(|_| request.known_cohort.as_ref().is_none_or(same_cohort)),
            marked: self.before.mark.as_ref().and_then(|mark| mark.list),
        }
    }

    /// Nothing goes on that would empty a segment by accident: first that the cohort still exists,
    /// then the policy.
    pub(super) async fn guard(&self, made: &Made) -> Result<(), RunError> {
        let (export, counts) = (&self.request.export, &made.counts);
        let input = guard::Input {
            read: counts.exported,
            previous: made.previous,
            on_empty: export.on_empty,
            max_shrink_percent: export.max_shrink_percent,
            released: self.request.release.map(|release| release.removed),
        };
        if counts.members == 0 || guard::shrinks(&input) {
            self.prove(counts.members > 0).await?;
        }
        let reason = match judge(&input) {
            Verdict::Pass => return Ok(()),
            Verdict::HeldEmpty => Reason::HeldEmpty,
            Verdict::HeldShrink => Reason::HeldShrink,
        };
        Err(RunError::Held {
            reason,
            previous: made.previous.map_or(0, |previous| previous.count),
            members: input.read,
            removed: made.previous.map_or(0, |previous| previous.removed),
            cohort: self.cohort.clone(),
        })
    }
}

/// What a read alone decides.
fn counts(spooled: &Spooled) -> Counts {
    Counts {
        members: spooled.rows,
        skipped_anonymous: spooled.skipped_anonymous,
        skipped_no_identity: spooled.skipped_no_identity,
        ..Counts::default()
    }
}
