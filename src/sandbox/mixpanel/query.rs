//! The form of engage and engage/stats, read as strictly as it may be meant.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use crate::sandbox::answer::Answer;

/// A query's form fields, understood.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Query {
    pub cohort: Option<u64>,
    pub distinct_id: Option<String>,
    pub include_all_users: bool,
    pub output_properties: Option<Vec<String>>,
    pub page: u64,
    pub page_size: Option<usize>,
    pub limit: Option<usize>,
    pub session_id: Option<String>,
    /// All fields but `page` and `session_id`, and the URL's: what a session is bound to.
    pub filters: String,
}

const ENGAGE: &[&str] = &[
    "filter_by_cohort",
    "include_all_users",
    "output_properties",
    "page",
    "session_id",
    "page_size",
    "limit",
    "distinct_id",
];
const STATS: &[&str] = &["action", "filter_by_cohort", "include_all_users"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CohortFilter {
    id: u64,
}

/// Name and value of a form or of a URL's query; of a repeated name the last one.
pub(super) fn fields(text: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// The fields of a form body; none where the body isn't declared as a form.
pub(super) fn form(headers: &HeaderMap, body: &[u8]) -> BTreeMap<String, String> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if is_form {
        fields(body)
    } else {
        BTreeMap::new()
    }
}

/// The page that an engage form asks for; 0 where it is unreadable.
pub(super) fn page(form: &BTreeMap<String, String>) -> u64 {
    form.get("page")
        .and_then(|page| page.parse().ok())
        .unwrap_or(0)
}

/// What an engage form asks for.
pub(super) fn engage(form: BTreeMap<String, String>, url: &str) -> Result<Query, Answer> {
    read(form, url, ENGAGE)
}

/// What an engage/stats form asks for: only the number of rows.
pub(super) fn stats(form: BTreeMap<String, String>, url: &str) -> Result<Query, Answer> {
    if form.get("action").map(String::as_str) != Some("count()") {
        return Err(refuse("action must be count()"));
    }
    read(form, url, STATS)
}

fn read(mut form: BTreeMap<String, String>, url: &str, known: &[&str]) -> Result<Query, Answer> {
    if let Some(name) = form.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(refuse(&format!("unknown parameter {name}")));
    }
    let page = number(form.remove("page"), "page")?.unwrap_or(0);
    let session_id = form.remove("session_id").filter(|id| !id.is_empty());
    let filters = format!("{url} {form:?}");
    let cohort = match form.remove("filter_by_cohort") {
        None => None,
        Some(text) => match serde_json::from_str::<CohortFilter>(&text) {
            Ok(filter) => Some(filter.id),
            Err(_) => return Err(refuse("filter_by_cohort must be like {\"id\":1}")),
        },
    };
    let include_all_users = match form.remove("include_all_users").as_deref() {
        // The server's own default [doc].
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(refuse("include_all_users must be true or false")),
    };
    let output_properties = match form.remove("output_properties") {
        None => None,
        Some(text) => match serde_json::from_str(&text) {
            Ok(names) => Some(names),
            Err(_) => return Err(refuse("output_properties must be a list of names")),
        },
    };
    let distinct_id = form.remove("distinct_id");
    if cohort.is_none() && distinct_id.is_none() {
        return Err(refuse(
            "this stand-in answers for a cohort or for one user only",
        ));
    }
    let page_size = number(form.remove("page_size"), "page_size")?;
    let limit = number(form.remove("limit"), "limit")?;
    Ok(Query {
        cohort,
        distinct_id,
        include_all_users,
        output_properties,
        page,
        page_size,
        limit,
        session_id,
        filters,
    })
}

fn number<T: std::str::FromStr>(text: Option<String>, name: &str) -> Result<Option<T>, Answer> {
    let parse = |text: String| {
        text.parse()
            .map_err(|_| refuse(&format!("{name} must be a number")))
    };
    text.map(parse).transpose()
}

/// A 400 in Mixpanel's form.
pub(super) fn refuse(error: &str) -> Answer {
    Answer::json(400, &json!({ "error": error, "status": "error" }))
}
