//! cohorts/list, and one cohort by the App API.

use axum::{
    body::Body,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, Response},
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Desk, cohort::Cohort, error, project::Project};
use crate::sandbox::{
    answer::Answer,
    calls::{Call, Seen},
    gate::Leave,
    wire::Line,
};

/// All cohorts of the project: a bare array \[own\].
pub(super) fn list(project: &Project, id: u64) -> Answer {
    let cohorts = project
        .cohorts
        .iter()
        .map(|(cohort, found)| show(id, *cohort, found));
    Answer::json(200, &cohorts.collect::<Vec<_>>())
}

/// `GET /api/app/projects/{project}/cohorts/{cohort}`: outside the query budget \[own\].
pub(super) async fn app_call(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path((project, cohort)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let seen = Seen::new(Call::AppCohort, project.clone(), &body);
    let id = project.parse().unwrap_or(0);
    let admit = || {
        let leave: Leave = Box::new(|_| {});
        desk.authenticate(id, &headers).map(|_| leave)
    };
    let state = desk.state.clone();
    let work = move |_| {
        let find = |project: &mut Project| {
            let number = cohort.parse().ok()?;
            Some(show(id, number, project.cohorts.get(&number)?))
        };
        match state.with(id, find) {
            Ok(Some(found)) => Answer::json(200, &json!({ "status": "ok", "results": found })),
            Ok(None) => error(404, "cohort not found"),
            Err(_) => error(403, "no access to this project"),
        }
    };
    desk.gate
        .pass(seen, desk.state.latency(id), line, admit, work)
        .await
}

fn show(project: u64, id: u64, cohort: &Cohort) -> Value {
    json!({
        "id": id,
        "project_id": project,
        "name": cohort.name,
        "description": "",
        "count": cohort.count(),
        "is_visible": 1,
        "created": "2024-03-19 23:49:51",
        "data_group_id": cohort.data_group_id,
    })
}
