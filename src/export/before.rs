//! What the state knows of a list before a run.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::codec::SnapshotError;
use super::scratch::Scratch;
use super::snapshot::Snapshot;
use super::{Done, Request, RunError};
use crate::api::SyncType;
use crate::domain::{Destination, Failure, Reason};
use crate::state::{Mark, State, StateError};

/// A list's past.
pub(super) struct Before {
    pub snapshot: Option<Arc<Snapshot>>,
    /// There is something in its place that can't be used.
    pub damaged: bool,
    /// The run that may have replaced the list without having kept its snapshot.
    pub mark: Option<Mark>,
}

impl Before {
    pub(super) async fn load(
        state: &State,
        list: &Destination,
        scratch: &Scratch,
    ) -> Result<Self, RunError> {
        let kept = match state.snapshot(list).await {
            Ok(None) => None,
            Ok(Some(object)) => Some(Snapshot::fetch(object, list, scratch).await?),
            Err(StateError::TooLarge(_)) => Some(Err(SnapshotError::Damaged)),
            Err(error) => return Err(unusable(error)),
        };
        let mark = state.unconfirmed(list).await.map_err(unusable)?;
        let (snapshot, damaged) = match kept {
            None => (None, false),
            Some(Ok(snapshot)) => (Some(Arc::new(snapshot)), false),
            Some(Err(SnapshotError::Damaged)) => (None, true),
            Some(Err(error @ SnapshotError::TooNew)) => return Err(too_new(error).into()),
        };
        Ok(Self {
            snapshot,
            damaged,
            mark,
        })
    }

    /// Whether the list was ever written by us, or may have been.
    pub(super) fn known(&self) -> bool {
        self.snapshot.is_some() || self.damaged || self.mark.is_some()
    }

    /// Whether even an unchanged list is uploaded: it may not be what the snapshot says, CleverTap
    /// may have processed it before it knew the new profiles, or it may have failed it without a
    /// word.
    pub(super) fn upload_due(&self, refresh: Option<Duration>, now: Timestamp) -> bool {
        let Some(snapshot) = &self.snapshot else {
            return true;
        };
        let header = &snapshot.header;
        self.mark.is_some()
            || header.confirm_due
            || refresh.is_some_and(|interval| older_than(header.uploaded, interval, now))
    }

    /// The result of this run, if it had got to its end before its caller could note it.
    pub(super) fn finished(&self, list: &Destination, request: &Request) -> Option<Done> {
        let header = &self.snapshot.as_ref()?.header;
        let run_id = &request.run_id;
        let others = self
            .mark
            .as_ref()
            .is_some_and(|mark| mark.run_id != *run_id);
        // No later slot would send what a one-time run left behind.
        let one_time = request.export.sync_type == SyncType::OneTime;
        let behind = one_time && header.counts.profiles_pending > 0;
        if header.run_id != *run_id || others || behind {
            return None;
        }
        Some(Done {
            cohort: (header.cohort_id, header.cohort_name.clone()),
            segment: (list.segment.clone(), header.segment_id.clone()),
            counts: header.counts.clone(),
            warnings: super::profiles::rejections(&header.counts)
                .into_iter()
                .collect(),
            resumed: true,
        })
    }
}

pub(super) fn too_new(error: SnapshotError) -> Failure {
    Failure::new(Reason::StateTooNew, error.to_string())
}

/// What a run without its state tells.
pub(super) fn unusable(error: StateError) -> RunError {
    RunError::Failed(error.failure())
}

/// Whether `time` is so long ago; a time as far in the future counts too, for it can't be right.
pub(super) fn older_than(time: Timestamp, interval: Duration, now: Timestamp) -> bool {
    now.duration_since(time).unsigned_abs() >= interval
}

#[cfg(test)]
mod tests {
    use super::super::fingerprint::FingerprintKey;
    use super::super::snapshot::Header;
    use super::super::snapshot::tests::{header_of, snapshot_of};
    use super::*;
    use crate::domain::Shape;

    const HOUR: Duration = Duration::from_secs(3600);

    fn before(confirm_due: bool) -> Before {
        let shape = Shape { basis: 1, whole: 2 };
        let header = Header {
            confirm_due,
            ..header_of(shape, &FingerprintKey::new([1; 32]))
        };
        Before {
            snapshot: Some(Arc::new(snapshot_of(header, vec![]).0)),
            damaged: false,
            mark: None,
        }
    }

    fn mark() -> Mark {
        Mark {
            run_id: "another run".into(),
            list: None,
        }
    }

    #[test]
    fn an_unchanged_list_is_uploaded_for_three_reasons_only() {
        let mut before = before(false);
        let uploaded = before.snapshot.as_ref().unwrap().header.uploaded;
        let later = |seconds| uploaded + Duration::from_secs(seconds);
        assert!(!before.upload_due(Some(HOUR), later(3599)));
        assert!(!before.upload_due(None, later(1 << 30)));
        assert!(before.upload_due(Some(HOUR), later(3600)));
        assert!(before.upload_due(Some(HOUR), uploaded - HOUR));
        before.mark = Some(mark());
        assert!(before.upload_due(None, uploaded));
        let confirming = self::before(true);
        assert!(confirming.upload_due(None, uploaded));
    }

    #[test]
    fn a_list_is_known_by_any_trace() {
        let mut before = before(false);
        assert!(before.known());
        before.snapshot = None;
        assert!(!before.known());
        before.damaged = true;
        assert!(before.known());
        before.damaged = false;
        before.mark = Some(mark());
        assert!(before.known());
    }
}
