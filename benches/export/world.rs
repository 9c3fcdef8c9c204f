//! A namespace of the API server with connectors and exports, and a controller that serves it.

use std::{net::TcpListener, path::Path, process::Stdio, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api, Client, Resource,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
    core::NamespaceResourceScope,
};
use mixtap::{
    api::{CleverTapConnector, CohortExport},
    sandbox::cluster::Plane,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::{
    Fallible, plane,
    process::{CONTROLLER, Pinned, controller},
    standins::{PASSCODE, Pair, SECRET, StandIns, USERNAME},
    watched::Watched,
};

/// Requests to the API server at once while a world is made.
const PARALLEL: usize = 16;
/// How long anything else is waited for.
pub const PATIENCE: Duration = Duration::from_secs(300);
const READY_WITHIN: Duration = Duration::from_secs(120);
/// Queries an hour that a connector takes by default.
pub const SHARE: usize = 48;

pub struct World<'a> {
    client: Client,
    namespace: String,
    plane: &'a Plane,
    pub standins: &'a StandIns,
    pub watched: Watched,
    dir: &'a Path,
}

/// The program under test.
pub struct Controller {
    pub program: Pinned,
    metrics: String,
}

impl<'a> World<'a> {
    pub async fn new(plane: &'a Plane, standins: &'a StandIns, dir: &'a Path) -> Fallible<Self> {
        let client = plane::client(plane.kubeconfig_yaml()).await;
        let namespace = plane::namespace(&client, "bench").await;
        let data = [
            ("username", USERNAME),
            ("secret", SECRET),
            ("passcode", PASSCODE),
        ];
        let data = data.map(|(name, value)| (name.to_owned(), ByteString(value.into())));
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some("vendors".to_owned()),
                ..ObjectMeta::default()
            },
            data: Some(data.into()),
            ..Secret::default()
        };
        let secrets: Api<Secret> = Api::namespaced(client.clone(), &namespace);
        secrets.create(&PostParams::default(), &secret).await?;
        Ok(Self {
            watched: Watched::start(&client, &namespace),
            client,
            namespace,
            plane,
            standins,
            dir,
        })
    }

    /// A connector of this name between a project and its account, with this share of the queries.
    pub async fn connector(&self, name: &str, pair: &Pair, share: usize) -> Fallible<()> {
        let spec = json!({
            "projectId": pair.account(),
            "datacenter": "eu1",
            "passcodeSecretRef": { "name": "vendors" },
            "resultEmail": "growth@example.com",
            "mixpanel": {
                "projectId": pair.0,
                "serviceAccountSecretRef": { "name": "vendors" },
                "queriesPerHour": share,
            },
            "endpoints": {
                "mixpanel": self.standins.urls.mixpanel.as_str(),
                "clevertap": self.standins.urls.clevertap.as_str(),
            },
        });
        self.create::<CleverTapConnector>(name, spec).await
    }

    /// An export of a cohort, with what `more` says besides.
    pub async fn export(
        &self,
        name: &str,
        connector: &str,
        cohort: u64,
        more: &Value,
    ) -> Fallible<()> {
        let mut spec = json!({
            "connectorRef": { "name": connector },
            "cohort": { "id": cohort },
            "syncType": "Dynamic",
            "interval": "9000h",
            "segmentName": name,
        });
        if let (Some(spec), Some(more)) = (spec.as_object_mut(), more.as_object()) {
            spec.extend(more.clone());
        }
        self.create::<CohortExport>(name, spec).await
    }

    /// The same for many: name, connector and cohort of each.
    pub async fn exports(&self, all: &[(String, String, u64)], more: &Value) -> Fallible<()> {
        let made = stream::iter(all)
            .map(Ok)
            .try_for_each_concurrent(PARALLEL, async |(name, connector, cohort)| {
                self.export(name, connector, *cohort, more).await
            });
        made.await
    }

    /// Asks for a run now.
    pub async fn request(&self, name: &str, token: &str) -> Fallible<()> {
        let patch = json!({ "metadata": { "annotations": { "mixtap.dev/requested-at": token } } });
        self.patch(name, patch).await
    }

    /// Merges this into an export.
    pub async fn patch(&self, name: &str, patch: Value) -> Fallible<()> {
        let api: Api<CohortExport> = Api::namespaced(self.client.clone(), &self.namespace);
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        Ok(())
    }

    /// Starts a controller for this namespace alone, and waits until it leads.
    pub async fn controller(&self, flags: &[&str]) -> Fallible<Controller> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let metrics = format!("127.0.0.1:{port}");
        let urls = &self.standins.urls;
        let endpoints = [&urls.mixpanel, &urls.clevertap];
        let endpoints = endpoints.map(|url| url.origin().ascii_serialization());
        let home = self.dir.join(&self.namespace);
        let own = [
            format!("--watch-namespaces={}", self.namespace),
            format!("--lease-namespace={}", self.namespace),
            format!("--allowed-endpoints={}", endpoints.join(",")),
            format!("--state-url=file://{}", home.join("state").display()),
            format!("--scratch-dir={}", home.join("scratch").display()),
            format!("--metrics-address={metrics}"),
            "--min-interval=1s".to_owned(),
            "--log-level=warn".to_owned(),
        ];
        let mut program = vec![controller(), "run"];
        program.extend(own.iter().map(String::as_str));
        program.extend(flags);
        let kubeconfig = self.plane.kubeconfig_path();
        let envs = [("KUBECONFIG", kubeconfig.as_path())];
        let log = self.dir.join(format!("{}.log", self.namespace));
        let program = Pinned::start(CONTROLLER, &program, &envs, Stdio::null(), &log)?;
        let controller = Controller { program, metrics };
        let ready = async {
            while controller.page("readyz").await.as_deref() != Some("ready\n") {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let ready = timeout(READY_WITHIN, ready).await;
        ready.map_err(|_| "the controller was never ready")?;
        Ok(controller)
    }

    /// Waits until the connectors, so many, are connected.
    pub async fn connected(&self, count: usize) -> Fallible<()> {
        let api: Api<CleverTapConnector> = Api::namespaced(self.client.clone(), &self.namespace);
        let connected = async {
            loop {
                let all = api.list(&Default::default()).await?.items;
                let well = all.iter().filter(|connector| {
                    let conditions = connector
                        .status
                        .iter()
                        .flat_map(|status| &status.conditions);
                    conditions
                        .clone()
                        .any(|c| c.type_ == "Connected" && c.status == "True")
                });
                if well.count() >= count {
                    return Fallible::Ok(());
                }
                sleep(Duration::from_millis(100)).await;
            }
        };
        let connected = timeout(READY_WITHIN, connected).await;
        connected.map_err(|_| "the connectors were never connected")?
    }

    async fn create<K>(&self, name: &str, spec: Value) -> Fallible<()>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + Serialize
            + DeserializeOwned,
    {
        let object = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": { "name": name, "namespace": self.namespace },
            "spec": spec,
        });
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        api.create(&PostParams::default(), &serde_json::from_value(object)?)
            .await?;
        Ok(())
    }
}

impl Controller {
    /// A 200 of its telemetry address.
    pub async fn page(&self, path: &str) -> Option<String> {
        let answer = reqwest::get(format!("http://{}/{path}", self.metrics))
            .await
            .ok()?;
        answer.error_for_status().ok()?.text().await.ok()
    }

    /// The sum of a metric's series that hold this text.
    pub async fn metric(&self, name: &str, label: &str) -> f64 {
        let page = self.page("metrics").await.unwrap_or_default();
        let series = page
            .lines()
            .filter(|line| line.starts_with(name) && line.contains(label));
        let values = series.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        values.sum()
    }
}
