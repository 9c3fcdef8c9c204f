//! One test's world: a namespace on the shared API server, stand-ins of both vendors, and
//! controllers of its own as separate processes, which can be killed.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Client, Resource as _};
use mixtap::api::{CleverTapConnector, CohortExport, CohortExportStatus, FIELD_MANAGER};
use mixtap::sandbox::Sandbox;
use mixtap::sandbox::SandboxOptions;
use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::clevertap::AccountSettings;
use mixtap::sandbox::cluster::Plane;
use mixtap::sandbox::mixpanel::{CohortSpec, Generator, ProjectSettings};
use serde_json::{Value, json};

pub mod until;

use crate::linting::Linter;
use crate::plane;
use crate::process::Controller;

/// The Mixpanel project, CleverTap account and credentials of every world (each has stand-ins of
/// its own). Canaries: none of the secrets may ever be seen outside their Secret.
pub const PROJECT: u64 = 3_187_211;
pub const ACCOUNT: &str = "TEST-CAN-ARY-001Z";
pub const USERNAME: &str = "canary-username.1a2b3c.mp-service-account";
pub const SECRET: &str = "canary-mixpanel-secret";
pub const PASSCODE: &str = "canary-passcode";

/// How long anything is waited for. Far longer than it takes; the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub struct World {
    pub client: Client,
    pub namespace: String,
    pub sandbox: Sandbox,
    pub dir: tempfile::TempDir,
    pub kubeconfig: PathBuf,
    /// Of its controllers, beside our own.
    pub env: Vec<(String, String)>,
    _linter: Linter,
}

impl World {
    /// A world with a Secret and a connector `main`, but without cohorts or a controller. `None`
    /// where no API server can be had.
    pub async fn new(prefix: &str) -> Option<Self> {
        Some(Self::on(plane::shared().await?, prefix).await)
    }

    /// The same on an API server of the test's own.
    pub async fn on(plane: &'static Plane, prefix: &str) -> Self {
        let client = plane::client(plane.kubeconfig_yaml()).await;
        let namespace = plane::namespace(&client, prefix).await;
        let sandbox = Sandbox::start(SandboxOptions::default()).expect("stand-ins");
        sandbox
            .mixpanel()
            .set_project(PROJECT, ProjectSettings::with_account(USERNAME, SECRET));
        sandbox
            .clevertap()
            .set_account(ACCOUNT, AccountSettings::with_passcode(PASSCODE));
        let dir = tempfile::tempdir().expect("a folder");
        let kubeconfig = plane.kubeconfig_path();
        let world = Self {
            _linter: Linter::start(&client, &namespace),
            client,
            namespace,
            sandbox,
            dir,
            kubeconfig,
            env: Vec::new(),
        };
        world
            .put_secret("vendors", PASSCODE, USERNAME, SECRET)
            .await;
        world
            .create::<CleverTapConnector>("main", world.connector_spec())
            .await;
        world
    }

    /// What a connector to these stand-ins looks like.
    pub fn connector_spec(&self) -> Value {
        json!({
            "projectId": ACCOUNT,
            "datacenter": "eu1",
            "passcodeSecretRef": { "name": "vendors" },
            "resultEmail": "growth@example.com",
            "mixpanel": { "projectId": PROJECT, "serviceAccountSecretRef": { "name": "vendors" } },
            "endpoints": {
                "mixpanel": self.sandbox.mixpanel_url().as_str(),
                "clevertap": self.sandbox.clevertap_url().as_str(),
            },
        })
    }

    /// A cohort of generated members (`Generator::members`).
    pub fn cohort(&self, id: u64, name: &str, members: u64) {
        let spec = CohortSpec {
            name: name.to_owned(),
            ..CohortSpec::default()
        };
        self.sandbox
            .mixpanel()
            .put_cohort(PROJECT, id, spec)
            .expect("the project");
        self.sandbox
            .mixpanel()
            .generate(PROJECT, id, Generator::members(members))
            .expect("the cohort");
    }

    /// Starts a controller that watches this namespace only.
    pub fn controller(&self) -> Controller {
        self.controller_with(&[])
    }

    /// The same with more flags; a flag given here wins.
    pub fn controller_with(&self, flags: &[&str]) -> Controller {
        Controller::start(self, flags)
    }

    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub async fn create<K>(&self, name: &str, spec: Value) -> K
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::Serialize
            + serde::de::DeserializeOwned,
    {
        let object = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": { "name": name, "namespace": self.namespace },
            "spec": spec,
        });
        let object: K = serde_json::from_value(object).expect("an object");
        self.api::<K>()
            .create(&PostParams::default(), &object)
            .await
            .expect("created")
    }

    /// A Dynamic export of cohort `id` by connector `main`, with more spec fields merged in.
    pub async fn dynamic(&self, name: &str, id: u64, more: Value) -> CohortExport {
        self.export(name, id, "Dynamic", more).await
    }

    /// A OneTime export of cohort `id` by connector `main`, with more spec fields merged in.
    pub async fn one_time(&self, name: &str, id: u64, more: Value) -> CohortExport {
        self.export(name, id, "OneTime", more).await
    }

    async fn export(&self, name: &str, id: u64, sync_type: &str, more: Value) -> CohortExport {
        let mut spec = json!({ "connectorRef": { "name": "main" }, "cohort": { "id": id }, "syncType": sync_type });
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        self.create(name, spec).await
    }

    pub async fn put_secret(&self, name: &str, passcode: &str, username: &str, secret: &str) {
        let data = [
            ("passcode", passcode),
            ("username", username),
            ("secret", secret),
        ];
        let data = data.map(|(k, v)| (k.to_owned(), ByteString(v.as_bytes().to_vec())));
        let object = Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            data: Some(data.into_iter().collect()),
            ..Secret::default()
        };
        let params = PatchParams::apply("test").force();
        self.api::<Secret>()
            .patch(name, &params, &Patch::Apply(&object))
            .await
            .expect("a Secret");
    }

    /// Merges into the object (`{"spec": {..}}`, `{"metadata": {"annotations": {..}}}`).
    pub async fn patch<K>(&self, name: &str, patch: Value) -> K
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        self.api::<K>()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .expect("patched")
    }

    /// Rewrites an export's status as the controller would have written it.
    pub async fn rewrite_status(&self, export: &str, change: impl FnOnce(&mut CohortExportStatus)) {
        let mut status = self.status(export).await;
        change(&mut status);
        let patch = json!({
            "apiVersion": CohortExport::api_version(&()),
            "kind": CohortExport::kind(&()),
            "status": status,
        });
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let api = self.api::<CohortExport>();
        api.patch_status(export, &params, &Patch::Apply(&patch))
            .await
            .expect("a status");
    }

    pub async fn annotate(&self, export: &str, key: &str, value: &str) {
        self.patch::<CohortExport>(
            export,
            json!({ "metadata": { "annotations": { key: value } } }),
        )
        .await;
    }

    pub async fn status(&self, export: &str) -> CohortExportStatus {
        self.api::<CohortExport>()
            .get(export)
            .await
            .expect("the export")
            .status
            .unwrap_or_default()
    }

    /// The list that CleverTap last processed under this name, as the rows' identities.
    pub fn segment(&self, name: &str) -> Option<Vec<String>> {
        let mut members = self
            .sandbox
            .clevertap()
            .segment(ACCOUNT, name)
            .ok()?
            .members;
        members.sort();
        Some(members)
    }

    /// How often a call was made, of any status.
    pub fn calls(&self, call: Call) -> u64 {
        match call.vendor() {
            Vendor::Mixpanel => self.sandbox.requests().count(PROJECT, call),
            Vendor::Clevertap => self.sandbox.requests().count(ACCOUNT, call),
        }
    }

    /// How often any call of this vendor was made.
    pub fn calls_of(&self, vendor: Vendor) -> u64 {
        let scope = match vendor {
            Vendor::Mixpanel => PROJECT.to_string(),
            Vendor::Clevertap => ACCOUNT.to_owned(),
        };
        self.sandbox
            .requests()
            .summary(scope)
            .arrived
            .values()
            .sum()
    }

    /// Everything that any controller of this world logged.
    pub fn logs(&self) -> String {
        let files = fs::read_dir(self.dir.path()).expect("the folder");
        let logs = files
            .flatten()
            .filter(|f| f.path().extension().is_some_and(|e| e == "log"));
        logs.map(|f| fs::read_to_string(f.path()).unwrap_or_default())
            .collect()
    }

    pub fn logs_tail(&self) -> String {
        let logs = self.logs();
        let lines: Vec<_> = logs.lines().filter(|l| !l.contains("\"TRACE\"")).collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

/// `uid` of an object that the server made.
pub fn uid(object: &impl kube::Resource) -> String {
    object.meta().uid.clone().expect("the server gives a uid")
}
