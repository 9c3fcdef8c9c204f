//! The stand-in of Mixpanel: the four calls of the Query API and the App API, never kinder than
//! the live service. Each region answers at a base URL of its own.

mod auth;
mod budget;
mod cohort;
mod cohorts;
mod engage;
mod generator;
mod people;
mod project;
mod query;
mod rows;
mod sessions;
mod settings;
mod template;
mod world;

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, RawQuery, State},
    http::{HeaderMap, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::json;

use super::{
    answer::{Answer, Delivery},
    calls::{Call, Seen},
    gate::Gate,
    wire::Line,
};
use auth::Params;
pub use generator::Generator;
pub use people::{CohortChange, CohortSpec, DistinctId, User};
use project::Project;
pub use settings::{LaterPages, ProjectSettings, Region, Role, ServiceAccount, UnknownCohort};
pub use world::MixpanelState;

const ENGAGE: &str = "/api/query/engage";
const STATS: &str = "/api/query/engage/stats";
const LIST: &str = "/api/query/cohorts/list";

/// One region's front.
#[derive(Clone)]
pub(super) struct Desk {
    pub region: Region,
    pub state: MixpanelState,
    pub gate: Gate,
}

pub(super) fn router(desk: Desk) -> Router {
    Router::new()
        .route(ENGAGE, post(engage_call))
        .route(STATS, post(stats_call))
        .route(LIST, post(list_call))
        .route(
            "/api/app/projects/{project}/cohorts/{cohort}",
            get(cohorts::app_call),
        )
        .fallback(async |ConnectInfo(line): ConnectInfo<Line>| {
            error(404, "no such path").send(Delivery::Whole, line)
        })
        .with_state(desk)
}

async fn engage_call(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<Line>,
    RawQuery(url): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let form = query::form(&headers, &body);
    let page = query::page(&form);
    let url = Params::read(url);
    let call = if page == 0 {
        Call::Engage
    } else {
        Call::EngagePage
    };
    let seen = Seen {
        page: Some(page),
        ..Seen::new(call, url.project_text(), &body)
    };
    let state = desk.state.clone();
    let admit = || desk.admit(&url, &headers, ENGAGE, call == Call::Engage);
    let (project, text) = (url.project(), url.text.clone());
    desk.gate
        .pass(
            seen,
            desk.state.latency(project),
            line,
            admit,
            move |tweaks| {
                let answer = || {
                    let query = query::engage(form, &text)?;
                    let find = |project: &mut Project| engage::find(project, &query, tweaks);
                    Ok(work(&state, project, find)?.show(&query, tweaks))
                };
                answer().unwrap_or_else(|refusal| refusal)
            },
        )
        .await
}

async fn stats_call(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<Line>,
    RawQuery(url): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let url = Params::read(url);
    let seen = Seen::new(Call::EngageStats, url.project_text(), &body);
    let state = desk.state.clone();
    let admit = || desk.admit(&url, &headers, STATS, true);
    let (project, text, form) = (
        url.project(),
        url.text.clone(),
        query::form(&headers, &body),
    );
    desk.gate
        .pass(seen, desk.state.latency(project), line, admit, move |_| {
            let answer = || {
                let query = query::stats(form, &text)?;
                work(&state, project, |project| engage::stats(project, &query))
            };
            answer().unwrap_or_else(|refusal| refusal)
        })
        .await
}

async fn list_call(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<Line>,
    RawQuery(url): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let url = Params::read(url);
    let seen = Seen::new(Call::CohortsList, url.project_text(), &body);
    let state = desk.state.clone();
    let admit = || desk.admit(&url, &headers, LIST, true);
    let id = url.project();
    desk.gate
        .pass(seen, desk.state.latency(id), line, admit, move |_| {
            let list = |project: &mut Project| Ok(cohorts::list(project, id));
            work(&state, id, list).unwrap_or_else(|refusal| refusal)
        })
        .await
}

fn work<T>(
    state: &MixpanelState,
    project: u64,
    act: impl FnOnce(&mut Project) -> Result<T, Answer>,
) -> Result<T, Answer> {
    state
        .with(project, act)
        .unwrap_or_else(|_| Err(error(403, "no access to this project")))
}

fn error(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "error": text, "status": "error" }))
}
