//! The admin API: what the handles of [`Sandbox`](super::Sandbox) offer, for other processes.
//! JSON in and out; 404 with `{"error"}` where something isn't there.
//!
//! | Route | Body -> answer |
//! |---|---|
//! | `GET /` | -> [`Urls`] |
//! | `PUT /mixpanel/{project}` | [`ProjectSettings`](super::mixpanel::ProjectSettings); cohorts and users stay |
//! | `GET` `DELETE /mixpanel/{project}` | settings; all of it goes |
//! | `PUT /mixpanel/{project}/users` | list of [`User`](super::mixpanel::User) |
//! | `PUT /mixpanel/{project}/cohorts/{cohort}` | [`CohortSpec`](super::mixpanel::CohortSpec) |
//! | `PATCH /mixpanel/{project}/cohorts/{cohort}` | [`CohortChange`](super::mixpanel::CohortChange): rename, set, add, remove |
//! | `GET` `DELETE /mixpanel/{project}/cohorts/{cohort}` | -> list of member ids; the cohort goes |
//! | `PUT /mixpanel/{project}/cohorts/{cohort}/generator` | [`Generator`](super::mixpanel::Generator): its members and no others |
//! | `GET` `DELETE /mixpanel/{project}/queries` | -> number spent in the window; empties it |
//! | `POST /mixpanel/{project}/queries` | number that others spend |
//! | `DELETE /mixpanel/{project}/sessions` | all cached queries go |
//! | `PUT /clevertap/{account}` | [`AccountSettings`](super::clevertap::AccountSettings); contents stay |
//! | `GET` `DELETE /clevertap/{account}` | -> [`AccountView`](super::clevertap::AccountView); all of it goes |
//! | `PUT /clevertap/{account}/known` | list of identities that have a profile of old |
//! | `GET /clevertap/{account}/segment?name=[&counts=true]` | -> [`SegmentView`](super::clevertap::SegmentView), or only its counts |
//! | `GET /clevertap/{account}/csv?name=&which=processed\|uploaded` | -> the file's bytes |
//! | `POST /clevertap/{account}/process` | -> number of lists processed |
//! | `GET /clevertap/{account}/settled?timeout_ms=` | waits until no accepted list is left to process -> [`Waited`] |
//! | `DELETE /clevertap/{account}/urls` | presigned URLs expire |
//! | `GET /faults` `DELETE /faults[?scope=]` | -> list of [`FaultView`](super::faults::FaultView); removes them |
//! | `POST /faults` | [`Fault`](super::faults::Fault) -> [`FaultView`](super::faults::FaultView) |
//! | `GET` `DELETE /faults/{id}` | -> [`FaultView`](super::faults::FaultView); removed: what it holds is reset |
//! | `GET /faults/{id}/wait?hits=1&timeout_ms=` | waits for so many hits -> [`Waited`] |
//! | `POST /faults/{id}/release` | what it holds goes on |
//! | `GET` `DELETE /requests?scope=` | -> [`Summary`](super::record::Summary); counts anew |
//! | `GET /requests/log?scope=` | -> list of [`RequestRecord`](super::record::RequestRecord) |
//! | `PUT /requests/bodies?scope=` | `true` or `false`: keep bodies |
//! | `GET /requests/wait?scope=&call=[&status=]&count=1&timeout_ms=` | waits for so many requests, or so many answered -> [`Waited`] |
//!
//! `scope` is a Mixpanel project id or a CleverTap account id. Waits end after `timeout_ms`,
//! 30,000 unless told, 60,000 at most.

mod clevertap;
mod mixpanel;
mod watch;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    NotThere, Urls, clevertap::CleverTapState, faults::Faults, mixpanel::MixpanelState,
    record::Recorder,
};

/// Whether what was waited for came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waited {
    pub reached: bool,
}

#[derive(Clone)]
pub(super) struct Office {
    pub urls: Urls,
    pub mixpanel: MixpanelState,
    pub clevertap: CleverTapState,
    pub faults: Faults,
    pub requests: Recorder,
}

pub(super) fn router(office: Office) -> Router {
    Router::new()
        .route(
            "/",
            get(async |State(office): State<Office>| Json(office.urls)),
        )
        .merge(mixpanel::routes())
        .merge(clevertap::routes())
        .merge(watch::routes())
        .with_state(office)
}

impl IntoResponse for NotThere {
    fn into_response(self) -> Response {
        (
            StatusCode::NOT_FOUND,
            Json(json!({ "error": self.to_string() })),
        )
            .into_response()
    }
}

/// JSON, or what isn't there.
type Answer<T> = Result<Json<T>, NotThere>;

/// An empty object where the change is all there is to say.
fn done(result: Result<(), NotThere>) -> Answer<serde_json::Value> {
    result.map(|()| Json(json!({})))
}
