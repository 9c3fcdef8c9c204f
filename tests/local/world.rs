//! A project, an account, manifests and a state of a test's own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::clevertap::{AccountSettings, Which};
use mixtap::sandbox::faults::{Action, Fault, FaultId};
use mixtap::sandbox::mixpanel::{CohortChange, CohortSpec, DistinctId, ProjectSettings, User};
use mixtap::sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

pub const COHORT: u64 = 4311;
pub const SEGMENT: &str = "Mixpanel - Cart drop off";
pub const PASSCODE: &str = "canary-passcode";
pub const USERNAME: &str = "canary-robot";
pub const SECRET: &str = "canary-secret";

/// A manifest of ours that nobody can read; its second line is where it breaks.
pub const BROKEN: &str = "apiVersion: mixtap.dev/v1alpha1\nkind: [";

/// One sandbox for all tests.
pub fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::start(SandboxOptions::default()).expect("free loopback ports"))
}

/// What outlives a process: both vendors, the files and the state.
pub struct World {
    pub project: u64,
    pub account: String,
    pub dir: tempfile::TempDir,
    pub variables: BTreeMap<String, String>,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    /// The cohort "Cart drop off" with these members, each with an e-mail; a connector, its Secret and
    /// a dynamic export `cart` of that cohort.
    pub fn new(members: &[&str]) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(7000);
        let project = LAST.fetch_add(1, Ordering::Relaxed);
        let account = format!("TEST-{project}");
        let settings = ProjectSettings::with_account(USERNAME, SECRET);
        sandbox().mixpanel().set_project(project, settings);
        let settings = AccountSettings::with_passcode(PASSCODE);
        sandbox().clevertap().set_account(&account, settings);
        let world = Self {
            project,
            account,
            dir: tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap()),
            variables: BTreeMap::new(),
        };
        std::fs::create_dir(world.files()).unwrap();
        world.cohort(COHORT, "Cart drop off", members);
        world.write("secret", &secret());
        world.write("connector", &world.connector());
        world.export(
            "cart",
            json!({ "cohort": { "id": COHORT }, "syncType": "Dynamic" }),
        );
        world
    }

    /// From now on a cohort of this id and name has these members.
    pub fn cohort(&self, id: u64, name: &str, members: &[&str]) {
        let spec = CohortSpec {
            name: name.to_owned(),
            ..CohortSpec::default()
        };
        let mixpanel = sandbox().mixpanel();
        mixpanel.put_cohort(self.project, id, spec).unwrap();
        let user = |id: &&str| User::new(*id, json!({ "$email": format!("{id}@example.com") }));
        self.users(id, members.iter().map(user).collect());
    }

    /// From now on the cohort's members are these.
    pub fn users(&self, cohort: u64, users: Vec<User>) {
        let ids: Vec<DistinctId> = users.iter().map(|user| user.distinct_id.clone()).collect();
        let change = CohortChange {
            set: Some(ids),
            ..CohortChange::default()
        };
        let mixpanel = sandbox().mixpanel();
        mixpanel.put_users(self.project, users).unwrap();
        mixpanel
            .change_cohort(self.project, cohort, change)
            .unwrap();
    }

    pub fn files(&self) -> PathBuf {
        self.dir.path().join("files")
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Writes an object as a file of its own, in place of what was there.
    pub fn write(&self, name: &str, object: &Value) {
        let text = serde_json::to_string_pretty(object).unwrap();
        std::fs::write(self.files().join(format!("{name}.yaml")), text).unwrap();
    }

    /// The file of an export of this name, with this spec but for its connector.
    pub fn export(&self, name: &str, spec: Value) {
        self.annotated(name, spec, json!({}));
    }

    /// The same with annotations.
    pub fn annotated(&self, name: &str, mut spec: Value, annotations: Value) {
        spec["connectorRef"] = json!({ "name": "main" });
        let object = json!({
            "apiVersion": "mixtap.dev/v1alpha1",
            "kind": "CohortExport",
            "metadata": { "name": name, "annotations": annotations },
            "spec": spec,
        });
        self.write(name, &object);
    }

    pub fn connector(&self) -> Value {
        json!({
            "apiVersion": "mixtap.dev/v1alpha1",
            "kind": "CleverTapConnector",
            "metadata": { "name": "main" },
            "spec": {
                "projectId": self.account,
                "datacenter": "eu1",
                "passcodeSecretRef": { "name": "vendors" },
                "resultEmail": "growth@example.com",
                "mixpanel": {
                    "projectId": self.project,
                    "serviceAccountSecretRef": { "name": "vendors" },
                },
                "endpoints": {
                    "mixpanel": sandbox().mixpanel_url().as_str(),
                    "clevertap": sandbox().clevertap_url().as_str(),
                },
            },
        })
    }

    /// The program with these arguments and this world's files.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mixtap"));
        let path = |name: &str| self.dir.path().join(name);
        let origin = |url: url::Url| url.as_str().trim_end_matches('/').to_owned();
        let allowed = [sandbox().mixpanel_url(), sandbox().clevertap_url()].map(origin);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MIXTAP_") {
                command.env_remove(name);
            }
        }
        command
            .args(&arguments[..1])
            .arg("-f")
            .arg(self.files())
            .args(&arguments[1..])
            .env(
                "MIXTAP_STATE_URL",
                url::Url::from_file_path(self.state()).unwrap().as_str(),
            )
            .env("MIXTAP_SCRATCH_DIR", path("scratch"))
            .env("MIXTAP_ALLOWED_ENDPOINTS", allowed.join(","))
            .env("MIXTAP_RETRY_FIRST", "10ms")
            .env("MIXTAP_LOCK_DURATION", "1s")
            .envs(&self.variables)
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = assert_cmd::Command::from_std(self.command(arguments));
        let output = command.timeout(PATIENCE).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs it to its end, which is this one; what it said on standard output.
    pub fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(code), "{ended:#?}");
        ended.stdout
    }

    /// The same as JSON.
    pub fn json(&self, code: i32, command: &str) -> Value {
        serde_json::from_str(&self.ends(code, &[command, "-o", "json"])).unwrap()
    }

    /// Starts it; what it says is lost.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Running(command.spawn().unwrap())
    }

    /// The segment's members in force, sorted, by the file that made it.
    pub fn segment(&self, name: &str) -> Vec<String> {
        let csv = sandbox()
            .clevertap()
            .csv(&self.account, name, Which::Processed);
        let csv = String::from_utf8(csv.unwrap().to_vec()).unwrap();
        let rows = csv.strip_prefix("Type,Identity\n").unwrap().lines();
        let rows = rows.map(|row| row.strip_prefix("i,").unwrap().to_owned());
        let mut rows: Vec<_> = rows.collect();
        rows.sort_unstable();
        rows
    }

    /// How often this call came in.
    pub fn calls(&self, call: Call) -> u64 {
        sandbox().requests().count(self.scope(call), call)
    }

    /// How often any of CleverTap's came in.
    pub fn clevertap_calls(&self) -> u64 {
        let summary = sandbox().requests().summary(&self.account);
        summary.arrived.values().sum()
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

/// Far longer than anything takes; the machine may be busy.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// A program under way; killed when dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn secret() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "vendors" },
        "stringData": { "passcode": PASSCODE, "username": USERNAME, "secret": SECRET },
    })
}

/// The export of this name in a report.
pub fn of<'a>(report: &'a Value, name: &str) -> &'a Value {
    let exports = report["exports"].as_array().unwrap();
    let found = exports.iter().find(|export| export["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report:#}"))
}
