//! An export's row.

use jiff::Timestamp;

use super::{State, Step, Words};
use crate::api::REQUESTED_AT;
use crate::api::conditions::{READY, SYNCED, Status, find};
use crate::api::{
    self, CohortExport, CohortExportSpec, CohortExportStatus, DurationString, SyncType,
};
use crate::domain::Reason;
use crate::domain::validate::DEFAULT_INTERVAL;
use crate::state::ExportKey;

/// The last run that ended well. Counts are of identities in the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LastSync {
    /// Rows that Mixpanel gave.
    pub read: i64,
    /// In the list.
    pub members: i64,
    pub added: i64,
    pub removed: i64,
}

/// A run that a guard holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hold {
    /// What releases it.
    pub id: String,
    pub since: Timestamp,
    /// Identities in the list before.
    pub previous: i64,
    /// Identities that were read.
    pub members: i64,
    /// Identities that the segment would lose.
    pub removed: i64,
}

/// A `CohortExport`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Export {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    /// In the same namespace.
    pub connector: String,
    /// By name if it is known, else by id.
    pub cohort: String,
    pub cohort_id: Option<i64>,
    /// That was written, or else is to be; `None` until the first sync where the spec names none.
    pub segment: Option<String>,
    /// As CleverTap answered it.
    pub segment_id: Option<String>,
    /// What the spec names by now, where that is another one; until the next sync members and times are
    /// of the one before.
    pub next_segment: Option<String>,
    /// `None` where the object can't be decoded.
    pub sync_type: Option<SyncType>,
    /// Of a dynamic one: how often it is asked for.
    pub interval: Option<String>,
    /// Where the query budget permits fewer runs than asked for.
    pub effective_interval: Option<String>,
    pub state: State,
    pub words: Words,
    /// The run under way. Status names it also where it was left behind, so it isn't asked.
    pub running: Option<Step>,
    pub last: Option<LastSync>,
    pub last_sync: Option<Timestamp>,
    pub next_sync: Option<Timestamp>,
    pub hold: Option<Hold>,
    /// Runs that failed since the last one that succeeded.
    pub failures: i32,
    /// `spec.suspend` of the export itself, not of its connector.
    pub suspended_itself: bool,
    /// The run whose end was told last, whatever came of it.
    pub last_ended: Option<String>,
    /// Sizes of the list, the oldest first.
    pub trend: Vec<u64>,
}

impl Export {
    /// What the object says of itself; its trend and its run aren't known by it.
    pub fn of(object: &CohortExport) -> Self {
        let spec = &object.spec;
        let none = CohortExportStatus::default();
        let status = object.status.as_ref().unwrap_or(&none);
        let ready = find(&status.conditions, READY).or(find(&status.conditions, SYNCED));
        let itself = spec.suspend == Some(true);
        let last = status.last_run.as_ref();
        let failed = status.last_failure.as_ref();
        let (named, written) = (spec.segment_name.as_ref(), status.segment.as_ref());
        Self {
            namespace: object.metadata.namespace.clone().unwrap_or_default(),
            name: object.metadata.name.clone().unwrap_or_default(),
            uid: object.metadata.uid.clone().unwrap_or_default(),
            connector: spec.connector_ref.name.clone(),
            cohort: object.cohort_name(),
            cohort_id: spec.cohort.id.or_else(|| {
                let known = status.cohort.as_ref();
                let known = known.filter(|known| spec.cohort.name.as_ref() == Some(&known.name));
                known.map(|known| known.id)
            }),
            segment: written.map(|segment| &segment.name).or(named).cloned(),
            segment_id: written.and_then(|segment| segment.id.clone()),
            next_segment: named
                .filter(|named| written.is_some_and(|segment| segment.name != **named))
                .cloned(),
            sync_type: Some(spec.sync_type),
            interval: (spec.sync_type == SyncType::Dynamic).then(|| interval(spec)),
            effective_interval: status.effective_interval.clone(),
            state: match ready {
                _ if itself => State::Suspended,
                // Nothing is left to do, so its connector is none of its business.
                Some(ready)
                    if ready.reason == Reason::ConnectorNotReady.as_str()
                        && is_done(object, status) =>
                {
                    State::Completed
                }
                Some(ready) => State::of(Status::of(ready), &ready.reason, spec.sync_type),
                None => State::Waiting,
            },
            words: ready.map_or_else(Words::new_object, |c| Words {
                reason: c.reason.clone(),
                message: c.message.clone(),
            }),
            running: None,
            last: last.map(|run| LastSync {
                read: run.members,
                members: run.exported,
                added: run.added,
                removed: run.removed,
            }),
            last_sync: status.last_sync_time.as_ref().map(|time| time.0),
            next_sync: status.next_sync_time.as_ref().map(|time| time.0),
            failures: status.consecutive_failures.unwrap_or_default(),
            suspended_itself: itself,
            last_ended: failed
                .map(|f| &f.run_id)
                .or(last.map(|run| &run.id))
                .cloned(),
            hold: status.held.as_ref().map(hold),
            trend: Vec::new(),
        }
    }

    /// An object that this release can't decode.
    pub fn unreadable(namespace: String, name: String, uid: String) -> Self {
        Self {
            cohort: name.clone(),
            namespace,
            name,
            uid,
            connector: String::new(),
            cohort_id: None,
            segment: None,
            segment_id: None,
            next_segment: None,
            sync_type: None,
            interval: None,
            effective_interval: None,
            state: State::Failing,
            words: Words::unreadable(),
            running: None,
            last: None,
            last_sync: None,
            next_sync: None,
            hold: None,
            failures: 0,
            suspended_itself: false,
            last_ended: None,
            trend: Vec::new(),
        }
    }

    /// Whether this state is among those that it is in: one that is Synced may be exporting too.
    pub fn is(&self, state: State) -> bool {
        self.state == state || state == State::Exporting && self.running.is_some()
    }

    /// The reason, if this release knows it.
    pub fn reason(&self) -> Option<Reason> {
        Reason::parse(&self.words.reason)
    }
}

/// A one-time export as it was asked for, and nothing was asked for since.
fn is_done(object: &CohortExport, status: &CohortExportStatus) -> bool {
    let spec = &object.spec;
    let synced = find(&status.conditions, SYNCED).map(Status::of);
    let (cohort, segment) = (status.cohort.as_ref(), status.segment.as_ref());
    let named = spec.segment_name.as_ref();
    let annotations = object.metadata.annotations.as_ref();
    let asked = annotations.and_then(|annotations| annotations.get(REQUESTED_AT));
    spec.sync_type == SyncType::OneTime
        && synced == Some(Status::True)
        && status.last_failure.is_none()
        && cohort.is_some_and(|cohort| match &spec.cohort.name {
            Some(name) => *name == cohort.name,
            None => spec.cohort.id == Some(cohort.id),
        })
        && named.is_none_or(|named| segment.is_some_and(|segment| segment.name == *named))
        && asked.is_none_or(|asked| Some(asked) == status.last_handled_request.as_ref())
}

fn interval(spec: &CohortExportSpec) -> String {
    let asked = spec.interval.clone();
    asked
        .unwrap_or_else(|| DurationString::about(DEFAULT_INTERVAL.as_secs().unsigned_abs()))
        .0
}

fn hold(held: &api::Held) -> Hold {
    Hold {
        id: held.id.clone(),
        since: held.since.0,
        previous: held.previous,
        members: held.members,
        removed: held.removed,
    }
}

impl From<&Export> for ExportKey {
    fn from(export: &Export) -> Self {
        Self {
            namespace: export.namespace.clone(),
            name: export.name.clone(),
            uid: export.uid.clone(),
        }
    }
}
