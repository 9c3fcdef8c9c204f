//! How often an export really runs, where its project's query budget permits less than it asks for.

use jiff::{SignedDuration, Timestamp};

use super::Write;
use crate::api::conditions::{self, INTERVAL_STRETCHED, Status};
use crate::api::{CohortExportStatus, DurationString, SyncType};
use crate::domain::failure::Reason;
use crate::domain::schedule::seconds;

impl Write<'_> {
    /// Says in a status that closes a run that the budget permits one each `cycle`, or takes that
    /// back. It is told rounded up, for a cycle moves a little with each export.
    pub fn stretched(
        &self,
        mut status: CohortExportStatus,
        cycle: Option<SignedDuration>,
    ) -> CohortExportStatus {
        let Some(cycle) = cycle else {
            unstretched(&mut status);
            return status;
        };
        let effective = DurationString::about(cycle.as_secs().unsigned_abs()).0;
        let message = format!(
            "The query budget of the Mixpanel project permits a run every {effective}: raise \
             spec.mixpanel.queriesPerHour of its connectors, lengthen spec.interval, or remove \
             exports of this project."
        );
        conditions::set(
            &mut status.conditions,
            INTERVAL_STRETCHED,
            Status::True,
            Reason::QueryBudget.as_str(),
            &message,
            status.observed_generation.unwrap_or(self.generation),
            seconds(self.now),
        );
        status.effective_interval = Some(effective);
        status.next_sync_time = status
            .next_sync_time
            .take()
            .map(|slot| seconds(next_shown(&status, slot.0)));
        status
    }
}

/// The export doesn't wait for the budget.
pub(super) fn unstretched(status: &mut CohortExportStatus) {
    conditions::remove(&mut status.conditions, INTERVAL_STRETCHED);
    status.effective_interval = None;
}

/// When the next run can be expected that is due at this slot. A failed run's next try is shown as
/// it is: the schedule reads it there.
pub fn next_shown(status: &CohortExportStatus, slot: Timestamp) -> Timestamp {
    let turn = || {
        let effective = DurationString(status.effective_interval.clone()?).parse()?;
        let last = status.last_attempt_time.as_ref()?.0;
        let succeeded = status.last_failure.is_none();
        succeeded.then(|| last.saturating_add(effective).unwrap_or(last))
    };
    turn().map_or(slot, |turn| turn.max(slot))
}

/// The interval at which an export runs, as far as status tells: none for a one-time one.
pub fn effective_interval(
    status: &CohortExportStatus,
    sync_type: SyncType,
    asked: SignedDuration,
) -> Option<SignedDuration> {
    let effective = || DurationString(status.effective_interval.clone()?).parse();
    (sync_type == SyncType::Dynamic).then(|| effective().unwrap_or(asked))
}
