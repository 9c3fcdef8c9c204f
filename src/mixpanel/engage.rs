//! The members of a cohort: one session of engage, page by page.

use std::time::Duration;

use futures::{StreamExt as _, stream};

use super::client::{Cost, Mixpanel};
use super::error::{Error, Failure};
use super::page::{Member, NoPage, Page};
use super::tally::{Mismatch, Tally};
use crate::http::{Answer, Call, Gate};

/// Pages of a session under way at once; Mixpanel's own clients use 2 to 5 [own].
const PARALLEL: usize = 3;

/// Members that a read may have: they are all in memory until its run ends.
pub(super) const MAX_MEMBERS: u64 = 200_000;

/// Page 0, which may take minutes before its first byte [doc].
const FIRST: Call = Call {
    vendor: "mixpanel",
    name: "engage",
    limit: 64 << 20,
    idle: Duration::from_secs(300),
    total: Duration::from_secs(1800),
};
const LATER: Call = Call {
    name: "engage_page",
    ..FIRST
};

/// Which users are read, and what of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Mixpanel cohort id.
    pub cohort: i64,
    /// The properties to ask for: identity and profile. Few of them is a large gain [doc].
    pub properties: Vec<String>,
}

/// How a session ends early.
enum Trouble {
    Failed(Error),
    /// It was lost or doesn't add up: a new one may do better.
    Broken(String),
}

impl Mixpanel {
    /// All identified members of a cohort, distinct by `distinct_id` and in Mixpanel's order: one query of the budget, two if the session is
    /// lost or its pages don't add up, for it is then read once more from page 0. The gate is
    /// asked before every page.
    ///
    /// Nobody has published what an unknown cohort answers: it may be `Refused`, `NotFound`,
    /// `IncompleteRead` or an empty read, and [`Mixpanel::prove`] tells.
    ///
    /// # Errors
    /// Any [`Error`]; `IncompleteRead` where even the second read doesn't add up.
    pub async fn read(&self, query: &Query, gate: &Gate<'_>) -> Result<Vec<Member>, Error> {
        match self.session(query, gate).await {
            Ok(members) => return Ok(members),
            Err(Trouble::Failed(error)) => return Err(error),
            Err(Trouble::Broken(why)) => {
                tracing::info!(cohort = query.cohort, why, "reading again")
            }
        }
        match self.session(query, gate).await {
            Ok(members) => Ok(members),
            Err(Trouble::Failed(error)) => Err(error),
            Err(Trouble::Broken(why)) => Err(Error::IncompleteRead(why)),
        }
    }

    async fn session(&self, query: &Query, gate: &Gate<'_>) -> Result<Vec<Member>, Trouble> {
        let first = self
            .page(query, None, 0, gate)
            .await
            .map_err(Trouble::Failed)?;
        if let Some(total) = first.total.filter(|total| *total > MAX_MEMBERS) {
            return Err(Trouble::Failed(Error::TooManyMembers { total }));
        }
        let mut tally = Tally::start(first)?;
        let pages = tally.expected().saturating_sub(1);
        let _reserved = (self.budget.reserve_pages(pages)).map_err(Trouble::Failed)?;
        if let Some(session) = tally.session().map(str::to_owned) {
            let numbers = stream::iter(1..tally.expected());
            let mut pages = numbers
                .map(|number| self.page(query, Some(&session), number, gate))
                .buffered(PARALLEL);
            while let Some(page) = pages.next().await {
                tally.add(page.map_err(later)?)?;
            }
            if let Some(number) = tally.beyond()
                && !self.ends_before(query, &session, number, gate).await?
            {
                return Err(Mismatch("there are more members than the total").into());
            }
        }
        Ok(tally.finish(self.options.total_check)?)
    }

    async fn page(
        &self,
        query: &Query,
        session: Option<&str>,
        number: u64,
        gate: &Gate<'_>,
    ) -> Result<Page, Error> {
        let form = self.form(query, session, number);
        let request = || self.query_api(&["engage"]).form(&form);
        let (call, cost) = match session {
            None => (&FIRST, Cost::Query),
            Some(_) => (&LATER, Cost::Page),
        };
        let read = |answer: &Answer| self.readable(query, cost, answer);
        self.call(call, cost, gate, request, read).await
    }

    /// Whether the session has no rows on this page. Nobody has published what is answered there:
    /// an empty page, an error and a refusal say the same.
    async fn ends_before(
        &self,
        query: &Query,
        session: &str,
        number: u64,
        gate: &Gate<'_>,
    ) -> Result<bool, Trouble> {
        let form = self.form(query, Some(session), number);
        let request = || self.query_api(&["engage"]).form(&form);
        let read = |answer: &Answer| match Page::parse(&answer.body, &[]) {
            Ok(page) => Ok(page.members.is_empty()),
            Err(NoPage::Error(_) | NoPage::NoResults) => Ok(true),
            Err(NoPage::NoId) => Ok(false),
            Err(NoPage::Garbled) => Err(Failure::Again(garbled())),
        };
        match self.call(&LATER, Cost::Page, gate, request, read).await {
            Err(Error::Refused(_) | Error::NotFound(_)) => Ok(true),
            ended => ended.map_err(later),
        }
    }

    /// Every filter is resent on every page [doc]; `limit` never is, for it truncates [seen].
    fn form(&self, query: &Query, session: Option<&str>, number: u64) -> Vec<(&str, String)> {
        let cohort = serde_json::json!({ "id": query.cohort });
        let mut form = vec![
            ("filter_by_cohort", cohort.to_string()),
            // The server's default also returns members without a profile [doc].
            ("include_all_users", "false".to_owned()),
            (
                "output_properties",
                serde_json::json!(query.properties).to_string(),
            ),
            ("page", number.to_string()),
        ];
        form.extend(session.map(|session| ("session_id", session.to_owned())));
        form.extend(
            self.options
                .page_size
                .map(|size| ("page_size", size.to_string())),
        );
        form
    }

    fn readable(&self, query: &Query, cost: Cost, answer: &Answer) -> Result<Page, Failure> {
        Page::parse(&answer.body, &query.properties).map_err(|no_page| match no_page {
            // A query each time, and the same again more often than not.
            NoPage::Garbled if cost == Cost::Query => Failure::Once(garbled()),
            NoPage::Garbled => Failure::Again(garbled()),
            NoPage::Error(text) => Failure::Final(Error::IncompleteRead(format!(
                "an answer is an error{}",
                self.said(&text, cost)
            ))),
            NoPage::NoResults => unusable("a page has no results"),
            NoPage::NoId => unusable("a row has no usable $distinct_id"),
        })
    }
}

fn garbled() -> Error {
    Error::IncompleteRead("an answer can't be understood".to_owned())
}

fn unusable(why: &str) -> Failure {
    Failure::Final(Error::IncompleteRead(why.to_owned()))
}

impl From<Mismatch> for Trouble {
    fn from(Mismatch(why): Mismatch) -> Self {
        Self::Broken(why.to_owned())
    }
}

/// A session is a cached query and can vanish [doc]: what of 4xx has no meaning of its own says so.
fn later(error: Error) -> Trouble {
    match error {
        Error::Refused(said) | Error::NotFound(said) => {
            Trouble::Broken(format!("the session was lost{said}"))
        }
        Error::IncompleteRead(why) => Trouble::Broken(why),
        error => Trouble::Failed(error),
    }
}
