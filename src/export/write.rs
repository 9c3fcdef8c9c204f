//! The second half of a run: what changes something.

use std::io;

use bytes::Bytes;
use jiff::Timestamp;

use super::before::unusable;
use super::compare::Comparison;
use super::list::Upload;
use super::profiles::{self, Rejected};
use super::roster::Roster;
use super::run::Run;
use super::snapshot::{Header, Snapshot};
use super::spool::Spool;
use super::{Done, RunError, Warning, WarningReason, keep};
use crate::api::{ExistingSegment, SyncType};
use crate::clevertap::{Accepted, csv};
use crate::domain::{Counts, identity_fingerprint};
use crate::state::MarkedList;

impl Run<'_> {
    /// New profiles, then the list, then the snapshot; nothing of it where the list stays as it
    /// is, or there is no room for the snapshot.
    pub(super) async fn write(
        &self,
        mut roster: Roster,
        comparison: Comparison,
    ) -> Result<Done, RunError> {
        let refresh = self.request.export.refresh_interval;
        let refresh = refresh.map(|interval| interval.unsigned_abs());
        comparison.count(&mut roster.counts);
        if comparison.same && !self.before.upload_due(refresh, Timestamp::now()) {
            return Ok(self.done(self.known_id(), roster.counts, Vec::new()));
        }
        let as_if_done = self.header(self.known_id(), &roster.counts, Timestamp::now());
        let snapshot = Snapshot::new(as_if_done, comparison.entries.clone());
        let sending = self.send(roster, comparison);
        keep::with_room(self.tools.state, self.list, &snapshot, sending).await
    }

    async fn send(&self, mut roster: Roster, mut comparison: Comparison) -> Result<Done, RunError> {
        let (export, snapshot) = (&self.request.export, self.before.snapshot.as_ref());
        let mut warnings = self.warnings(&roster);
        let rejected = Rejected::of(snapshot, self.request.shape, Timestamp::now());
        if export.create_profiles {
            let Roster {
                members, counts, ..
            } = &mut roster;
            let sent = profiles::create(
                self.tools.clevertap,
                members.iter(),
                &mut comparison.entries,
                &export.profile_properties,
                rejected,
                &self.watch,
                counts,
            );
            warnings.extend(sent.await?);
        }
        let csv = csv(roster.members.keys().map(String::as_str));
        let accepted = self.upload(csv.clone(), roster.counts.exported).await?;
        roster.counts.uploaded = true;
        let segment_id = accepted.segment_id.or(self.known_id());
        let header = self.header(segment_id.clone(), &roster.counts, rejected.sent);
        let spool = Spool::of(self.tools.scratch, self.list, &self.request.run_id);
        if header.confirm_due && export.sync_type == SyncType::OneTime {
            warnings.extend(kept(spool.keep(csv).await));
        } else {
            spool.forget_list().await;
        }
        self.keep(&Snapshot::new(header, comparison.entries))
            .await?;
        Ok(self.done(segment_id, roster.counts, warnings))
    }

    /// What the snapshot of a list that was accepted now says.
    fn header(
        &self,
        segment_id: Option<String>,
        counts: &Counts,
        rejected_sent: Timestamp,
    ) -> Header {
        let request = self.request;
        Header {
            destination: self.list.clone(),
            segment_id,
            cohort_id: self.cohort.0,
            cohort_name: self.cohort.1.clone(),
            identity: identity_fingerprint(&request.connector, &request.export),
            shape: request.shape.to_string(),
            key_id: self.tools.key.id(),
            run_id: request.run_id.clone(),
            counts: counts.clone(),
            uploaded: Timestamp::now(),
            rejected_sent,
            confirm_due: counts.profiles_created > 0,
        }
    }

    fn known_id(&self) -> Option<String> {
        let snapshot = self.before.snapshot.as_ref()?;
        snapshot.header.segment_id.clone()
    }

    fn done(&self, segment_id: Option<String>, counts: Counts, warnings: Vec<Warning>) -> Done {
        Done {
            cohort: self.cohort.clone(),
            segment: (self.list.segment.clone(), segment_id),
            counts,
            warnings,
            resumed: false,
        }
    }

    /// Replaces the list; at a first sync, if the spec asks for it, only where there is none. The
    /// mark is put right before it takes effect.
    async fn upload(&self, csv: Bytes, count: u64) -> Result<Accepted, RunError> {
        let (tools, request) = (self.tools, self.request);
        let refuse = request.export.existing_segment == ExistingSegment::Refuse
            && request.first
            && !self.before.known();
        let upload = Upload::new(self.list, self.cohort.0, &request.connector, csv);
        let ready = upload.stage(tools, &self.watch).await?;
        self.watch.leads().await?;
        let marked = tools
            .state
            .mark_unconfirmed(self.list, &request.run_id, self.marked(count))
            .await;
        marked.map_err(unusable)?;
        if refuse {
            ready.create(tools, &self.watch).await
        } else {
            ready.replace(tools, &self.watch).await
        }
    }

    /// What the mark says that the list may hold: as many as this run sends, or as another one did
    /// whose mark it replaces.
    fn marked(&self, count: u64) -> MarkedList {
        let now = MarkedList {
            count,
            cohort_id: self.cohort.0,
            identity: identity_fingerprint(&self.request.connector, &self.request.export),
        };
        let before = self.before.mark.as_ref().and_then(|mark| mark.list);
        let same = |m: &MarkedList| (m.cohort_id, m.identity) == (now.cohort_id, now.identity);
        let before = before.filter(same).map_or(0, |mark| mark.count);
        MarkedList {
            count: count.max(before),
            ..now
        }
    }

    /// The snapshot first: a mark that stays costs an upload, a snapshot that lies costs the
    /// segment.
    async fn keep(&self, snapshot: &Snapshot) -> Result<(), RunError> {
        let state = self.tools.state;
        keep::keep(state, self.list, snapshot, &self.watch).await?;
        state.confirm(self.list).await.map_err(unusable)
    }

    fn warnings(&self, roster: &Roster) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.before.damaged {
            warnings.push(Warning {
                reason: WarningReason::SnapshotDamaged,
                message: "The snapshot of this list was damaged, so the whole list was sent."
                    .to_owned(),
            });
        }
        if roster.counts.members > 0 && !roster.any_property {
            let message = "No member of the cohort has any of the properties that the export \
                           needs: Mixpanel hides classified properties from service accounts \
                           without that right.";
            warnings.push(Warning {
                reason: WarningReason::PropertiesHidden,
                message: message.to_owned(),
            });
        }
        warnings
    }
}

fn kept(result: io::Result<()>) -> Option<Warning> {
    let error = result.err()?;
    Some(Warning {
        reason: WarningReason::NoConfirmation,
        message: format!(
            "The list can't be kept for its confirming upload ({}): members whose profiles were \
             just created may be missing until it is exported again.",
            error.kind()
        ),
    })
}
