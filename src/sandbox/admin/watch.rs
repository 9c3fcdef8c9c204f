//! Faults and records by HTTP.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Office, Waited, done};
use crate::sandbox::{
    NotThere,
    calls::Call,
    faults::{Fault, FaultId, FaultView},
    record::{RequestRecord, Summary},
};

#[derive(Deserialize)]
struct Scope {
    #[serde(default)]
    scope: String,
}

#[derive(Deserialize)]
struct MaybeScope {
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Hits {
    hits: Option<u64>,
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Arrivals {
    scope: String,
    call: Call,
    status: Option<u16>,
    count: Option<u64>,
    timeout_ms: Option<u64>,
}

pub(super) fn routes() -> Router<Office> {
    Router::new()
        .route("/faults", get(all).post(add).delete(clear))
        .route("/faults/{id}", get(one).delete(remove))
        .route("/faults/{id}/wait", get(wait_hits))
        .route("/faults/{id}/release", post(release))
        .route("/requests", get(summary).delete(reset))
        .route("/requests/log", get(log))
        .route("/requests/bodies", put(bodies))
        .route("/requests/wait", get(wait_requests))
}

async fn all(State(office): State<Office>) -> Json<Vec<FaultView>> {
    Json(office.faults.all())
}

async fn add(State(office): State<Office>, Json(fault): Json<Fault>) -> Answer<FaultView> {
    let id = office.faults.add(fault);
    one(State(office), Path(id)).await
}

async fn clear(State(office): State<Office>, Query(asked): Query<MaybeScope>) -> Answer<Value> {
    office.faults.clear(asked.scope.as_deref());
    done(Ok(()))
}

async fn one(State(office): State<Office>, Path(id): Path<FaultId>) -> Answer<FaultView> {
    office.faults.get(id).map(Json).ok_or(NotThere("fault"))
}

async fn remove(State(office): State<Office>, Path(id): Path<FaultId>) -> Answer<Value> {
    done(
        office
            .faults
            .remove(id)
            .then_some(())
            .ok_or(NotThere("fault")),
    )
}

async fn release(State(office): State<Office>, Path(id): Path<FaultId>) -> Answer<Value> {
    done(
        office
            .faults
            .release(id)
            .then_some(())
            .ok_or(NotThere("fault")),
    )
}

async fn wait_hits(
    State(office): State<Office>,
    Path(id): Path<FaultId>,
    Query(asked): Query<Hits>,
) -> Json<Waited> {
    let hit = office.faults.wait_hits(id, asked.hits.unwrap_or(1));
    let waited = tokio::time::timeout(patience(asked.timeout_ms), hit).await;
    Json(Waited {
        reached: waited.unwrap_or(false),
    })
}

async fn summary(State(office): State<Office>, Query(asked): Query<Scope>) -> Json<Summary> {
    Json(office.requests.summary(asked.scope))
}

async fn reset(State(office): State<Office>, Query(asked): Query<Scope>) -> Answer<Value> {
    office.requests.reset(asked.scope);
    done(Ok(()))
}

async fn log(State(office): State<Office>, Query(asked): Query<Scope>) -> Json<Vec<RequestRecord>> {
    Json(office.requests.log(asked.scope))
}

async fn bodies(
    State(office): State<Office>,
    Query(asked): Query<Scope>,
    Json(keep): Json<bool>,
) -> Answer<Value> {
    office.requests.keep_bodies(asked.scope, keep);
    done(Ok(()))
}

async fn wait_requests(
    State(office): State<Office>,
    Query(asked): Query<Arrivals>,
) -> Json<Waited> {
    let (requests, count) = (&office.requests, asked.count.unwrap_or(1));
    let reached = async {
        match asked.status {
            Some(status) => {
                requests
                    .wait_answered(&asked.scope, asked.call, status, count)
                    .await
            }
            None => requests.wait_for(&asked.scope, asked.call, count).await,
        }
    };
    let waited = tokio::time::timeout(patience(asked.timeout_ms), reached).await;
    Json(Waited {
        reached: waited.is_ok(),
    })
}

pub(super) fn patience(timeout_ms: Option<u64>) -> Duration {
    Duration::from_millis(timeout_ms.unwrap_or(30_000).min(60_000))
}
