//! The API server, as the kubeconfig and the flags name it, with the caller's own rights.

use std::time::Duration;

use kube::api::{Api, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::NamespaceResourceScope;
use kube::{Client, Config, Resource};

use super::cli::Common;
use super::error::Error;
use crate::api::{CleverTapConnector, CohortExport};
use crate::controller::proxy::{direct, unproxied};

/// Of one call.
const DEADLINE: Duration = Duration::from_secs(20);

/// A cluster, and the namespace that names stand for.
pub struct Cluster {
    pub client: Client,
    pub namespace: String,
}

impl Cluster {
    /// No call is made yet.
    pub async fn connect(common: &Common) -> Result<Self, Error> {
        let unusable = |why: String| Error::new(format!("the kubeconfig can't be used: {why}"));
        let options = KubeConfigOptions {
            context: common.context.clone(),
            ..KubeConfigOptions::default()
        };
        let config = match (&common.kubeconfig, &common.context) {
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
        let namespace = common.namespace.clone();
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

    pub async fn export(&self, name: &str) -> Result<CohortExport, Error> {
        let doing = format!("read cohortexport/{name} in namespace {}", self.namespace);
        call(&doing, self.api().get(name)).await
    }

    pub async fn connector(&self, name: &str) -> Result<CleverTapConnector, Error> {
        let namespace = &self.namespace;
        let doing = format!("read clevertapconnector/{name} in namespace {namespace}");
        call(&doing, self.api().get(name)).await
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
