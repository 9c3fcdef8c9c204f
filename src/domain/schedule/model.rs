//! For tests: one export in simulated time, looked at and run the way the controller does it. Every
//! status that it is given goes through the linter.

use jiff::{SignedDuration, Timestamp};

use super::{Due, Input, Why, confirmation, due, retry_at, seconds, slot_from};
use crate::api::{
    CohortExportStatus, CohortStatus, CurrentRun, ExistingSegment, Held, IdentityFallback, LastRun,
    OnEmpty, SegmentStatus, SyncType,
};
use crate::domain::outcome::export::{Finished, Write, next_shown};
use crate::domain::outcome::lint;
use crate::domain::{CohortRef, ExportPlan, Failure, IdentityRule, Reason, Shape};

pub const UID: &str = "6d5a7a6e-0000-4000-8000-000000000001";
pub const GROUP: &str = "shop/main/id 7";
pub const MIN_INTERVAL: i64 = 60;
pub const CONFIRM_DELAY: i64 = 900;

/// How a run ends.
#[derive(Clone, Debug)]
pub enum End {
    /// With this many profiles created.
    Done(i64),
    Failed(Reason, Option<u64>),
    /// With this loss, out of 100.
    Held(Reason, i64),
    Stopped,
    /// The controller ends.
    Crash,
}

pub struct Export {
    pub plan: ExportPlan,
    pub shape: Shape,
    pub status: CohortExportStatus,
    pub generation: i64,
    pub token: Option<String>,
    pub release: Option<String>,
    pub now: Timestamp,
    /// How often its budget lets it run, where that is less than it asks for.
    pub cycle: Option<SignedDuration>,
}

pub fn shape(number: u32) -> Shape {
    Shape {
        basis: number,
        whole: number,
    }
}

pub fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

impl Export {
    /// A new one, at this second of 2026.
    pub fn new(sync_type: SyncType, interval: i64, second: i64) -> Self {
        let plan = ExportPlan {
            cohort: CohortRef::Id(7),
            sync_type,
            interval: secs(interval),
            segment_name: None,
            existing_segment: ExistingSegment::Replace,
            identity: IdentityRule {
                property: "$CleverTap_user_id".into(),
                fallback: IdentityFallback::DistinctId,
                exclude_device_ids: true,
            },
            profile_properties: Vec::new(),
            create_profiles: true,
            on_empty: OnEmpty::Hold,
            max_shrink_percent: 50,
            refresh_interval: None,
            suspended: false,
        };
        Self {
            plan,
            shape: shape(1),
            status: CohortExportStatus {
                observed_generation: Some(-1),
                ..CohortExportStatus::default()
            },
            generation: 1,
            token: None,
            release: None,
            now: Timestamp::from_second(1_767_225_600 + second).unwrap(),
            cycle: None,
        }
    }

    pub fn due(&self) -> Due {
        let input = Input {
            uid: UID,
            group: GROUP,
            generation: self.generation,
            plan: &self.plan,
            shape: self.shape,
            status: &self.status,
            token: self.token.as_deref(),
            release: self.release.as_deref(),
            min_interval: secs(MIN_INTERVAL),
            confirm_delay: secs(CONFIRM_DELAY),
        };
        due(&input, self.now)
    }

    pub fn why(&self) -> Option<Why> {
        match self.due() {
            Due::Now { why, .. } => Some(why),
            _ => None,
        }
    }

    /// Seconds until it is due; `None` is never.
    pub fn wait(&self) -> Option<i64> {
        match self.due() {
            Due::Now { .. } => Some(0),
            Due::At(when) => Some(when.duration_since(self.now).as_secs()),
            Due::Never => None,
        }
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now += secs(seconds);
    }

    /// Writes what one of the outcome functions makes.
    pub fn put(&mut self, status: impl FnOnce(&Write<'_>) -> CohortExportStatus) {
        let write = Write {
            old: &self.status,
            generation: self.generation,
            now: self.now,
        };
        let status = status(&write);
        let found = lint::export(&status, Some(self.generation));
        assert!(found.is_empty(), "{found:?} in {status:#?}");
        self.status = status;
    }

    /// A look that runs nothing.
    pub fn settle(&mut self) {
        let sync_type = self.plan.sync_type;
        match self.due() {
            Due::Now { why, .. } => panic!("due: {why:?}"),
            Due::At(when) => match self.status.current_run.clone() {
                Some(run) => self.put(|w| w.interrupted(run.attempt, when)),
                None => self.put(|w| w.settled(sync_type, Some(next_shown(w.old, when)))),
            },
            Due::Never => self.put(|w| w.settled(sync_type, None)),
        }
    }

    /// Claims what is due now.
    pub fn claim(&mut self) -> CurrentRun {
        let Due::Now { why, key } = self.due() else {
            panic!("not due: {:?} at {}", self.due(), self.now)
        };
        let resumed = self
            .status
            .current_run
            .clone()
            .filter(|_| why == Why::Resumed);
        let new = CurrentRun {
            id: self.shape.run_id(UID, &key),
            attempt: 0,
            started_time: seconds(self.now),
            reason: why.as_str().to_owned(),
            generation: self.generation,
            request: self.token.clone(),
        };
        let run = resumed.unwrap_or(new);
        let run = CurrentRun {
            attempt: run.attempt + 1,
            started_time: seconds(self.now),
            generation: self.generation,
            ..run
        };
        let first = matches!(why, Why::First | Why::NewShape);
        self.put(|w| w.claimed(run.clone(), first));
        run
    }

    /// Ends a claimed run at the time that it is now.
    pub fn end(&mut self, run: &CurrentRun, end: &End) {
        let interval = self.plan.interval;
        // A clock is hardly ever at a whole second.
        let now = self.now + SignedDuration::from_nanos(1);
        let slot = slot_from(
            (run.started_time.0 + interval / 2).max(now),
            interval,
            GROUP,
        );
        let failures = self.status.consecutive_failures.unwrap_or(0) + 1;
        let confirming = run.reason == Why::Confirming.as_str();
        match end {
            End::Crash => {}
            End::Stopped => self.put(|w| w.stopped(run)),
            End::Failed(reason, asked) => {
                let asked = asked.map(std::time::Duration::from_secs);
                let next = retry_at(*reason, failures, asked, slot, self.now);
                let failure = Failure::new(*reason, "What to do.");
                let cycle = self.stretched();
                self.put(|w| w.stretched(w.failed(run, &failure, failures, next), cycle));
            }
            End::Held(..) | End::Done(_) if confirming => self.finish(run, 0, None),
            End::Held(reason, removed) => {
                let hold = Held {
                    id: run.id.clone(),
                    since: seconds(self.now),
                    previous: 100,
                    members: 100 - removed,
                    removed: *removed,
                };
                let cycle = self.stretched();
                self.put(|w| w.stretched(w.held(run, *reason, hold, slot), cycle));
            }
            End::Done(created) => self.finish(run, *created, Some(slot)),
        }
    }

    fn finish(&mut self, run: &CurrentRun, created: i64, slot: Option<Timestamp>) {
        let last = last_run(run, created, self.now);
        let sync_type = self.plan.sync_type;
        let after = CohortExportStatus {
            last_run: Some(last.clone()),
            ..CohortExportStatus::default()
        };
        let next = match sync_type {
            SyncType::Dynamic => slot,
            SyncType::OneTime => confirmation(&after, secs(CONFIRM_DELAY)),
        };
        let end = Finished {
            run: last,
            cohort: CohortStatus {
                id: 7,
                name: "Buyers".into(),
            },
            segment: SegmentStatus {
                name: "Mixpanel - Buyers".into(),
                id: Some("1234567890".into()),
            },
            request: run.request.clone(),
        };
        let cycle = self.stretched();
        self.put(|w| w.stretched(w.finished(end, sync_type, next), cycle));
    }

    fn stretched(&self) -> Option<SignedDuration> {
        let dynamic = self.plan.sync_type == SyncType::Dynamic;
        self.cycle
            .filter(|cycle| dynamic && *cycle > self.plan.interval)
    }

    /// Runs what is due now, for this long.
    pub fn run(&mut self, end: &End, seconds: i64) -> CurrentRun {
        let run = self.claim();
        self.pass(seconds);
        self.end(&run, end);
        run
    }
}

/// A run of this many new profiles, and counts that add up.
pub fn last_run(run: &CurrentRun, created: i64, finished: Timestamp) -> LastRun {
    LastRun {
        id: run.id.clone(),
        reason: run.reason.clone(),
        started_time: run.started_time.clone(),
        finished_time: seconds(finished),
        generation: run.generation,
        members: 1210,
        exported: 1204,
        added: 4,
        removed: 1,
        unchanged: 1200,
        skipped_anonymous: 3,
        skipped_no_identity: 2,
        duplicates: 1,
        profiles_created: created,
        profiles_rejected: 0,
        profiles_pending: 0,
        rejected_codes: Default::default(),
        uploaded: true,
    }
}
