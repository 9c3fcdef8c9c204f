//! `sync`: a new token in `mixtap.dev/requested-at`, and how the run that handles it ends.

use futures::StreamExt as _;
use jiff::Timestamp;
use kube::api::{Api, Patch};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Resource as _, ResourceExt};
use serde::Serialize;
use serde_json::json;

use super::cli::{Format, SyncArgs};
use super::output;
use crate::api::conditions::{READY, STALLED, SYNCED, find};
use crate::api::{CohortExport, CohortExportStatus, LastRun, REQUESTED_AT};
use crate::cluster::{Cluster, Error, call, patching};
use crate::domain::{Reason, printable};

/// How a request ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    namespace: String,
    name: String,
    /// The token.
    request: String,
    reason: String,
    message: String,
    /// Whether the segment is as the cohort was.
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<LastRun>,
}

/// What the export says of the request so far.
enum Seen {
    Ended(Box<Ended>),
    /// A word for who waits.
    Waiting(String),
    /// It will never be handled.
    Never(Error),
}

/// The command.
pub async fn run(cluster: &Cluster, args: &SyncArgs, format: Format) -> Result<String, Error> {
    let (name, namespace) = (&args.name, &cluster.namespace);
    let export = cluster.export(name).await?;
    let connector = cluster
        .connector(&export.spec.connector_ref.name)
        .await
        .ok();
    let by = match (export.spec.suspend, connector.and_then(|c| c.spec.suspend)) {
        (Some(true), _) => Some(name.clone()),
        (_, Some(true)) => Some(format!("connector/{}", export.spec.connector_ref.name)),
        _ => None,
    };
    if let Some(suspended) = by {
        return Err(Error::new(format!(
            "cohortexport/{name} is suspended and runs only once that ends: kubectl mixtap resume \
             {suspended} -n {namespace}"
        )));
    }
    let request = Timestamp::now().to_string();
    let api: Api<CohortExport> = cluster.api();
    let patch = json!({ "metadata": { "annotations": { REQUESTED_AT: request } } });
    let doing = format!("annotate cohortexport/{name} in namespace {namespace}");
    call(&doing, api.patch(name, &patching(), &Patch::Merge(patch))).await?;
    if !args.wait {
        return Ok(match format {
            Format::Json => output::json(&json!({
                "namespace": namespace, "name": name, "request": request,
            })),
            Format::Table => format!("cohortexport/{name} asked to run\n"),
        });
    }
    let waiting = wait(api, name, &request);
    let ended = tokio::time::timeout(args.timeout, waiting).await;
    let ended = ended.unwrap_or_else(|_| {
        Err(Error::new(format!(
            "cohortexport/{name} didn't handle the request within --timeout; it stands, and kubectl \
             mixtap status tells what it waits for. If nothing changes there, no controller runs"
        )))
    });
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => {
            if format == Format::Json {
                super::print(&output::json(&unknown(cluster, name, &request, &error)))?;
            }
            return Err(error);
        }
    };
    let text = match format {
        Format::Json => output::json(&ended),
        Format::Table => format!(
            "cohortexport/{name} {}: {}\n",
            ended.reason,
            printable(&ended.message)
        ),
    };
    match ended.done {
        true => Ok(text),
        // Programs read it where they read the others.
        false if format == Format::Json => {
            super::print(&text)?;
            Err(Error::new(format!("cohortexport/{name} {}", ended.reason)))
        }
        false => Err(Error::new(text.trim_end())),
    }
}

async fn wait(api: Api<CohortExport>, name: &str, request: &str) -> Result<Ended, Error> {
    let mut told = String::new();
    let mut objects = std::pin::pin!(watcher::watch_object(api, name).default_backoff());
    while let Some(object) = objects.next().await {
        let export = match object {
            Ok(Some(export)) => export,
            Ok(None) => return Err(Error::new(format!("cohortexport/{name} was deleted"))),
            Err(error) => match denied(&error) {
                Some(error) => return Err(Error::of("watch the export", error)),
                // The API server is away; the watch goes on.
                None => continue,
            },
        };
        match seen(&export, request) {
            Seen::Ended(ended) => return Ok(*ended),
            Seen::Never(error) => return Err(error),
            Seen::Waiting(word) if word != told => {
                eprintln!("{}", printable(&word));
                told = word;
            }
            Seen::Waiting(_) => {}
        }
    }
    Err(Error::new("the watch ended"))
}

fn denied(error: &watcher::Error) -> Option<&kube::Error> {
    use watcher::Error as E;
    match error {
        E::InitialListFailed(error) | E::WatchStartFailed(error) | E::WatchFailed(error) => {
            matches!(error, kube::Error::Api(status) if matches!(status.code, 401 | 403))
                .then_some(error)
        }
        E::WatchError(status) if matches!(status.code, 401 | 403) => None,
        _ => None,
    }
}

fn seen(export: &CohortExport, request: &str) -> Seen {
    let name = export.name_any();
    let status = export.status.clone().unwrap_or_default();
    if status.last_handled_request.as_deref() == Some(request) {
        return Seen::Ended(Box::new(ended(export, &status, request)));
    }
    let token = export.annotations().get(REQUESTED_AT);
    let running = status.current_run.as_ref();
    let mine = running.is_some_and(|run| run.request.as_deref() == Some(request));
    if mine {
        return Seen::Waiting(format!("cohortexport/{name} runs"));
    }
    if token.map(String::as_str) != Some(request) {
        let why = format!("somebody asked cohortexport/{name} anew; wait for that request instead");
        return Seen::Never(Error::new(why));
    }
    if running.is_some() {
        return Seen::Waiting(format!("cohortexport/{name} ends a run that began before"));
    }
    let observed = status.observed_generation == export.meta().generation;
    let ready = find(&status.conditions, READY).filter(|_| observed);
    let stalled = find(&status.conditions, STALLED).is_some_and(|c| c.status == "True");
    let failed = status.last_failure.as_ref().map(|f| f.reason.as_str());
    match ready {
        // Only another spec mends that.
        Some(ready) if stalled && ready.reason == Reason::InvalidSpec.as_str() => {
            let why = format!("cohortexport/{name} {}: {}", ready.reason, ready.message);
            Seen::Never(Error::new(why))
        }
        // How its last run ended keeps none from running anew; a connector that isn't ready does.
        Some(ready)
            if failed == Some(&ready.reason)
                && ready.reason != Reason::ConnectorNotReady.as_str() =>
        {
            Seen::Waiting(format!(
                "cohortexport/{name} waits for its turn, perhaps for a query of its project (kubectl \
                 mixtap budget); its last run ended {}: {}",
                ready.reason, ready.message
            ))
        }
        Some(ready) if ready.status != "True" => Seen::Waiting(format!(
            "cohortexport/{name} waits; {}: {}",
            ready.reason, ready.message
        )),
        _ => Seen::Waiting(format!("cohortexport/{name} waits for its turn")),
    }
}

/// Nobody can tell how the request ends, for this reason.
fn unknown(cluster: &Cluster, name: &str, request: &str, error: &Error) -> Ended {
    Ended {
        namespace: cluster.namespace.clone(),
        name: name.to_owned(),
        request: request.to_owned(),
        reason: "Unknown".to_owned(),
        message: error.to_string(),
        done: false,
        last_run: None,
    }
}

/// A list that stays in force keeps `Synced` True beside a failure, which `Ready` tells.
fn ended(export: &CohortExport, status: &CohortExportStatus, request: &str) -> Ended {
    let ready = find(&status.conditions, READY);
    let done = ready.is_some_and(|ready| ready.status == "True");
    let told = match done {
        true => find(&status.conditions, SYNCED),
        false => ready,
    };
    Ended {
        namespace: export.namespace().unwrap_or_default(),
        name: export.name_any(),
        request: request.to_owned(),
        reason: told.map_or_else(String::new, |c| c.reason.clone()),
        message: told.map_or_else(String::new, |c| c.message.clone()),
        done,
        last_run: status.last_run.clone().filter(|_| done),
    }
}

#[cfg(test)]
mod tests;
