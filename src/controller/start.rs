//! What stands before anything is waited for: the client, metrics and the telemetry server.

use std::sync::Arc;

use kube::Client;
use kube::client::ClientBuilder;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::limit::ConcurrencyLimitLayer;

use super::Ended;
use crate::config::RunArgs;
use crate::export::Scratch;
use crate::http::Http;
use crate::mixpanel::Budgets;
use crate::state::State;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::server::{self, Readiness};

/// Calls to the API server at once. Each has a connection, which takes some 40 KiB.
const CALLS: usize = 16;

/// What stands before anything is waited for.
pub struct Base {
    pub args: RunArgs,
    pub readiness: Readiness,
    pub(super) client: Client,
    /// The Lease's own: its renewals wait for no other call.
    pub(super) lease_client: Client,
    pub(super) namespace: String,
    pub(super) metrics: Arc<Metrics>,
    pub(super) http: Http,
    pub(super) budgets: Budgets,
    pub(super) state: State,
    pub(super) scratch: Scratch,
}

/// Client, metrics and the telemetry server, which serves until `stop`.
///
/// # Errors
/// Something that no waiting mends.
pub async fn base(args: RunArgs, stop: CancellationToken) -> Result<Base, Ended> {
    let mut config = kube::Config::infer()
        .await
        .map_err(|e| Ended::Client(e.to_string()))?;
    // The vendors' proxy isn't the way to the API server, unless the kubeconfig says so.
    config.proxy_url = config.proxy_url.filter(|url| !named_by_environment(url));
    let namespace = args
        .lease_namespace
        .clone()
        .unwrap_or_else(|| config.default_namespace.clone());
    let client = ClientBuilder::try_from(config.clone())
        .map_err(|e| Ended::Client(unproxied(&e)))?
        .with_layer(&ConcurrencyLimitLayer::new(CALLS))
        .build();
    let lease_client = Client::try_from(config).map_err(|e| Ended::Client(unproxied(&e)))?;
    let vendor_metrics = crate::http::Metrics::default();
    let budgets = Budgets::default();
    let metrics = Arc::new(Metrics::new(|registry| {
        vendor_metrics.register(registry);
        registry.register_collector(Box::new(budgets.clone()));
    }));
    let http = Http::new(vendor_metrics)
        .map_err(|e| Ended::Setup(format!("the HTTP client can't be made: {e}")))?;
    let state = State::open(args.state.state_url.as_str(), &args.state.state_prefix)
        .map_err(|e| Ended::Setup(e.to_string()))?;
    let scratch = Scratch::new(&args.state.scratch_dir, args.state.scratch_limit);
    let readiness = Readiness::default();
    let listener = TcpListener::bind(args.metrics_address)
        .await
        .map_err(|e| Ended::Listen(args.metrics_address, e))?;
    tokio::spawn(server::serve(
        listener,
        readiness.clone(),
        Arc::clone(&metrics),
        stop,
    ));
    Ok(Base {
        args,
        readiness,
        client,
        lease_client,
        namespace,
        metrics,
        http,
        budgets,
        state,
        scratch,
    })
}

/// Why there is no client. A kubeconfig's proxy URL may hold a password, so it isn't repeated.
fn unproxied(error: &kube::Error) -> String {
    match error {
        kube::Error::ProxyProtocolUnsupported { .. }
        | kube::Error::ProxyProtocolDisabled { .. } => {
            "the kubeconfig's proxy-url isn't supported: reach the API server without one"
                .to_owned()
        }
        error => error.to_string(),
    }
}

/// Whether a proxy is the one of `HTTPS_PROXY` and its like, which kube takes over.
fn named_by_environment(proxy: &impl ToString) -> bool {
    let plain = |url: &str| url.trim_end_matches('/').to_owned();
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let mut named = names.iter().filter_map(|name| std::env::var(name).ok());
    named.any(|url| plain(&url) == plain(&proxy.to_string()))
}
