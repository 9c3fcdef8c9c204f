//! The way to the leader's page: the Lease names its pod, whose port the API server forwards.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use kube::api::Api;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::{Cluster, Error, call, http};
use crate::config::LeaderArgs;

/// What the chart calls the port.
const PORT: &str = "page";
const CONNECT: Duration = Duration::from_secs(10);

impl LeaderArgs {
    /// What the leader's page answers to `GET path`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        cluster: &Cluster,
        path: &str,
    ) -> Result<T, Error> {
        if let Some(url) = &self.page_url {
            let host = url.host_str().unwrap_or_default();
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let at = (host, url.port_or_known_default().unwrap_or_default());
            let unreached = |why: String| Error::new(format!("can't reach {url}: {why}"));
            let stream = timeout(CONNECT, TcpStream::connect(at)).await;
            let stream = stream.map_err(|_| unreached("no answer in time".to_owned()))?;
            return http::get(stream.map_err(|e| unreached(e.to_string()))?, path).await;
        }
        let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), &self.controller_namespace);
        let pod = self.pod(cluster).await?;
        let port = self.port(&pods, &pod).await?;
        let doing = format!("forward a port of {}", self.named(&pod));
        let forward = call(&doing, pods.portforward(&pod, &[port])).await;
        let mut forward = forward.map_err(hint)?;
        let stream = forward.take_stream(port).expect("asked for");
        let refused = forward.take_error(port).expect("asked for");
        let answer = tokio::select! {
            // Asked first: the answer then fails too, in words that say less.
            biased;
            Some(why) = refused => Err(Error::new(format!("can't {doing}: {why}"))),
            answer = http::get(stream, path) => answer,
        };
        forward.abort();
        answer
    }

    /// The pod that leads: its name begins the Lease's holder.
    async fn pod(&self, cluster: &Cluster) -> Result<String, Error> {
        let Self {
            controller_namespace: namespace,
            lease_name: lease,
            ..
        } = self;
        let api: Api<Lease> = Api::namespaced(cluster.client.clone(), namespace);
        let doing = format!("read the Lease {lease} in namespace {namespace}");
        let found = call(&doing, api.get_opt(lease)).await.map_err(hint)?;
        let found = found.ok_or_else(|| {
            Error::new(format!(
                "there is no Lease {lease} in namespace {namespace}: say where the controller runs \
                 with --controller-namespace and --lease-name"
            ))
        })?;
        let holder = found.spec.and_then(|spec| spec.holder_identity);
        let holder = holder.filter(|holder| !holder.is_empty()).ok_or_else(|| {
            Error::new(format!(
                "no controller leads now: the Lease {lease} in namespace {namespace} has no holder"
            ))
        })?;
        // What follows the name tells processes apart.
        let pod = holder.rsplit_once('_').map(|(pod, _)| pod.to_owned());
        Ok(pod.unwrap_or(holder))
    }

    /// The port of its page.
    async fn port(&self, pods: &Api<Pod>, name: &str) -> Result<u16, Error> {
        let named = self.named(name);
        let pod = call(&format!("read {named}"), pods.get_opt(name)).await;
        let pod = pod.map_err(hint)?.ok_or_else(|| {
            Error::new(format!(
                "the leader isn't {named}, which the Lease names: it has just gone, or runs outside \
                 of this cluster; then say where its page is with --page-url"
            ))
        })?;
        let containers = pod.spec.map(|spec| spec.containers).unwrap_or_default();
        let mut ports = containers
            .into_iter()
            .flat_map(|c| c.ports.unwrap_or_default());
        let port = ports.find(|port| port.name.as_deref() == Some(PORT));
        let port = port.and_then(|port| u16::try_from(port.container_port).ok());
        port.ok_or_else(|| {
            Error::new(format!(
                "the controller has no page: set page.enabled=true in its chart's values \
                 ({named} has no port named {PORT})"
            ))
        })
    }

    fn named(&self, pod: &str) -> String {
        format!("pod/{pod} in namespace {}", self.controller_namespace)
    }
}

/// Most people have no rights where the controller runs.
fn hint(error: Error) -> Error {
    if !error.denied {
        return error;
    }
    error.and(
        "This command asks the controller by a port-forward: it needs get on leases and pods, and get \
         and create on pods/portforward there, as the chart's Role for the page grants. status, sync, \
         suspend and resume need none of them",
    )
}

/// A path of the page's API.
pub fn path(parts: &[&str]) -> String {
    let mut url: Url = "http://mixtap/api/v1".parse().expect("a URL");
    let mut segments = url.path_segments_mut().expect("it has a path");
    segments.extend(parts);
    drop(segments);
    url.path().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_holds_any_name() {
        let path = path(&["exports", "growth", "a/../b?c d", "history"]);
        assert_eq!(path, "/api/v1/exports/growth/a%2F..%2Fb%3Fc%20d/history");
    }
}
