//! The way of the page's Service to the pod that leads: an EndpointSlice, which the leader keeps.
//!
//! The Service has no selector, so nothing else adds pods to it. A label on the leader's pod would do
//! too, but who may set it may change any pod of the namespace.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, Patch, PatchParams};
use kube::{Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::context::Context;
use super::error::{Error, call};
use super::lease;
use crate::api::FIELD_MANAGER;

/// What the Service's port must be called.
const PORT: &str = "page";
/// Marks a slice that no other controller touches.
const MANAGED_BY: &str = "mixtap.dev";
/// What the end may take. Without it the next leader's write mends the slice.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// The EndpointSlice of the Service that `--page-service` names.
pub struct Slice {
    ctx: Arc<Context>,
    api: Api<EndpointSlice>,
    service: String,
    /// All of it, but for the endpoints.
    blank: Value,
    endpoint: Value,
    /// As it was written last.
    version: Option<String>,
    failing: bool,
}

impl Slice {
    /// `None` where no Service is named.
    pub fn new(ctx: &Arc<Context>) -> Option<Self> {
        let (service, at) = ctx.args.page.endpoint()?;
        let blank = json!({
            "apiVersion": EndpointSlice::api_version(&()),
            "kind": EndpointSlice::kind(&()),
            "metadata": {
                "name": service,
                "labels": {
                    "kubernetes.io/service-name": service,
                    "endpointslice.kubernetes.io/managed-by": MANAGED_BY,
                },
            },
            "addressType": if at.is_ipv4() { "IPv4" } else { "IPv6" },
            "ports": [{ "name": PORT, "port": at.port(), "protocol": "TCP" }],
            "endpoints": [],
        });
        let endpoint = json!({
            "addresses": [at.ip()],
            "conditions": { "ready": true },
            "targetRef": { "kind": "Pod", "namespace": ctx.namespace, "name": lease::pod() },
        });
        Some(Self {
            ctx: Arc::clone(ctx),
            api: Api::namespaced(ctx.client.clone(), &ctx.namespace),
            service: service.to_owned(),
            blank,
            endpoint,
            version: None,
            failing: false,
        })
    }

    /// Leads the Service to this pod once the page is shown, and nowhere from shutdown on. What can't
    /// be written is tried again, and of no other consequence.
    pub async fn keep(mut self, shown: JoinHandle<()>) -> &'static str {
        let task = "the page's EndpointSlice";
        let stop = self.ctx.shutdown.clone();
        tokio::select! {
            _ = shown => {}
            () = stop.cancelled() => return task,
        }
        while !stop.is_cancelled() {
            // Otherwise another one may lead, and have written its own address.
            if self.ctx.leadership.valid() {
                self.lead_here().await;
            }
            tokio::select! { () = sleep(self.pause()) => {}, () = stop.cancelled() => {} }
        }
        self.lead_nowhere().await;
        task
    }

    async fn lead_here(&mut self) {
        match self.write(json!([self.endpoint])).await {
            Ok(()) => {
                if mem::take(&mut self.failing) {
                    tracing::info!(
                        service = self.service,
                        "the page's Service leads here again"
                    );
                }
            }
            Err(error) => {
                // Once for a row of failures.
                if !mem::replace(&mut self.failing, true) {
                    let service = &self.service;
                    tracing::warn!(
                        service,
                        %error,
                        "the page's Service doesn't lead here: can't write its EndpointSlice; trying on"
                    );
                }
            }
        }
    }

    /// Unless the slice never led here, or is another leader's already.
    async fn lead_nowhere(&mut self) {
        if self.version.is_none() {
            return;
        }
        match timeout(LAST_WRITE, self.write(json!([]))).await {
            Ok(Err(error)) if !error.is_conflict() => {
                tracing::warn!(
                    %error,
                    "the page's Service still leads here: its EndpointSlice isn't emptied"
                );
            }
            Err(_) => tracing::warn!("the page's EndpointSlice can't be emptied in time"),
            Ok(_) => {}
        }
    }

    /// Over what we wrote last: a write that took long on its way doesn't replace the next leader's.
    /// What somebody else changed, or deleted, is ours to replace as long as we lead.
    async fn write(&mut self, endpoints: Value) -> Result<(), Error> {
        let mut slice = self.blank.clone();
        slice["endpoints"] = endpoints;
        let mut over = slice.clone();
        if let Some(version) = &self.version {
            over["metadata"]["resourceVersion"] = json!(version);
        }
        let mut written = self.apply(over).await;
        let changed = written.as_ref().is_err_and(Error::is_conflict);
        if changed && self.version.is_some() && self.ctx.leadership.valid() {
            written = self.apply(slice).await;
        }
        self.version = written?.resource_version();
        Ok(())
    }

    async fn apply(&self, slice: Value) -> Result<EndpointSlice, Error> {
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let patch = Patch::Apply(slice);
        call(
            "write the EndpointSlice",
            self.api.patch(&self.service, &params, &patch),
        )
        .await
    }

    /// A minute or so with the usual `--renew-interval`: one that was deleted comes back. Sooner where it
    /// doesn't lead here yet.
    fn pause(&self) -> Duration {
        let renew = self.ctx.args.renew_interval;
        let leads = !self.failing && self.ctx.leadership.valid();
        let pause = if leads { renew * 6 } else { renew };
        pause.mul_f64(1.0 + 0.2 * fastrand::f64())
    }
}
