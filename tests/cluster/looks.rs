//! More ways to look at a world: kubectl, events, exact files, and a way to see that nothing
//! happens.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::ListParams;
use mixtap::api::{CleverTapConnector, CohortExport, CohortExportStatus, conditions};
use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::clevertap::{AccountSettings, Which};
use mixtap::sandbox::faults::{Action, Fault, FaultId, Moment};
use mixtap::sandbox::mixpanel::{CohortSpec, Generator, ProjectSettings, User};
use serde_json::{Value, json};

use crate::rows::sorted;
use crate::world::{ACCOUNT, PASSCODE, PROJECT, SECRET, USERNAME, World};

/// What kubectl said.
pub struct Said {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

impl World {
    /// Runs kubectl in this namespace.
    pub fn kubectl(&self, args: &[&str]) -> Said {
        self.kubectl_with(args, "")
    }

    /// The same with something on its standard input.
    pub fn kubectl_with(&self, args: &[&str], input: &str) -> Said {
        let mut command = Command::new("kubectl");
        command
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(["--namespace", &self.namespace])
            .args(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("kubectl");
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(input.as_bytes())
            .expect("kubectl reads");
        let output = child.wait_with_output().expect("kubectl ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            ok: output.status.success(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// A cohort of exactly these users.
    pub fn cohort_of(&self, id: u64, name: &str, users: Vec<User>) {
        let members = users.iter().map(|user| user.distinct_id.clone()).collect();
        let mixpanel = self.sandbox.mixpanel();
        mixpanel.put_users(PROJECT, users).expect("the project");
        let spec = CohortSpec {
            name: name.to_owned(),
            members,
            ..CohortSpec::default()
        };
        mixpanel.put_cohort(PROJECT, id, spec).expect("the project");
    }

    /// The file in force of a segment, byte for byte but sorted.
    pub fn file(&self, segment: &str) -> String {
        let bytes = self
            .sandbox
            .clevertap()
            .csv(ACCOUNT, segment, Which::Processed)
            .expect("a processed list");
        sorted(&bytes)
    }

    /// All calls so far: Mixpanel's, then CleverTap's.
    pub fn all_calls(&self) -> (u64, u64) {
        (
            self.calls_of(Vendor::Mixpanel),
            self.calls_of(Vendor::Clevertap),
        )
    }

    /// Every event about an object.
    pub async fn events(&self, object: &str) -> Vec<Event> {
        let events = self
            .api::<Event>()
            .list(&ListParams::default())
            .await
            .expect("events")
            .items;
        let about = |event: &Event| {
            event.regarding.as_ref().and_then(|r| r.name.as_deref()) == Some(object)
        };
        events.into_iter().filter(about).collect()
    }

    /// Waits until a connector's `Ready` has this reason.
    pub async fn until_connector_ready(&self, connector: &str, reason: &str) -> CleverTapConnector {
        let is = |object: &CleverTapConnector| {
            object.status.as_ref().is_some_and(|status| {
                let ready = conditions::find(&status.conditions, conditions::READY);
                status.observed_generation == object.metadata.generation
                    && ready.is_some_and(|c| c.reason == reason)
            })
        };
        self.until_connector(connector, &format!("Ready by {reason}"), is)
            .await
    }

    /// Waits until whatever was triggered so far would have shown: meanwhile the controller takes a
    /// bystander with an account and a project of its own through a whole export.
    pub async fn calm(&self) {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (project, account) = (
            7_000_000 + u64::from(number),
            format!("TEST-BYSTANDER-{number}"),
        );
        let mixpanel = self.sandbox.mixpanel();
        mixpanel.set_project(project, ProjectSettings::with_account(USERNAME, SECRET));
        mixpanel
            .put_cohort(
                project,
                1,
                CohortSpec {
                    name: "Bystander".to_owned(),
                    ..CohortSpec::default()
                },
            )
            .expect("the project");
        mixpanel
            .generate(project, 1, Generator::members(3))
            .expect("the cohort");
        self.sandbox
            .clevertap()
            .set_account(&account, AccountSettings::with_passcode(PASSCODE));
        let name = format!("bystander-{number}");
        self.put_secret(&name, PASSCODE, USERNAME, SECRET).await;
        let mut spec = self.connector_spec();
        merge(
            &mut spec,
            json!({
                "projectId": account,
                "passcodeSecretRef": { "name": name },
                "mixpanel": { "projectId": project, "serviceAccountSecretRef": { "name": name } },
            }),
        );
        self.create::<CleverTapConnector>(&name, spec).await;
        self.one_time(&name, 1, json!({ "connectorRef": { "name": name } }))
            .await;
        self.until_synced(&name, "True", "Completed").await;
    }

    /// Waits until an export's `Ready` says so of the object as it is, with no run under way.
    pub async fn until_ready(
        &self,
        export: &str,
        status: &str,
        reason: &str,
    ) -> CohortExportStatus {
        let is = |object: &CohortExport| {
            object.status.as_ref().is_some_and(|found| {
                found.observed_generation == object.metadata.generation
                    && found.current_run.is_none()
                    && says(&found.conditions, conditions::READY, status, reason)
            })
        };
        let what = format!("Ready={status} {reason}");
        self.until(export, &what, is)
            .await
            .status
            .unwrap_or_default()
    }

    /// Waits until a run by this token has ended.
    pub async fn until_handled(&self, export: &str, token: &str) -> CohortExportStatus {
        let is = |object: &CohortExport| {
            object.status.as_ref().is_some_and(|found| {
                found.last_handled_request.as_deref() == Some(token) && found.current_run.is_none()
            })
        };
        self.until(export, token, is)
            .await
            .status
            .unwrap_or_default()
    }

    /// Holds the first request of this call, before its work.
    pub fn hold_first(&self, call: Call) -> FaultId {
        let fault = Fault::new(Action::Hold {
            at: Moment::BeforeWork,
        });
        self.sandbox.faults().add(fault.call(call).nth(1))
    }

    /// How many members a segment has; 0 where there is none.
    pub fn size(&self, segment: &str) -> usize {
        self.segment(segment).unwrap_or_default().len()
    }

    /// Bodies of what is sent to CleverTap from now on are kept, for [`World::bodies`].
    pub fn keep_bodies(&self) {
        self.sandbox.requests().keep_bodies(ACCOUNT, true);
    }

    /// What was sent to CleverTap by this call, as JSON.
    pub fn bodies(&self, call: Call) -> Vec<Value> {
        let log = self.sandbox.requests().log(ACCOUNT);
        let bodies = log
            .into_iter()
            .filter(|r| r.call == call)
            .filter_map(|r| r.body);
        bodies
            .map(|body| serde_json::from_str(&body).expect("JSON"))
            .collect()
    }
}

/// Merges objects, as a JSON merge patch does.
pub fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

/// Whether a condition has this status and reason.
pub fn says(conditions: &[Condition], kind: &str, status: &str, reason: &str) -> bool {
    conditions::find(conditions, kind).is_some_and(|c| c.status == status && c.reason == reason)
}

/// A condition's message; empty without it.
pub fn message_of(conditions: &[Condition], kind: &str) -> String {
    conditions::find(conditions, kind)
        .map(|c| c.message.clone())
        .unwrap_or_default()
}
