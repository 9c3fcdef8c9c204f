//! The second half of a run: what changes something.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;

use super::before::unusable;
use super::draft::Draft;
use super::list::Upload;
use super::profiles;
use super::progress::Step;
use super::run::{Made, Run};
use super::scratch::Temp;
use super::shelf::Shelf;
use super::snapshot::Header;
use super::{Done, RunError, Warning, WarningReason, keep};
use crate::api::{ExistingSegment, SyncType};
use crate::clevertap::{Accepted, ListFile};
use crate::domain::{Counts, Failure, Reason, identity_fingerprint};
use crate::state::MarkedList;
use crate::telemetry::traces::{Instrument as _, phase};

impl Run<'_> {
    /// New profiles, then the list, then the snapshot; nothing of it where the list stays as it
    /// is, or there is no room for the snapshot.
    pub(super) async fn write(&self, made: Made) -> Result<Done, RunError> {
        if self.stays(&made) {
            let warnings = self.read_warnings(&made);
            return Ok(self.done(self.known_id(), made.counts, warnings));
        }
        let entries = made.draft.exported;
        keep::with_room(self.tools.state, self.list, entries, self.send(made)).await
    }

    /// Whether the list stays as it is: it holds this already, and needn't be sent once more.
    pub(super) fn stays(&self, made: &Made) -> bool {
        let refresh = self.request.export.refresh_interval;
        let refresh = refresh.map(|interval| interval.unsigned_abs());
        made.same && !self.before.upload_due(refresh, Timestamp::now())
    }

    async fn send(&self, made: Made) -> Result<Done, RunError> {
        let export = &self.request.export;
        let mut warnings = self.warnings(&made);
        let Made {
            mut draft,
            mut counts,
            rejected,
            ..
        } = made;
        if export.create_profiles {
            let wanted = &export.profile_properties;
            self.tools.progress.enter(Step::Profiles);
            let (tools, watch) = (self.tools, &self.watch);
            let sent = profiles::create(tools, &mut draft, wanted, watch, &mut counts);
            warnings.extend(sent.instrument(phase("write profiles")).await?);
        }
        self.tools.progress.enter(Step::List);
        let accepted = self.upload(&draft, counts.exported);
        let accepted = accepted.instrument(phase("write list")).await?;
        let shelf = Shelf::of(self.tools.scratch, self.list, &self.request.run_id);
        shelf.forget_list().await;
        counts.uploaded = true;
        let segment_id = accepted.segment_id.or(self.known_id());
        let header = self.header(segment_id.clone(), &counts, rejected.sent);
        let Draft { list, entries, .. } = draft;
        if header.confirm_due && export.sync_type == SyncType::OneTime {
            warnings.extend(kept(shelf.keep(list).await));
        }
        let kept = self.keep(header, entries);
        kept.instrument(phase("keep")).await?;
        if export.sync_type == SyncType::OneTime && counts.profiles_pending > 0 {
            // A dynamic export sends them at its next slot, but this one has none.
            let message = "CleverTap couldn't take some profiles for now, so their members may be \
                           missing from the segment; they are sent again.";
            return Err(Failure::new(Reason::DestinationUnavailable, message).into());
        }
        Ok(self.done(segment_id, counts, warnings))
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
    async fn upload(&self, draft: &Draft, count: u64) -> Result<Accepted, RunError> {
        let (tools, request) = (self.tools, self.request);
        let refuse = request.export.existing_segment == ExistingSegment::Refuse
            && request.first
            && !self.before.known();
        let file = ListFile {
            path: draft.list.path.clone(),
            bytes: draft.list.temp.len(),
        };
        let upload = Upload::new(self.list, self.cohort.0, &request.connector, &file);
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
    async fn keep(&self, header: Header, entries: Temp) -> Result<(), RunError> {
        keep::keep(
            self.tools,
            self.list,
            header,
            Arc::new(entries),
            &self.watch,
        )
        .await?;
        let confirmed = self.tools.state.confirm(self.list).await;
        confirmed.map_err(unusable)
    }

    pub(super) fn warnings(&self, made: &Made) -> Vec<Warning> {
        let mut warnings = self.read_warnings(made);
        if self.before.damaged {
            warnings.push(Warning {
                reason: WarningReason::SnapshotDamaged,
                message: "The snapshot of this list was damaged, so the whole list was sent."
                    .to_owned(),
            });
        }
        if made.counts.members > 0 && !made.any_property {
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

    /// What a person should know of the read, whether or not anything is written.
    fn read_warnings(&self, made: &Made) -> Vec<Warning> {
        let size = self.request.connector.page_size.unwrap_or_default();
        let refused = made.page_size_refused.then(|| Warning {
            reason: WarningReason::PageSizeRefused,
            message: format!(
                "Mixpanel refuses spec.mixpanel.pageSize {size} of the connector; its own page \
                 size is used from now on."
            ),
        });
        refused.into_iter().collect()
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
