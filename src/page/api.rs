//! The JSON API. Every answer is an object; what goes wrong is `{"error": "..."}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::view::{History, Page, View};
use crate::domain::Failure;
use crate::state::ExportKey;

/// The routes below `/api/v1`.
pub(super) fn routes() -> Router<Page> {
    Router::new()
        .route("/budget", get(budget))
        .route("/exports/{namespace}/{name}/history", get(history))
        .route("/exports/{namespace}/{name}/base", get(base))
}

/// Why there is no answer, as people are told.
pub(super) fn refuse(status: StatusCode, error: impl Into<String>) -> Response {
    (status, Json(json!({ "error": error.into() }))).into_response()
}

async fn budget(State(page): State<Page>) -> Result<Response, Response> {
    let view = leader(&page)?;
    Ok(Json((view.budgets)()).into_response())
}

async fn history(
    State(page): State<Page>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Response, Response> {
    let view = leader(&page)?;
    let key = export(view, &namespace, &name)?;
    let runs = view.state.history(&key).await;
    let runs = runs.map_err(|error| unavailable(&error.failure()))?;
    let history = History {
        namespace,
        name,
        runs,
    };
    Ok(Json(history).into_response())
}

async fn base(
    State(page): State<Page>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Response, Response> {
    let view = leader(&page)?;
    let key = export(view, &namespace, &name)?;
    let base = (view.base)(&key).await;
    let base = base.map_err(|failure| unavailable(&failure))?;
    let body = json!({ "namespace": namespace, "name": name, "base": base });
    Ok(Json(body).into_response())
}

fn leader(page: &Page) -> Result<&View, Response> {
    let other = "this controller doesn't lead: ask the pod that the Lease names";
    let refused = || refuse(StatusCode::SERVICE_UNAVAILABLE, other);
    page.view().ok_or_else(refused)
}

fn export(view: &View, namespace: &str, name: &str) -> Result<ExportKey, Response> {
    (view.export)(namespace, name).ok_or_else(|| {
        let error = "the controller sees no CohortExport of this name in this namespace";
        refuse(StatusCode::NOT_FOUND, error)
    })
}

fn unavailable(failure: &Failure) -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, &failure.message)
}
