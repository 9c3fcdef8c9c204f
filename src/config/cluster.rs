//! How people reach a cluster, and the controller in it, with rights of their own.

use std::path::PathBuf;

use clap::Args;
#[cfg(feature = "plugin")]
use url::Url;

use super::namespace;
#[cfg(feature = "plugin")]
use super::object_name;

/// Which objects of which cluster.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterArgs {
    /// Namespace of the objects [default: the context's]
    #[arg(short, long, global = true, value_name = "NAMESPACE", value_parser = namespace)]
    pub namespace: Option<String>,

    /// Context of the kubeconfig [default: its current one]
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,

    /// The kubeconfig [default: $KUBECONFIG, else ~/.kube/config]
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}

/// Where the leader is found.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Controller")]
pub struct LeaderArgs {
    /// Namespace that the controller runs in
    #[arg(
        long,
        env = "MIXTAP_CONTROLLER_NAMESPACE",
        value_name = "NAMESPACE",
        value_parser = namespace,
        default_value = "mixtap"
    )]
    pub controller_namespace: String,

    /// Name of its Lease
    #[cfg(feature = "plugin")]
    #[arg(
        long,
        env = "MIXTAP_LEASE_NAME",
        value_name = "NAME",
        value_parser = object_name,
        default_value = "mixtap"
    )]
    pub lease_name: String,

    /// Reach its page here in place of a port-forward: http://HOST:PORT
    #[cfg(feature = "plugin")]
    #[arg(long, env = "MIXTAP_PAGE_URL", value_name = "URL", value_parser = page_url)]
    pub page_url: Option<Url>,
}

#[cfg(feature = "plugin")]
fn page_url(text: &str) -> Result<Url, String> {
    let url = text.parse::<Url>().ok();
    let plain = url.filter(|url| url.scheme() == "http" && url.has_host() && url.path() == "/");
    plain.ok_or_else(|| "must be like http://127.0.0.1:8081".to_owned())
}
