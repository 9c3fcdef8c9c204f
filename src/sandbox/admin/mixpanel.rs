//! Mixpanel's projects, users and cohorts by HTTP.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{delete, get, put},
};
use serde_json::Value;

use super::{Answer, Office, done};
use crate::sandbox::mixpanel::{CohortChange, CohortSpec, Generator, ProjectSettings, User};

type Cohort = Path<(u64, u64)>;

pub(super) fn routes() -> Router<Office> {
    Router::new()
        .route("/mixpanel/{project}", put(set).get(settings).delete(remove))
        .route("/mixpanel/{project}/users", put(users))
        .route(
            "/mixpanel/{project}/cohorts/{cohort}",
            put(put_cohort)
                .patch(change_cohort)
                .get(members)
                .delete(delete_cohort),
        )
        .route(
            "/mixpanel/{project}/cohorts/{cohort}/generator",
            put(generate),
        )
        .route(
            "/mixpanel/{project}/queries",
            get(spent).post(spend).delete(forget),
        )
        .route("/mixpanel/{project}/sessions", delete(lose))
}

async fn set(
    State(office): State<Office>,
    Path(id): Path<u64>,
    Json(new): Json<ProjectSettings>,
) -> Answer<Value> {
    office.mixpanel.set_project(id, new);
    done(Ok(()))
}

async fn settings(State(office): State<Office>, Path(id): Path<u64>) -> Answer<ProjectSettings> {
    office.mixpanel.settings(id).map(Json)
}

async fn remove(State(office): State<Office>, Path(id): Path<u64>) -> Answer<Value> {
    done(office.mixpanel.remove_project(id))
}

async fn users(
    State(office): State<Office>,
    Path(id): Path<u64>,
    Json(new): Json<Vec<User>>,
) -> Answer<Value> {
    done(office.mixpanel.put_users(id, new))
}

async fn put_cohort(
    State(office): State<Office>,
    Path((id, cohort)): Cohort,
    Json(new): Json<CohortSpec>,
) -> Answer<Value> {
    done(office.mixpanel.put_cohort(id, cohort, new))
}

async fn change_cohort(
    State(office): State<Office>,
    Path((id, cohort)): Cohort,
    Json(change): Json<CohortChange>,
) -> Answer<Value> {
    done(office.mixpanel.change_cohort(id, cohort, change))
}

async fn members(State(office): State<Office>, Path((id, cohort)): Cohort) -> Answer<Vec<String>> {
    office.mixpanel.members(id, cohort).map(Json)
}

async fn delete_cohort(State(office): State<Office>, Path((id, cohort)): Cohort) -> Answer<Value> {
    done(office.mixpanel.delete_cohort(id, cohort))
}

async fn generate(
    State(office): State<Office>,
    Path((id, cohort)): Cohort,
    Json(new): Json<Generator>,
) -> Answer<Value> {
    done(office.mixpanel.generate(id, cohort, new))
}

async fn spent(State(office): State<Office>, Path(id): Path<u64>) -> Answer<usize> {
    office.mixpanel.spent_queries(id).map(Json)
}

async fn spend(
    State(office): State<Office>,
    Path(id): Path<u64>,
    Json(queries): Json<usize>,
) -> Answer<Value> {
    done(office.mixpanel.spend_queries(id, queries))
}

async fn forget(State(office): State<Office>, Path(id): Path<u64>) -> Answer<Value> {
    done(office.mixpanel.forget_queries(id))
}

async fn lose(State(office): State<Office>, Path(id): Path<u64>) -> Answer<Value> {
    done(office.mixpanel.lose_sessions(id))
}
