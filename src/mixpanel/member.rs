//! One user of a cohort, for a person who asks.

use std::time::Duration;

use super::ask::Ask;
use super::batch::Batch;
use super::client::{Cost, Mixpanel};
use super::engage::Query;
use super::error::{Error, Failure};
use super::page::{NoPage, PageReader};
use crate::http::{Answer, Call};

/// One row is expected; a page of other users is none that we read.
const MEMBER: Call = Call {
    vendor: "mixpanel",
    name: "engage_user",
    limit: 1 << 20,
    idle: Duration::from_secs(120),
    total: Duration::from_secs(300),
};

/// What Mixpanel says of a user. Personal data: no `Debug`.
pub enum Found {
    /// A member of the cohort, as the only row.
    Member(Batch),
    /// No identified user of this id is in the cohort.
    Absent,
    /// It answered with other users: nobody has published what both filters together mean.
    Unclear,
}

impl Mixpanel {
    /// Whether a user is in the query's cohort: one query, one user, nothing logged. That both
    /// filters may be used together is a guess, so only a row of this very id counts.
    ///
    /// # Errors
    /// Any [`Error`] but `TooManyPages`, and `Stopped`.
    pub async fn member(&self, query: &Query, distinct_id: &str) -> Result<Found, Error> {
        let mut form = query.form(&Ask::default());
        form.push(("distinct_id", distinct_id.to_owned()));
        let request = || self.query_api(&["engage"]).form(&form);
        let found = self.call(&MEMBER, Cost::Query, &|| Ok(()), request, |answer| {
            find(answer, query, distinct_id)
        });
        match found.await {
            Err(Error::PageTooLarge { .. }) => Ok(Found::Unclear),
            found => found,
        }
    }
}

fn find(answer: &Answer, query: &Query, distinct_id: &str) -> Result<Found, Failure> {
    let mut page = PageReader::new(0, &query.properties);
    let mut rest = &answer.body[..];
    // One user fills no batch.
    if page.next(&mut rest).map_err(unusable)?.is_some() {
        return Ok(Found::Unclear);
    }
    let (_, found) = page.end().map_err(unusable)?;
    let mine = found.members().all(|row| row.distinct_id == distinct_id);
    Ok(match found.len() {
        0 => Found::Absent,
        1 if mine => Found::Member(found),
        _ => Found::Unclear,
    })
}

/// Its words aren't repeated: they may speak of the user.
fn unusable(no_page: NoPage) -> Failure {
    let why = match no_page {
        NoPage::Error(_) => "the answer is an error",
        _ => "the answer can't be understood",
    };
    Failure::Final(Error::IncompleteRead(why.to_owned()))
}
