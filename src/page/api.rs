//! The JSON API. Every answer is an object; what goes wrong is `{"error": "..."}`.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::view::{History, Leading, Page, View};
use crate::domain::Failure;
use crate::state::ExportKey;

/// The routes below `/api/v1`.
pub(super) fn routes() -> Router<Page> {
    Router::new()
        .route("/budget", get(budget))
        .route("/exports/{namespace}/{name}/history", get(history))
        .route("/exports/{namespace}/{name}/base", get(base))
        .route(
            "/exports/{namespace}/{name}/listed/{fingerprint}",
            get(listed),
        )
        .fallback(async || Refusal(StatusCode::NOT_FOUND, "nothing is here".to_owned()))
}

/// Why there is no answer, as people are told.
pub(super) struct Refusal(pub StatusCode, pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// What an address names, or a refusal in JSON.
struct Named<T>(T);

impl<S: Sync, T: Send> FromRequestParts<S> for Named<T>
where
    Path<T>: FromRequestParts<S, Rejection = PathRejection>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let named = Path::from_request_parts(parts, state).await;
        named.map(|Path(named)| Self(named)).map_err(|_| {
            let error = "the names in the address must be UTF-8";
            Refusal(StatusCode::BAD_REQUEST, error.to_owned())
        })
    }
}

async fn budget(State(page): State<Page>) -> Result<Response, Refusal> {
    let view = &leader(&page)?.view;
    Ok(Json((view.budgets)()).into_response())
}

async fn history(
    State(page): State<Page>,
    Named((namespace, name)): Named<(String, String)>,
) -> Result<Response, Refusal> {
    let leading = leader(&page)?;
    let key = export(&leading.view, &namespace, &name)?;
    let runs = leading.history(&key).await.map_err(unavailable)?;
    let history = History {
        namespace,
        name,
        runs,
    };
    Ok(Json(history).into_response())
}

async fn base(
    State(page): State<Page>,
    Named((namespace, name)): Named<(String, String)>,
) -> Result<Response, Refusal> {
    let view = &leader(&page)?.view;
    let key = export(view, &namespace, &name)?;
    let base = (view.base)(&key).await.map_err(unavailable)?;
    let body = json!({ "namespace": namespace, "name": name, "base": base });
    Ok(Json(body).into_response())
}

async fn listed(
    State(page): State<Page>,
    Named((namespace, name, fingerprint)): Named<(String, String, String)>,
) -> Result<Response, Refusal> {
    let view = &leader(&page)?.view;
    let fingerprint = digits(&fingerprint).ok_or_else(|| {
        let error = "a fingerprint has 32 hexadecimal digits";
        Refusal(StatusCode::BAD_REQUEST, error.to_owned())
    })?;
    let key = export(view, &namespace, &name)?;
    let listed = (view.listed)(&key, fingerprint).await;
    let body = json!({ "listed": listed.map_err(unavailable)? });
    Ok(Json(body).into_response())
}

fn digits(text: &str) -> Option<[u8; 16]> {
    let plain = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| plain);
    number.map(u128::to_be_bytes)
}

/// What is served, or why nothing is.
pub(super) fn leader(page: &Page) -> Result<&Leading, Refusal> {
    page.leading().ok_or_else(|| {
        let error = "this controller doesn't lead, or has just begun to: ask the one that the Lease \
                     names, or again in a moment";
        Refusal(StatusCode::SERVICE_UNAVAILABLE, error.to_owned())
    })
}

fn export(view: &View, namespace: &str, name: &str) -> Result<ExportKey, Refusal> {
    (view.export)(namespace, name).ok_or_else(|| {
        let error = "the controller sees no CohortExport of this name in this namespace";
        Refusal(StatusCode::NOT_FOUND, error.to_owned())
    })
}

fn unavailable(failure: Failure) -> Refusal {
    Refusal(StatusCode::SERVICE_UNAVAILABLE, failure.message)
}
