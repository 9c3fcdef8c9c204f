//! A controller's context without a cluster: its stores hold what a test puts there.

use clap::Parser;
use kube::ResourceExt;
use kube::runtime::reflector::{store, store::Writer};
use kube::runtime::watcher::Event;
use serde_json::{Value, json};

use super::context::{Connector, Context, Export};
use super::events::Events;
use super::filling::Filling;
use super::lease::Leadership;
use super::watch::{connector_changed, export_changed};
use crate::config::RunArgs;
use crate::export::{Clients, FingerprintKey, Scratch};
use crate::http::Http;
use crate::state::State;
use crate::telemetry::metrics::Metrics;

#[derive(Parser)]
struct Run {
    #[command(flatten)]
    args: RunArgs,
}

/// A context, and what fills its stores.
pub struct Cluster {
    pub ctx: Context,
    connectors: Writer<Connector>,
    exports: Writer<Export>,
}

impl Cluster {
    /// Needs a runtime, though nothing is ever asked of the API server.
    pub fn new() -> Self {
        // An error says that another test was faster.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let nowhere = "http://127.0.0.1:9".parse().unwrap();
        let client = kube::Client::try_from(kube::Config::new(nowhere)).unwrap();
        let (connectors, connector_writer) = store();
        let (exports, export_writer) = store();
        let ctx = Context {
            events: Events::new(client.clone(), "test"),
            client,
            namespace: "mixtap".to_owned(),
            args: Run::try_parse_from(["run"]).unwrap().args,
            rules: Default::default(),
            metrics: Metrics::new(|_| {}).into(),
            leadership: Leadership::unelected(),
            shutdown: Default::default(),
            clients: Clients {
                http: Http::new(Default::default()).unwrap(),
                limits: Default::default(),
                retry: Default::default(),
            },
            budgets: Default::default(),
            lists: Default::default(),
            reads: Default::default(),
            groups: Default::default(),
            state: State::open_with("memory:///", "", []).unwrap(),
            scratch: Scratch::new("unused", 0),
            key: FingerprintKey::new([0; 32]),
            filling: Filling::new(0),
            wake_connectors: super::wakeups::Wakeups::new(1),
            wake_exports: super::wakeups::Wakeups::new(1),
            connectors: vec![connectors],
            exports: vec![exports],
            checks: Default::default(),
            destinations: Default::default(),
            places: super::places::Places::new(1, super::wakeups::Wakeups::new(1)),
            losers: Default::default(),
            told: Default::default(),
            under_way: Default::default(),
        };
        let mut cluster = Self {
            ctx,
            connectors: connector_writer,
            exports: export_writer,
        };
        cluster.connector(Event::Init);
        cluster.connector(Event::InitDone);
        cluster.export(Event::Init);
        cluster.export(Event::InitDone);
        cluster
    }

    /// The watch brings this.
    pub fn connector(&mut self, event: Event<Connector>) {
        self.connectors.apply_watcher_event(&event);
        connector_changed(&self.ctx, &event);
    }

    /// The watch brings this.
    pub fn export(&mut self, event: Event<Export>) {
        self.exports.apply_watcher_event(&event);
        export_changed(&self.ctx, &event);
    }
}

/// A connector of this name to this account. `connected` is the condition's status.
pub fn connector(name: &str, account: &str, connected: &str) -> Connector {
    let condition = |kind: &str| {
        json!({ "type": kind, "status": connected, "reason": "Any", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z" })
    };
    object(
        "CleverTapConnector",
        name,
        json!({
            "projectId": account,
            "datacenter": "eu1",
            "passcodeSecretRef": { "name": "vendors" },
            "resultEmail": "growth@example.com",
            "mixpanel": { "projectId": 1, "serviceAccountSecretRef": { "name": "vendors" } },
        }),
        json!({ "observedGeneration": 1, "conditions": [condition("Connected")] }),
    )
}

/// An export of this name, that has not run.
pub fn export(name: &str, connector: &str, segment: &str, suspend: bool) -> Export {
    object(
        "CohortExport",
        name,
        json!({
            "connectorRef": { "name": connector },
            "cohort": { "id": 7 },
            "syncType": "Dynamic",
            "segmentName": segment,
            "suspend": suspend,
        }),
        json!({}),
    )
}

fn object<K: ResourceExt + serde::de::DeserializeOwned>(
    kind: &str,
    name: &str,
    spec: Value,
    status: Value,
) -> K {
    let object = json!({
        "apiVersion": "mixtap.dev/v1alpha1",
        "kind": kind,
        "metadata": { "name": name, "namespace": "growth", "uid": format!("uid-{name}"),
            "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z" },
        "spec": spec,
        "status": status,
    });
    serde_json::from_value(object).unwrap()
}
