//! What the tests of lists, holds and state do again and again.

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, DeleteParams, ListParams};
use mixtap::api::{CohortExport, CohortExportStatus, LastRun, REQUESTED_AT, conditions};
use mixtap::sandbox::clevertap::{AccountSettings, Which};
use mixtap::sandbox::mixpanel::Generator;
use serde_json::{Value, json};

use crate::rows::sorted;
use crate::world::{ACCOUNT, PASSCODE, PATIENCE, PROJECT, World};

/// Another account of the same stand-in.
pub const OTHER_ACCOUNT: &str = "TEST-CAN-ARY-002Z";

impl World {
    /// A Dynamic export whose next slot is a year away: it runs when it is asked to.
    pub async fn on_demand(&self, name: &str, id: u64, more: Value) -> CohortExport {
        let mut spec = json!({ "interval": "9999h" });
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        self.dynamic(name, id, spec).await
    }

    /// Asks for a run and waits until one that handled this token has ended, however it did.
    pub async fn ask(&self, export: &str, token: &str) -> CohortExport {
        self.annotate(export, REQUESTED_AT, token).await;
        let what = format!("done with the token {token}");
        self.until(export, &what, |object| handled(object, token))
            .await
    }

    /// Sets who is in a cohort: `u-000001` is number 1.
    pub fn members(&self, cohort: u64, numbers: RangeInclusive<u64>) {
        let generator = Generator {
            start: *numbers.start(),
            count: numbers.end() + 1 - numbers.start(),
            ..Generator::default()
        };
        let mixpanel = self.sandbox.mixpanel();
        mixpanel
            .generate(PROJECT, cohort, generator)
            .expect("the cohort");
    }

    /// Empties a cohort.
    pub fn nobody(&self, cohort: u64) {
        let nobody = Generator::members(0);
        let mixpanel = self.sandbox.mixpanel();
        mixpanel
            .generate(PROJECT, cohort, nobody)
            .expect("the cohort");
    }

    /// The file that CleverTap processed last under this name, sorted.
    pub fn csv(&self, segment: &str) -> Option<String> {
        self.csv_in(ACCOUNT, segment)
    }

    pub fn csv_in(&self, account: &str, segment: &str) -> Option<String> {
        let clevertap = self.sandbox.clevertap();
        let file = clevertap.csv(account, segment, Which::Processed).ok()?;
        Some(sorted(&file))
    }

    /// How many members each processed list of this name had, oldest first.
    pub fn history(&self, segment: &str) -> Vec<usize> {
        let segment = self.sandbox.clevertap().segment(ACCOUNT, segment);
        segment.map_or_else(|_| Vec::new(), |segment| segment.history)
    }

    /// Makes the second account.
    pub fn other_account(&self) {
        let settings = AccountSettings::with_passcode(PASSCODE);
        self.sandbox
            .clevertap()
            .set_account(OTHER_ACCOUNT, settings);
    }

    /// Counts requests anew.
    pub fn reset_calls(&self) {
        let requests = self.sandbox.requests();
        requests.reset(PROJECT);
        requests.reset(ACCOUNT);
        requests.reset(OTHER_ACCOUNT);
    }

    /// Deletes an export; the server is done with it at once, for it has no finalizers.
    pub async fn delete_export(&self, name: &str) {
        let api = self.api::<CohortExport>();
        let deleted = api.delete(name, &DeleteParams::default()).await;
        deleted.expect("deleted");
        assert!(api.get_opt(name).await.expect("an answer").is_none());
    }

    /// Waits for an event of this reason about this object, and returns its text.
    pub async fn event(&self, about: &str, reason: &str) -> String {
        let api: Api<Event> = self.api();
        let found = async {
            loop {
                let events = api.list(&ListParams::default()).await.expect("events");
                let found = events.items.into_iter().find(|e| {
                    e.reason.as_deref() == Some(reason)
                        && e.involved_object.name.as_deref() == Some(about)
                });
                if let Some(event) = found {
                    return event.message.unwrap_or_default();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("no event {reason} about {about}"))
    }

    /// All files below a folder of this world, such as `state`.
    pub fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut folders = vec![self.dir.path().join(folder)];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    &mut folders
                } else {
                    &mut files
                }
                .push(path);
            }
        }
        files
    }
}

/// The list file of nobody.
pub const EMPTY: &str = "Type,Identity\n";

/// The list file of these members.
pub fn list(numbers: RangeInclusive<u64>) -> String {
    let lines = numbers.map(|n| format!("i,u-{n:06}\n"));
    format!("{EMPTY}{}", lines.collect::<String>())
}

/// Whether the run that handled this token has ended.
pub fn handled(object: &CohortExport, token: &str) -> bool {
    let status = object.status.as_ref();
    status.is_some_and(|s| {
        s.last_handled_request.as_deref() == Some(token) && s.current_run.is_none()
    })
}

/// The last run of an export that has one; its counts add up.
pub fn last_run(object: &CohortExport) -> LastRun {
    let run = status(object).last_run.expect("a run");
    let skipped = run.skipped_anonymous + run.skipped_no_identity + run.duplicates;
    assert_eq!(run.members, run.exported + skipped, "{run:?}");
    assert_eq!(run.exported, run.added + run.unchanged, "{run:?}");
    run
}

pub fn status(object: &CohortExport) -> CohortExportStatus {
    object.status.clone().expect("a status")
}

/// What `Synced` says: status, reason and message.
pub fn synced(object: &CohortExport) -> (String, String, String) {
    let status = status(object);
    let synced = conditions::find(&status.conditions, conditions::SYNCED).expect("Synced");
    (
        synced.status.clone(),
        synced.reason.clone(),
        synced.message.clone(),
    )
}

/// Status and reason of one condition, if it is there.
pub fn condition(object: &CohortExport, kind: &str) -> Option<(String, String)> {
    let status = status(object);
    let found = conditions::find(&status.conditions, kind)?;
    Some((found.status.clone(), found.reason.clone()))
}
