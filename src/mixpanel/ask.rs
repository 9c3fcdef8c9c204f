//! What is asked of engage for one page.

use super::client::Cost;
use super::engage::{FIRST, LATER, Query, ReadEnd};
use super::error::Error;
use crate::http::Call;

/// One page to ask for; by default page 0, which begins a session.
#[derive(Default)]
pub(super) struct Ask<'a> {
    pub number: u64,
    pub session: Option<&'a str>,
    /// The size to ask for, if any.
    pub page_size: Option<u32>,
    /// Rows of a full page, once that is known.
    pub rows: Option<u64>,
}

impl Ask<'_> {
    /// The kind of call, and what it costs.
    pub fn call(&self) -> (&'static Call, Cost) {
        match self.session {
            None => (&FIRST, Cost::Query),
            Some(_) => (&LATER, Cost::Page),
        }
    }

    /// What an error means for the session.
    pub fn end(&self, error: Error) -> ReadEnd {
        match (self.session, error) {
            (None, error) => ReadEnd::Failed(error),
            // It is a cached query and can vanish [doc]: what of 4xx has no meaning of its own
            // says so.
            (_, Error::Refused(said) | Error::NotFound(said)) => {
                ReadEnd::Broken(format!("the session was lost{said}"))
            }
            (_, Error::IncompleteRead(why)) => ReadEnd::Broken(why),
            (_, error) => ReadEnd::Failed(error),
        }
    }
}

impl Query {
    /// Every filter is resent on every page [doc]; `limit` never is, for it truncates [seen].
    pub(super) fn form<'a>(&self, ask: &Ask<'a>) -> Vec<(&'static str, String)> {
        let cohort = serde_json::json!({ "id": self.cohort });
        let properties = serde_json::json!(self.properties);
        let mut form = vec![
            ("filter_by_cohort", cohort.to_string()),
            // The server's default also returns members without a profile [doc].
            ("include_all_users", "false".to_owned()),
            ("output_properties", properties.to_string()),
            ("page", ask.number.to_string()),
        ];
        form.extend(
            ask.session
                .map(|session| ("session_id", session.to_owned())),
        );
        form.extend(ask.page_size.map(|size| ("page_size", size.to_string())));
        form
    }
}
