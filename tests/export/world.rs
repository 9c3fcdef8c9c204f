//! A project, an account and a state of a test's own, and runs between them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use mixtap::domain::{ConnectorPlan, Destination, ExportPlan, Shape, identity_fingerprint};
use mixtap::export::{
    Confirmed, Done, FingerprintKey, Gate, Request, RunError, Stop, confirm, run,
};
use mixtap::http::Http;
use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::clevertap::{AccountSettings, Which};
use mixtap::sandbox::faults::{Action, Fault, FaultId};
use mixtap::sandbox::mixpanel::{CohortChange, CohortSpec, DistinctId, ProjectSettings, User};
use mixtap::sandbox::{Sandbox, SandboxOptions};
use mixtap::state::{MarkedList, State};
use serde_json::json;

use crate::process::{Process, connector, plan};

pub const COHORT: u64 = 4311;
pub const SEGMENT: &str = "Mixpanel - Cart drop off";

/// One sandbox for all tests.
pub fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::start(SandboxOptions::default()).expect("free loopback ports"))
}

/// In memory, where there is such a disk: every run syncs several files.
fn disk() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// What outlives a process: both vendors and the disk.
pub struct World {
    pub project: u64,
    pub account: String,
    pub disk: tempfile::TempDir,
    pub key: FingerprintKey,
    pub connector: ConnectorPlan,
    pub plan: ExportPlan,
    /// Shared by all its processes; otherwise each has its own.
    pub http: Option<Http>,
    runs: AtomicU64,
}

impl World {
    /// The cohort "Cart drop off" with these members, each with an e-mail.
    pub fn new(members: &[&str]) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(5000);
        let project = LAST.fetch_add(1, Ordering::Relaxed);
        let account = format!("TEST-{project}");
        let settings = ProjectSettings::with_account("robot", "secret");
        sandbox().mixpanel().set_project(project, settings);
        let settings = AccountSettings::with_passcode("pass");
        sandbox().clevertap().set_account(&account, settings);
        let spec = CohortSpec {
            name: "Cart drop off".to_owned(),
            ..CohortSpec::default()
        };
        let mixpanel = sandbox().mixpanel();
        mixpanel.put_cohort(project, COHORT, spec).unwrap();
        let world = Self {
            connector: connector(project, &account),
            project,
            account,
            disk: disk(),
            key: FingerprintKey::new([7; 32]),
            plan: plan(),
            http: None,
            runs: AtomicU64::new(0),
        };
        world.members(members);
        world
    }

    /// From now on the cohort's members are these.
    pub fn members(&self, members: &[&str]) {
        let user = |id: &&str| User::new(*id, json!({"$email": "member@example.com"}));
        self.users(members.iter().map(user).collect());
    }

    /// From now on the cohort's members are these.
    pub fn users(&self, users: Vec<User>) {
        let ids: Vec<DistinctId> = users.iter().map(|user| user.distinct_id.clone()).collect();
        let change = CohortChange {
            set: Some(ids),
            ..CohortChange::default()
        };
        let mixpanel = sandbox().mixpanel();
        mixpanel.put_users(self.project, users).unwrap();
        mixpanel
            .change_cohort(self.project, COHORT, change)
            .unwrap();
    }

    pub fn shape(&self) -> Shape {
        Shape::of(&self.connector, &self.plan)
    }

    /// A run of its own, which knows nothing from before.
    pub fn request(&self) -> Request {
        let due = self.runs.fetch_add(1, Ordering::Relaxed).to_string();
        Request {
            run_id: self.shape().run_id("uid", &due),
            shape: self.shape(),
            connector: self.connector.clone(),
            export: self.plan.clone(),
            known_cohort: None,
            known_segment: None,
            previous_exported: None,
            release: None,
            shared: None,
            first: true,
        }
    }

    /// A later run: cohort and segment are known.
    pub fn later(&self) -> Request {
        Request {
            known_cohort: Some((COHORT as i64, "Cart drop off".to_owned())),
            known_segment: Some(SEGMENT.to_owned()),
            first: false,
            ..self.request()
        }
    }

    /// A run in a process of its own, to its end.
    pub async fn run(&self, request: &Request) -> Result<Done, RunError> {
        self.run_while(request, &|_| Ok(())).await
    }

    /// The same, as far as the gate permits its writes.
    pub async fn run_while(
        &self,
        request: &Request,
        write: &(dyn Fn(&Destination) -> Result<(), Stop> + Send + Sync),
    ) -> Result<Done, RunError> {
        let process = Process::start(self);
        let gate = Gate {
            resolved: &|_| Ok(()),
            write,
            read: &|| {},
        };
        run(&process.tools(self), request, &gate).await
    }

    /// The same, telling when its members are read.
    pub async fn run_telling(
        &self,
        request: &Request,
        read: &(dyn Fn() + Send + Sync),
    ) -> Result<Done, RunError> {
        let process = Process::start(self);
        let gate = Gate {
            resolved: &|_| Ok(()),
            write: &|_| Ok(()),
            read,
        };
        run(&process.tools(self), request, &gate).await
    }

    /// Runs at once in one process.
    pub async fn run_together(&self, requests: &[Request]) -> Vec<Result<Done, RunError>> {
        let process = Process::start(self);
        let tools = process.tools(self);
        let gate = Gate {
            resolved: &|_| Ok(()),
            write: &|_| Ok(()),
            read: &|| {},
        };
        let runs = requests.iter().map(|request| run(&tools, request, &gate));
        futures::future::join_all(runs).await
    }

    /// The confirming upload of this run, in a process of its own.
    pub async fn confirm(&self, of: &Request) -> Result<Confirmed, RunError> {
        let process = Process::start(self);
        let gate = Gate {
            resolved: &|_| Ok(()),
            write: &|_| Ok(()),
            read: &|| {},
        };
        confirm(&process.tools(self), &self.later(), &of.run_id, &gate).await
    }

    pub fn state(&self) -> State {
        let url = url::Url::from_directory_path(self.disk.path().join("state")).unwrap();
        State::open(url.as_str(), "test").unwrap()
    }

    pub fn list(&self) -> Destination {
        self.connector.destination(SEGMENT)
    }

    /// What a mark says of a list of so many.
    pub fn marked(&self, count: u64) -> MarkedList {
        MarkedList {
            count,
            cohort_id: COHORT as i64,
            identity: identity_fingerprint(&self.connector, &self.plan),
        }
    }

    /// The segment's members in force, sorted, by the file that made it.
    pub fn segment(&self) -> Vec<String> {
        let csv = sandbox()
            .clevertap()
            .csv(&self.account, SEGMENT, Which::Processed);
        let csv = String::from_utf8(csv.unwrap().to_vec()).unwrap();
        let rows = csv.strip_prefix("Type,Identity\n").unwrap().lines();
        let mut rows: Vec<_> = rows
            .map(|row| row.strip_prefix("i,").unwrap().to_owned())
            .collect();
        rows.sort_unstable();
        rows
    }

    /// How often CleverTap was called, by call.
    pub fn clevertap_calls(&self) -> u64 {
        sandbox()
            .requests()
            .summary(&self.account)
            .arrived
            .values()
            .sum()
    }

    /// How often this call came in.
    pub fn calls(&self, call: Call) -> u64 {
        sandbox().requests().count(self.scope(call), call)
    }

    /// Whose call this is: the project's or the account's.
    pub fn scope(&self, call: Call) -> String {
        match call.vendor() {
            Vendor::Mixpanel => self.project.to_string(),
            Vendor::Clevertap => self.account.clone(),
        }
    }

    /// One fault of this call, at its n-th request from now on.
    pub fn fault(&self, call: Call, nth: u64, action: Action) -> FaultId {
        let fault = Fault::new(action).call(call).nth(nth);
        sandbox().faults().add(fault.scope(self.scope(call)))
    }
}
