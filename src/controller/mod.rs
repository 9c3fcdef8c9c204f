//! The controller: the only room that talks to the Kubernetes API.
//!
//! [`run`] starts it in the order in which things depend on each other: telemetry, API server,
//! CRDs, state, Lease, watches; and stops it in the other.

mod asking;
mod claim;
mod close;
mod cohort_export;
mod conflict;
mod connector;
mod context;
pub mod credentials;
mod dereference;
mod destinations;
pub mod error;
mod events;
mod filling;
mod history;
pub mod key;
mod lease;
mod members;
mod page;
mod places;
mod prepare;
pub mod proxy;
mod report;
mod run;
mod sharing;
mod slice;
mod start;
mod status;
mod sweep;
mod tell;
#[cfg(test)]
mod testing;
mod timing;
mod turns;
mod undecodable;
mod under_way;
mod wakeups;
mod watch;
mod work;

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use kube::core::DeserializeGuard;
use kube::runtime::controller::{self, Controller};
use kube::runtime::reflector::{store, store::Writer};
use kube::runtime::watcher;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::{CleverTapConnector, CohortExport};
use crate::config::RunArgs;
use crate::export::windows::{self, Keeper};
use crate::telemetry::server::Phase;
use context::Context;
use error::chain;
use slice::Slice;

/// Why the controller ended without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    #[error("the Kubernetes client can't be made: {0}")]
    Client(String),
    #[error("{0} can't be listened on: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    #[error("{0}")]
    Setup(String),
    #[error("another controller leads now, so this one ends")]
    LeaseLost,
    #[error("{0} ended unexpectedly")]
    Task(&'static str),
}

/// Runs the controller until `shutdown`.
///
/// # Errors
/// [`Ended`]: the process must end, and its supervisor start another.
pub async fn run(args: RunArgs, shutdown: CancellationToken) -> Result<(), Ended> {
    // Cancelled last: probes are answered while runs come to their safe points.
    let telemetry = CancellationToken::new();
    let _last = telemetry.clone().drop_guard();
    let base = start::base(args, telemetry).await?;
    match prepare::prepare(base, &shutdown).await? {
        // Stopped before it led.
        None => Ok(()),
        Some(prepared) => lead(prepared, &shutdown).await,
    }
}

/// Leads: watches and reconciles until asked to stop, or until it must.
async fn lead(prepared: prepare::Prepared, shutdown: &CancellationToken) -> Result<(), Ended> {
    let scopes = prepared.scopes();
    let (connectors, connector_writers): (Vec<_>, Vec<_>) = scopes.iter().map(|_| store()).unzip();
    let (exports, export_writers): (Vec<_>, Vec<_>) = scopes.iter().map(|_| store()).unzip();
    let (readiness, page) = (prepared.readiness.clone(), prepared.page.clone());
    let ctx = Arc::new(prepared.context(connectors, exports, shutdown.clone()));
    let mut tasks = JoinSet::new();
    let shown = tokio::spawn(page::lead(Arc::clone(&ctx), page));
    if let Some(slice) = Slice::new(&ctx) {
        tasks.spawn(slice.keep(shown));
    }
    let writers = connector_writers.into_iter().zip(export_writers);
    for (index, (scope, (connector_writer, export_writer))) in
        scopes.into_iter().zip(writers).enumerate()
    {
        tasks.spawn(watch_connectors(
            &ctx,
            scope.as_deref(),
            connector_writer,
            index,
        ));
        tasks.spawn(watch_exports(&ctx, scope.as_deref(), export_writer, index));
        if ctx.args.watch_secrets {
            let ctx = Arc::clone(&ctx);
            tasks.spawn(async move {
                let stop = ctx.shutdown.clone();
                let watching = watch::secrets(&ctx, &ctx.client, scope.as_deref());
                tokio::select! { () = watching => {}, () = stop.cancelled() => {} }
                "the watch of Secrets"
            });
        }
    }
    let sweeping = Arc::clone(&ctx);
    tasks.spawn(async move {
        let stop = sweeping.shutdown.clone();
        tokio::select! { () = sweep::sweep(&sweeping) => {}, () = stop.cancelled() => {} }
        "the sweep"
    });
    let calling = Arc::clone(&ctx);
    tasks.spawn(async move {
        let stop = calling.shutdown.clone();
        tokio::select! { () = turns::call(&calling) => {}, () = stop.cancelled() => {} }
        "the queues"
    });
    // Runs need it until their ends.
    let leadership = ctx.leadership.clone();
    let (state, budgets) = (ctx.state.clone(), ctx.budgets.clone());
    let keeping = windows::keep(state, budgets, Keeper::Owner, move || leadership.valid());
    let keeping = tokio::spawn(keeping);
    readiness.set(Phase::Ready);
    let ended = tokio::select! {
    // At a shutdown the tasks end too, which is as it should be.
    biased;
        () = shutdown.cancelled() => None,
        () = ctx.leadership.lost() => Some(Ended::LeaseLost),
        Some(task) = tasks.join_next() => Some(Ended::Task(task.unwrap_or("a task"))),
    };
    readiness.set(Phase::Stopping);
    ctx.shutdown.cancel();
    let drained = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(ctx.args.shutdown_grace, drained)
        .await
        .is_err()
    {
        tracing::warn!(
            "runs under way didn't reach a safe point in time; the next leader resumes them"
        );
    }
    keeping.abort();
    // What it was writing is written anew.
    let _ = keeping.await;
    let last = async {
        if ctx.leadership.valid() {
            windows::keep_now(&ctx.state, &ctx.budgets, &Keeper::Owner).await;
        }
    };
    if tokio::time::timeout(LOOK_AGAIN, last).await.is_err() {
        tracing::warn!("query budgets can't be kept in time");
    }
    ctx.leadership.release().await;
    ended.map_or(Ok(()), Err)
}

fn watch_connectors(
    ctx: &Arc<Context>,
    scope: Option<&str>,
    writer: Writer<context::Connector>,
    index: usize,
) -> impl Future<Output = &'static str> + Send + use<> {
    let reader = writer.as_reader();
    let api = watch::api::<DeserializeGuard<CleverTapConnector>>(&ctx.client, scope);
    let stream = watch::objects(ctx, api, writer, watch::connector_changed);
    let controller = Controller::for_stream(stream, reader)
        .with_config(controller::Config::default().concurrency(CHECKS))
        .reconcile_on(ctx.wake_connectors.stream(index))
        .graceful_shutdown_on(stopped(ctx))
        .run(connector::reconcile, error::policy, Arc::clone(ctx));
    drive(controller, "the controller of CleverTapConnectors")
}

fn watch_exports(
    ctx: &Arc<Context>,
    scope: Option<&str>,
    writer: Writer<context::Export>,
    index: usize,
) -> impl Future<Output = &'static str> + Send + use<> {
    let reader = writer.as_reader();
    let looks = LOOKS.saturating_add(ctx.args.exports.concurrency);
    let api = watch::api::<DeserializeGuard<CohortExport>>(&ctx.client, scope);
    let stream = watch::objects(ctx, api, writer, watch::export_changed);
    let controller = Controller::for_stream(stream, reader)
        .with_config(controller::Config::default().concurrency(looks))
        .reconcile_on(ctx.wake_exports.stream(index))
        .graceful_shutdown_on(stopped(ctx))
        .run(cohort_export::reconcile, error::policy, Arc::clone(ctx));
    drive(controller, "the controller of CohortExports")
}

fn stopped(ctx: &Arc<Context>) -> impl Future<Output = ()> + Send + Sync + use<> {
    ctx.shutdown.clone().cancelled_owned()
}

/// Polls a controller to its end; what it reports is logged.
async fn drive<T>(
    controller: impl Stream<Item = Result<T, controller::Error<error::Error, watcher::Error>>> + Send,
    name: &'static str,
) -> &'static str {
    let mut controller = std::pin::pin!(controller);
    while let Some(result) = controller.next().await {
        match result {
            // Deleted meanwhile, or another scope's.
            Ok(_) | Err(controller::Error::ObjectNotFound(_)) => {}
            // Read again at once, by an object that was changed meanwhile.
            Err(controller::Error::ReconcilerFailed(error, object)) if error.is_conflict() => {
                tracing::debug!(%object, "changed meanwhile");
            }
            Err(controller::Error::ReconcilerFailed(error, object)) => {
                tracing::warn!(%object, %error, "{name}");
            }
            Err(error) => tracing::warn!(error = %chain(&error), "{name}"),
        }
    }
    name
}

/// Exports looked at together, beside those that run within their look. A look is short.
const LOOKS: u16 = 64;
/// Connectors looked at together: each may wait for two vendors.
const CHECKS: u16 = 256;
/// How long a start waits between looks at something that isn't there yet.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
