//! A lane of a world: a Mixpanel project, a CleverTap account, a connector and an export of its own,
//! so that many faults play beside each other without meeting.

mod vendors;

use std::ops::RangeInclusive;
use std::sync::Arc;

use mixtap::api::{CohortExport, CohortExportStatus, conditions};
use mixtap::sandbox::Sandbox;
use mixtap::sandbox::clevertap::AccountSettings;
use mixtap::sandbox::mixpanel::{CohortChange, CohortSpec, DistinctId, Generator, ProjectSettings};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, PASSCODE, PROJECT, SECRET, USERNAME, World};

pub const COHORT: u64 = 4312;
pub const COHORT_NAME: &str = "Cart drop off";
pub const SEGMENT: &str = "Mixpanel - Cart drop off";
/// Rows a page: the cohort takes three.
const PAGE: usize = 10;
/// Members at first, and after [`Lane::change_members`]: three go, five come.
pub const FIRST: RangeInclusive<u64> = 1..=25;
pub const CHANGED: RangeInclusive<u64> = 4..=30;

/// Name of the Secret, the connector and the export alike.
pub struct Lane {
    pub world: Arc<World>,
    pub name: String,
    pub project: u64,
    pub account: String,
}

impl Lane {
    /// Lane `number` of its world, connected.
    pub async fn new(world: &Arc<World>, number: u64, name: &str) -> Self {
        let lane = Self {
            world: world.clone(),
            name: name.to_owned(),
            project: PROJECT + number,
            account: format!("{ACCOUNT}-{number}"),
        };
        let settings = ProjectSettings {
            page_size: PAGE,
            ..ProjectSettings::with_account(USERNAME, SECRET)
        };
        lane.sandbox()
            .mixpanel()
            .set_project(lane.project, settings);
        lane.sandbox()
            .clevertap()
            .set_account(&lane.account, AccountSettings::with_passcode(PASSCODE));
        world.put_secret(name, PASSCODE, USERNAME, SECRET).await;
        lane.connect().await;
        // Made since: the list of cohorts that the check has read doesn't know it.
        lane.put_cohort();
        lane
    }

    /// Makes the connector and waits until it is connected. No check of its own falls into a test.
    pub async fn connect(&self) {
        let mut spec = self.world.connector_spec();
        spec["projectId"] = json!(self.account);
        spec["mixpanel"]["projectId"] = json!(self.project);
        // Intervals of seconds are no matter of the budget.
        spec["mixpanel"]["queriesPerHour"] = json!(10_000);
        spec["checkInterval"] = json!("9999h");
        spec["passcodeSecretRef"]["name"] = json!(self.name);
        spec["mixpanel"]["serviceAccountSecretRef"]["name"] = json!(self.name);
        self.world
            .create::<mixtap::api::CleverTapConnector>(&self.name, spec)
            .await;
        self.world
            .until_connected(&self.name, "True", "Connected")
            .await;
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.world.sandbox
    }

    /// The cohort with its first members.
    pub fn put_cohort(&self) {
        let mixpanel = self.sandbox().mixpanel();
        let spec = CohortSpec {
            name: COHORT_NAME.to_owned(),
            ..CohortSpec::default()
        };
        mixpanel
            .put_cohort(self.project, COHORT, spec)
            .expect("the project");
        mixpanel
            .generate(self.project, COHORT, Generator::members(1000))
            .expect("the cohort");
        self.set_members(FIRST);
    }

    pub fn set_members(&self, numbers: RangeInclusive<u64>) {
        let set = numbers.map(|n| DistinctId::from(id(n))).collect();
        let change = CohortChange {
            set: Some(set),
            ..CohortChange::default()
        };
        self.sandbox()
            .mixpanel()
            .change_cohort(self.project, COHORT, change)
            .expect("the cohort");
    }

    /// An export of the cohort, with more spec fields merged in.
    pub async fn export(&self, sync_type: &str, more: Value) -> CohortExport {
        let mut spec = json!({ "connectorRef": { "name": self.name }, "cohort": { "id": COHORT }, "syncType": sync_type });
        if sync_type == "Dynamic" {
            // So long that no slot falls into a test.
            spec["interval"] = json!("9999h");
        }
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        self.world.create(&self.name, spec).await
    }

    /// A Dynamic export, once its first run has ended well.
    pub async fn first_run(&self, more: Value) {
        self.export("Dynamic", more).await;
        self.until("Synced", |status| {
            has(status, conditions::SYNCED, "True", "Synced")
        })
        .await;
        assert_eq!(self.list(), Some(list_of(FIRST)));
    }

    /// Merges into the spec of the export.
    pub async fn patch_spec(&self, spec: Value) {
        self.world
            .patch::<CohortExport>(&self.name, json!({ "spec": spec }))
            .await;
    }

    /// Asks for a run by this token.
    pub async fn ask(&self, token: &str) {
        self.world
            .annotate(&self.name, mixtap::api::REQUESTED_AT, token)
            .await;
    }

    /// Waits until the run by this token ended with this Ready.
    pub async fn until_handled(
        &self,
        token: &str,
        ready: &str,
        reason: &str,
    ) -> CohortExportStatus {
        let what = format!("Ready={ready} {reason} after {token}");
        let handled =
            |status: &CohortExportStatus| status.last_handled_request.as_deref() == Some(token);
        self.until(&what, |status| {
            handled(status) && is_ready(status, ready, reason)
        })
        .await
    }

    /// Waits until the run by this token ended with the changed members.
    pub async fn until_changed(&self, token: &str) {
        assert_changed(&self.until_handled(token, "True", "Synced").await);
    }

    /// Waits until a OneTime export is done.
    pub async fn until_completed(&self) -> CohortExportStatus {
        self.until("Completed", |status| {
            has(status, conditions::SYNCED, "True", "Completed")
        })
        .await
    }

    /// Waits until the latest generation failed for this reason.
    pub async fn until_failed(&self, reason: &str) -> CohortExportStatus {
        self.until(reason, |status| is_ready(status, "False", reason))
            .await
    }

    /// Waits until no run is under way and the status, about the latest generation, is as asked.
    pub async fn until(
        &self,
        what: &str,
        is: impl Fn(&CohortExportStatus) -> bool + Send + Sync,
    ) -> CohortExportStatus {
        let settled = |export: &CohortExport| {
            export.status.as_ref().is_some_and(|status| {
                status.observed_generation == export.metadata.generation
                    && status.current_run.is_none()
                    && is(status)
            })
        };
        self.world
            .until(&self.name, what, settled)
            .await
            .status
            .unwrap_or_default()
    }

    pub async fn status(&self) -> CohortExportStatus {
        self.world.status(&self.name).await
    }
}

fn id(number: u64) -> String {
    format!("u-{number:06}")
}

/// The list of these members.
pub fn list_of(numbers: RangeInclusive<u64>) -> String {
    numbers.fold("Type,Identity\n".to_owned(), |list, n| {
        format!("{list}i,{}\n", id(n))
    })
}

/// The counts tell of the whole change, however often it was tried.
pub fn assert_changed(status: &CohortExportStatus) {
    let run = status.last_run.as_ref().expect("a run");
    let counts = (
        run.members,
        run.exported,
        run.added,
        run.removed,
        run.unchanged,
    );
    assert_eq!(counts, (27, 27, 5, 3, 22));
    assert_eq!(
        (run.profiles_created, run.profiles_rejected, run.uploaded),
        (5, 0, true)
    );
    assert_eq!(status.cohort.as_ref().map(|c| c.id), Some(COHORT as i64));
    assert!(status.consecutive_failures.is_none() && status.held.is_none());
}

fn is_ready(status: &CohortExportStatus, value: &str, reason: &str) -> bool {
    has(status, conditions::READY, value, reason)
}

pub fn has(status: &CohortExportStatus, kind: &str, value: &str, reason: &str) -> bool {
    conditions::find(&status.conditions, kind)
        .is_some_and(|c| c.status == value && c.reason == reason)
}
