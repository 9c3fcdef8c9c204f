//! What stands before anything is waited for: the client, metrics, the telemetry server and the page's.

use std::sync::Arc;

use kube::Client;
use kube::client::ClientBuilder;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::limit::ConcurrencyLimitLayer;

use super::Ended;
use super::proxy::{direct, unproxied};
use crate::config::RunArgs;
use crate::export::Scratch;
use crate::http::Http;
use crate::mixpanel::Budgets;
use crate::page::{self, Page};
use crate::state::State;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::server::{self, Readiness};

/// Calls to the API server at once. Each has a connection, which takes some 40 KiB.
const CALLS: usize = 16;

/// What stands before anything is waited for.
pub struct Base {
    pub args: RunArgs,
    pub readiness: Readiness,
    pub page: Page,
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

/// Client, metrics, and the servers of telemetry and the page, which serve until `stop`.
///
/// # Errors
/// Something that no waiting mends.
pub async fn base(args: RunArgs, stop: CancellationToken) -> Result<Base, Ended> {
    let config = kube::Config::infer().await;
    let config = direct(config.map_err(|e| Ended::Client(e.to_string()))?);
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
        stop.clone(),
    ));
    let page = Page::default();
    if let Some(address) = args.page.page_address {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|e| Ended::Listen(address, e))?;
        tokio::spawn(page::serve(listener, page.clone(), stop));
    }
    Ok(Base {
        args,
        readiness,
        page,
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
