//! Which cohorts a project has.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::client::{Cost, Mixpanel};
use super::error::{Error, Failure};
use crate::http::{Answer, Call, Fault, join};

const LIST: Call = Call {
    vendor: "mixpanel",
    name: "cohorts_list",
    limit: 32 << 20,
    idle: Duration::from_secs(120),
    total: Duration::from_secs(300),
};
const APP: Call = Call {
    vendor: "mixpanel",
    name: "app_cohort",
    limit: 4 << 20,
    idle: Duration::from_secs(20),
    total: Duration::from_secs(30),
};

/// A cohort as Mixpanel names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cohort {
    pub id: i64,
    #[serde(default)]
    pub name: String,
    /// A stored figure: to be shown, never relied upon [doc]. Only `cohorts` gives it.
    #[serde(default)]
    pub count: Option<u64>,
    /// A cohort of groups (`data_group_id` isn't null), which cohort sync doesn't support [doc].
    #[serde(rename = "data_group_id", default, deserialize_with = "is_set")]
    pub group: bool,
}

/// What the App API says of a cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Existence {
    Found(Cohort),
    Absent,
    /// It can't be told this way.
    Unknown,
}

impl Mixpanel {
    /// All cohorts of the project: `POST /api/query/cohorts/list`, one query [own]. Also the
    /// check of the credentials.
    ///
    /// # Errors
    /// Any [`Error`] but those of a read, and `Stopped`.
    pub async fn cohorts(&self) -> Result<Vec<Cohort>, Error> {
        let request = || self.query_api(&["cohorts", "list"]);
        self.call(&LIST, Cost::Query, &|| Ok(()), request, |answer| {
            self.listed(answer)
        })
        .await
        .map_err(|error| match error {
            Error::IncompleteRead(detail) => Error::unavailable(detail),
            Error::PageTooLarge { limit } => Error::unavailable(Fault::TooLarge(limit).to_string()),
            error => error,
        })
    }

    /// One cohort by the App API, `GET /api/app/projects/{project}/cohorts/{id}`: outside the
    /// query budget [own]. One attempt; whatever is unexpected is `Unknown`.
    pub async fn cohort(&self, id: i64) -> Existence {
        let (project, id_text) = (self.source.project.to_string(), id.to_string());
        let path = ["api", "app", "projects", &project, "cohorts", &id_text];
        let url = join(&self.source.base, &path);
        let request = self.authorized(Method::GET, url);
        match self.http.send(&APP, request).await {
            Ok(answer) => existence(id, &answer),
            Err(_) => Existence::Unknown,
        }
    }

    /// Whether a cohort exists, by the App API or else by the list; `None` is proof that it
    /// doesn't. Where `rows` of it were read, only the list proves that.
    ///
    /// # Errors
    /// As [`Mixpanel::cohorts`]; where Mixpanel refuses to list, `Unavailable`: what can't be
    /// proven isn't gone.
    pub async fn prove(&self, id: i64, rows: bool) -> Result<Option<Cohort>, Error> {
        match self.cohort(id).await {
            Existence::Found(cohort) => return Ok(Some(cohort)),
            Existence::Absent if !rows => return Ok(None),
            Existence::Absent | Existence::Unknown => {}
        }
        match self.cohorts().await {
            Ok(cohorts) => Ok(cohorts.into_iter().find(|cohort| cohort.id == id)),
            Err(Error::Refused(said) | Error::NotFound(said)) => Err(Error::unavailable(format!(
                "it can't say whether the cohort exists{said}"
            ))),
            Err(error) => Err(error),
        }
    }

    fn listed(&self, answer: &Answer) -> Result<Vec<Cohort>, Failure> {
        parse(&answer.body).map_err(|_| {
            let said = self.said(&super::client::error_text(&answer.body), Cost::Query);
            Failure::Once(Error::unavailable(format!(
                "its list of cohorts can't be understood{said}"
            )))
        })
    }
}

/// A bare array [own].
pub(super) fn parse(list: &[u8]) -> serde_json::Result<Vec<Cohort>> {
    serde_json::from_slice(list)
}

/// `{"status":"ok","results":{...}}`; 404 = no such cohort [own], in the words of an API: a proxy's
/// page or an empty answer is none.
pub(super) fn existence(id: i64, answer: &Answer) -> Existence {
    #[derive(Deserialize)]
    struct Body {
        status: String,
        results: Cohort,
    }
    match answer.status.as_u16() {
        200 => match serde_json::from_slice(&answer.body) {
            Ok(Body { status, results })
                if status == "ok" && results.id == id && !results.name.is_empty() =>
            {
                Existence::Found(results)
            }
            _ => Existence::Unknown,
        },
        404 => match serde_json::from_slice::<Map<String, Value>>(&answer.body) {
            Ok(body) if body.contains_key("error") || body.contains_key("status") => {
                Existence::Absent
            }
            _ => Existence::Unknown,
        },
        _ => Existence::Unknown,
    }
}

fn is_set<'de, D: serde::Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(value)?.is_some())
}
