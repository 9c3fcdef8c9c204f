//! A cluster as people see it, by their kubeconfig and with their own rights.
//!
//! ```text
//! applied   connectors, exports, Secrets and the fingerprint key -> what `local` plans
//! leader    the leader's page, by port-forward                   -> http
//! ```

mod applied;
mod error;
#[cfg(feature = "plugin")]
mod http;
#[cfg(feature = "plugin")]
pub mod leader;

use std::time::Duration;

use kube::api::{Api, ListParams, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::NamespaceResourceScope;
use kube::{Client, Config, Resource};

pub use self::applied::applied;
pub use self::error::Error;
use crate::api::{CleverTapConnector, CohortExport};
use crate::config::ClusterArgs;
use crate::controller::key;
use crate::controller::proxy::{direct, unproxied};
use crate::export::FingerprintKey;

/// Of one call.
const DEADLINE: Duration = Duration::from_secs(20);

/// A cluster, and the namespace that names stand for.
pub struct Cluster {
    pub client: Client,
    pub namespace: String,
}

impl Cluster {
    /// No call is made yet.
    pub async fn connect(args: &ClusterArgs) -> Result<Self, Error> {
        let unusable = |why: String| Error::new(format!("the kubeconfig can't be used: {why}"));
        let options = KubeConfigOptions {
            context: args.context.clone(),
            ..KubeConfigOptions::default()
        };
        let config = match (&args.kubeconfig, &args.context) {
            (Some(file), _) => {
                let read = Kubeconfig::read_from(file).map_err(|e| unusable(e.to_string()))?;
                Config::from_custom_kubeconfig(read, &options).await
            }
            (None, Some(_)) => Config::from_kubeconfig(&options).await,
            (None, None) => match Config::infer().await {
                Ok(config) => Ok(config),
                Err(error) => return Err(unusable(error.to_string())),
            },
        };
        let config = direct(config.map_err(|e| unusable(e.to_string()))?);
        let namespace = args.namespace.clone();
        let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|e| unusable(unproxied(&e)))?;
        Ok(Self { client, namespace })
    }

    /// Objects of a kind in the namespace.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Connectors and exports in the namespace, or in all.
    pub async fn objects(
        &self,
        all: bool,
    ) -> Result<(Vec<CleverTapConnector>, Vec<CohortExport>), Error> {
        let (connectors, exports) = match all {
            true => (Api::all(self.client.clone()), Api::all(self.client.clone())),
            false => (self.api(), self.api()),
        };
        let (place, every) = (self.place(all), ListParams::default());
        let connectors_in = format!("list connectors in {place}");
        let exports_in = format!("list exports in {place}");
        let (connectors, exports) = tokio::try_join!(
            call(&connectors_in, connectors.list(&every)),
            call(&exports_in, exports.list(&every)),
        )?;
        Ok((connectors.items, exports.items))
    }

    /// In words, where those are.
    pub fn place(&self, all: bool) -> String {
        match all {
            true => "all namespaces".to_owned(),
            false => format!("namespace {}", self.namespace),
        }
    }

    pub async fn export(&self, name: &str) -> Result<CohortExport, Error> {
        let doing = format!("read cohortexport/{name} in namespace {}", self.namespace);
        call(&doing, self.api().get(name)).await
    }

    pub async fn connector(&self, name: &str) -> Result<CleverTapConnector, Error> {
        let namespace = &self.namespace;
        let doing = format!("read clevertapconnector/{name} in namespace {namespace}");
        call(&doing, self.api().get(name)).await
    }

    /// The key of the fingerprints that the controller of this namespace keeps.
    pub async fn key(&self, namespace: &str) -> Result<FingerprintKey, Error> {
        let doing = format!("read the Secret mixtap-fingerprint-key in namespace {namespace}");
        let key = key::read(&self.client, namespace).await;
        let key = key.map_err(|error| Error::of_api(&doing, error))?;
        key.ok_or_else(|| Error::new(format!("can't {doing}: it isn't there")))
    }
}

/// Who owns the fields that are patched, as `kubectl` does by its own name.
pub fn patching() -> PatchParams {
    PatchParams {
        field_manager: Some("kubectl-mixtap".to_owned()),
        ..PatchParams::default()
    }
}

/// One call to the API server, within its deadline. `doing` completes "can't".
pub async fn call<T>(
    doing: &str,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(DEADLINE, request).await {
        Err(_) => Err(Error::late(doing)),
        Ok(answer) => answer.map_err(|error| Error::of(doing, &error)),
    }
}
