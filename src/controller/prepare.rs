//! The way to leadership: each step waits for what the next one needs, and `/readyz` says for what.

use std::sync::Arc;

use kube::api::{Api, ListParams};
use kube::runtime::reflector::Store;
use tokio_util::sync::CancellationToken;

use super::context::{Connector, Context, Export};
use super::error::call;
use super::events::Events;
use super::filling::Filling;
use super::lease::{self, Candidate, Leadership};
use super::places::Places;
use super::start::Base;
use super::wakeups::Wakeups;
use super::{Ended, LOOK_AGAIN, key};
use crate::api::{CleverTapConnector, CohortExport};
use crate::clevertap::Limits;
use crate::export::windows::{self, Keeper};
use crate::export::{self, Clients, CohortLists, FingerprintKey, SharedReads};
use crate::http::Retry;
use crate::page::Page;
use crate::state::StateError;
use crate::telemetry::server::{Phase, Readiness};

/// Everything that a leader needs.
pub struct Prepared {
    pub readiness: Readiness,
    pub page: Page,
    base: Base,
    key: FingerprintKey,
    leadership: Leadership,
}

/// Waits for API server, CRDs, state, scratch directory and Lease; `None` where it was asked to stop meanwhile.
///
/// # Errors
/// Something that no waiting mends.
pub async fn prepare(base: Base, shutdown: &CancellationToken) -> Result<Option<Prepared>, Ended> {
    let standing = async {
        crds(&base).await?;
        state(&base).await;
        scratch(&base).await;
        base.readiness.set(Phase::Standby);
        let candidate = Candidate::new(&base.args, &base.namespace);
        Ok(if base.args.leader_elect {
            lease::acquire(
                base.lease_client.clone(),
                candidate,
                Arc::clone(&base.metrics),
            )
            .await
        } else {
            base.metrics.leader(true);
            Leadership::unelected()
        })
    };
    let leadership = tokio::select! {
        () = shutdown.cancelled() => return Ok(None),
        leadership = standing => leadership?,
    };
    let owning = async {
        own_state(&base, &leadership).await?;
        windows(&base).await;
        let key = fingerprint_key(&base).await;
        key.map(Some).map_err(|e| Ended::Setup(e.to_string()))
    };
    let key = tokio::select! {
        () = shutdown.cancelled() => Ok(None),
        key = owning => key,
    };
    let Ok(Some(key)) = key else {
        leadership.release().await;
        return key.map(|_| None);
    };
    export::clean_runs(&base.scratch).await;
    export::clean_shelf(&base.scratch).await;
    Ok(Some(Prepared {
        readiness: base.readiness.clone(),
        page: base.page.clone(),
        base,
        key,
        leadership,
    }))
}

/// Both CRDs are served: a list of each is answered.
///
/// # Errors
/// The API server can't read the label selector.
async fn crds(base: &Base) -> Result<(), Ended> {
    let connectors: Api<CleverTapConnector> = super::watch::api(
        &base.client,
        base.args.watch_namespaces.0.first().map(String::as_str),
    );
    let exports: Api<CohortExport> = super::watch::api(
        &base.client,
        base.args.watch_namespaces.0.first().map(String::as_str),
    );
    let selector = &base.args.watch_label_selector;
    let one = ListParams::default().limit(1).labels(selector);
    loop {
        let connectors = call("list connectors", connectors.list_metadata(&one))
            .await
            .map(|_| ());
        let both = match connectors {
            Ok(()) => call("list exports", exports.list_metadata(&one))
                .await
                .map(|_| ()),
            Err(error) => Err(error),
        };
        match both {
            Ok(()) => return Ok(()),
            Err(super::error::Error::Api {
                source: kube::Error::Api(status),
                ..
            }) if status.code == 404 => {
                base.readiness.set(Phase::WaitingForCrds);
            }
            Err(super::error::Error::Api {
                source: kube::Error::Api(status),
                ..
            }) if status.code == 400 && !selector.is_empty() => {
                let why = format!("--watch-label-selector {selector:?}: {}", status.message);
                return Err(Ended::Setup(why));
            }
            Err(error) => {
                base.readiness.set(Phase::WaitingForApiServer);
                tracing::warn!(%error, "waiting for the API server");
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn state(base: &Base) {
    while let Err(error) = base.state.probe().await {
        base.readiness.set(Phase::WaitingForState);
        tracing::warn!(%error, "waiting for the state store");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn scratch(base: &Base) {
    while let Err(error) = export::probe_scratch(&base.scratch).await {
        base.readiness.set(Phase::WaitingForScratch);
        let dir = base.args.state.scratch_dir.display();
        tracing::warn!(%dir, %error, "waiting for the scratch directory");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The state is this installation's: that of its Lease. Without one there is nobody to tell apart.
async fn own_state(base: &Base, leadership: &Leadership) -> Result<(), Ended> {
    let Some(uid) = leadership.uid() else {
        return Ok(());
    };
    loop {
        match base.state.own(uid, base.args.state.adopt_state).await {
            Ok(()) => return Ok(()),
            Err(error @ StateError::Foreign) => return Err(Ended::Setup(error.to_string())),
            Err(error) => tracing::warn!(%error, "waiting for the state store"),
        }
        base.readiness.set(Phase::WaitingForState);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Takes over the query budgets that the last leader kept.
async fn windows(base: &Base) {
    let old = loop {
        match windows::load(&base.state, &base.budgets, &Keeper::Owner).await {
            Ok(old) => break old,
            Err(error) => tracing::warn!(%error, "waiting for the state store"),
        }
        base.readiness.set(Phase::WaitingForState);
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    base.readiness.set(Phase::Standby);
    windows::drop_old(&base.state, &old).await;
}

async fn fingerprint_key(base: &Base) -> Result<FingerprintKey, super::error::Error> {
    loop {
        match key::read_or_make(&base.client, &base.namespace).await {
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, "waiting for the fingerprint key")
            }
            result => return result,
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

impl Prepared {
    /// What to watch: each namespace of its own, or all (`None`).
    pub fn scopes(&self) -> Vec<Option<String>> {
        let namespaces = &self.base.args.watch_namespaces.0;
        if namespaces.is_empty() {
            return vec![None];
        }
        namespaces.iter().cloned().map(Some).collect()
    }

    /// What every reconcile shares.
    pub fn context(
        self,
        connectors: Vec<Store<Connector>>,
        exports: Vec<Store<Export>>,
        shutdown: CancellationToken,
    ) -> Context {
        let Base {
            args,
            client,
            namespace,
            metrics,
            http,
            budgets,
            state,
            scratch,
            ..
        } = self.base;
        let clients = Clients {
            http,
            limits: Limits::default(),
            retry: Retry::within(args.exports.retry_first, args.exports.retry_total),
        };
        let wake_exports = Wakeups::new(exports.len());
        Context {
            places: Places::new(args.exports.concurrency, wake_exports.clone()),
            rules: args.rules.rules(),
            events: Events::new(client.clone(), &lease::pod()),
            client,
            namespace,
            args,
            metrics,
            leadership: self.leadership,
            shutdown,
            clients,
            budgets,
            lists: CohortLists::default(),
            reads: SharedReads::default(),
            groups: Default::default(),
            state,
            scratch,
            key: self.key,
            filling: Filling::new(connectors.len() + exports.len()),
            wake_connectors: Wakeups::new(connectors.len()),
            wake_exports,
            connectors,
            exports,
            checks: Default::default(),
            destinations: Default::default(),
            losers: Default::default(),
            told: Default::default(),
            under_way: Default::default(),
        }
    }
}
