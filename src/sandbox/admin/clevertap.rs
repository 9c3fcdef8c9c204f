//! CleverTap's accounts, profiles and segments by HTTP.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::header,
    response::IntoResponse,
    routing::{delete, get, post, put},
};
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Office, Waited, done, watch::patience};
use crate::sandbox::{
    NotThere,
    clevertap::{AccountSettings, AccountView, SegmentView, Which},
};

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    counts: bool,
}

#[derive(Deserialize)]
struct Patience {
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    which: Which,
}

pub(super) fn routes() -> Router<Office> {
    Router::new()
        .route("/clevertap/{account}", put(set).get(view).delete(remove))
        .route("/clevertap/{account}/known", put(known))
        .route("/clevertap/{account}/segment", get(segment))
        .route("/clevertap/{account}/csv", get(csv))
        .route("/clevertap/{account}/process", post(process))
        .route("/clevertap/{account}/settled", get(settled))
        .route("/clevertap/{account}/urls", delete(expire))
}

async fn set(
    State(office): State<Office>,
    Path(account): Path<String>,
    Json(new): Json<AccountSettings>,
) -> Answer<Value> {
    office.clevertap.set_account(&account, new);
    done(Ok(()))
}

async fn view(State(office): State<Office>, Path(account): Path<String>) -> Answer<AccountView> {
    office.clevertap.view(&account).map(Json)
}

async fn remove(State(office): State<Office>, Path(account): Path<String>) -> Answer<Value> {
    done(office.clevertap.remove_account(&account))
}

async fn known(
    State(office): State<Office>,
    Path(account): Path<String>,
    Json(ids): Json<Vec<String>>,
) -> Answer<Value> {
    done(office.clevertap.add_known(&account, ids))
}

async fn segment(
    State(office): State<Office>,
    Path(account): Path<String>,
    Query(asked): Query<Named>,
) -> Answer<SegmentView> {
    let segment = if asked.counts {
        office.clevertap.segment_counts(&account, &asked.name)
    } else {
        office.clevertap.segment(&account, &asked.name)
    };
    segment.map(Json)
}

async fn csv(
    State(office): State<Office>,
    Path(account): Path<String>,
    Query(asked): Query<File>,
) -> Result<impl IntoResponse, NotThere> {
    let bytes = office.clevertap.csv(&account, &asked.name, asked.which)?;
    Ok(([(header::CONTENT_TYPE, "text/csv")], bytes))
}

async fn process(State(office): State<Office>, Path(account): Path<String>) -> Answer<usize> {
    office.clevertap.process_pending(&account).map(Json)
}

async fn settled(
    State(office): State<Office>,
    Path(account): Path<String>,
    Query(asked): Query<Patience>,
) -> Json<Waited> {
    let settled = office.clevertap.settled(&account);
    let waited = tokio::time::timeout(patience(asked.timeout_ms), settled).await;
    Json(Waited {
        reached: waited.is_ok(),
    })
}

async fn expire(State(office): State<Office>, Path(account): Path<String>) -> Answer<Value> {
    done(office.clevertap.expire_urls(&account))
}
