//! The pages of one session: each asked for until it is whole.

use tokio::sync::mpsc::Sender;

use super::ask::Ask;
use super::batch::Batch;
use super::budget::Permit;
use super::client::{Cost, Mixpanel, unanswered};
use super::delivery::{Delivery, Undelivered};
use super::engage::{Query, ReadEnd};
use super::error::{Error, Failure};
use super::page::{Facts, NoPage, PageReader};
use crate::http::{Gate, Http, Incoming};

/// Bytes of a refusal that are looked at.
const REFUSAL: usize = 1 << 20;

pub(super) struct Pages<'a> {
    pub client: &'a Mixpanel,
    pub query: &'a Query,
    pub gate: &'a Gate<'a>,
    pub rows: &'a Sender<Batch>,
}

/// How one attempt at a page ends without it.
enum Halt {
    Failed(Failure),
    Ended(ReadEnd),
}

impl Pages<'_> {
    /// Hands on all rows of a page. A page size that page 0 is refused with is given up.
    pub async fn read(&self, ask: &mut Ask<'_>) -> Result<Facts, ReadEnd> {
        let mut attempts = self.client.attempts(ask.call().1, self.gate);
        let mut delivery = Delivery::new(self.rows);
        let mut refused = None;
        loop {
            let permit = attempts.permit().await;
            let mut permit = permit.map_err(|error| ask.end(error))?;
            delivery.restart();
            let http = attempts.http();
            let failure = match self.attempt(&http, ask, &mut permit, &mut delivery).await {
                Ok(facts) => {
                    if let Some(size) = refused {
                        self.client.budget.note_refused_page_size(size);
                    }
                    return Ok(facts);
                }
                Err(Halt::Ended(end)) => return Err(end),
                Err(Halt::Failed(failure)) => failure,
            };
            match failure {
                Failure::Final(Error::Refused(_))
                    if ask.session.is_none() && ask.page_size.is_some() =>
                {
                    refused = ask.page_size.take();
                }
                failure => {
                    let again = attempts.failed(failure, permit).await;
                    again.map_err(|error| ask.end(error))?;
                }
            }
        }
    }

    async fn attempt(
        &self,
        http: &Http,
        ask: &Ask<'_>,
        permit: &mut Permit,
        delivery: &mut Delivery<'_>,
    ) -> Result<Facts, Halt> {
        let cost = ask.call().1;
        let mut answer = self.open(http, ask, permit, delivery.any()).await?;
        let first = ask.number.saturating_mul(ask.rows.unwrap_or_default());
        let mut page = PageReader::new(first, &self.query.properties);
        while let Some(chunk) = chunk(&mut answer, permit).await? {
            let mut rest = &chunk[..];
            loop {
                let next = page.next(&mut rest);
                let quiet = delivery.any() || page.rows() > 0;
                match next.map_err(|no_page| self.unusable(no_page, cost, quiet))? {
                    Some(batch) => delivery.give(batch).await?,
                    None => break,
                }
            }
            if ask.rows.is_some_and(|rows| page.rows() > rows) {
                let why = "a page has more rows than the page size";
                return Err(Halt::Ended(ReadEnd::Broken(why.to_owned())));
            }
        }
        let quiet = delivery.any() || page.rows() > 0;
        let ended = page.end();
        let (facts, last) = ended.map_err(|no_page| self.unusable(no_page, cost, quiet))?;
        if !last.is_empty() {
            delivery.give(last).await?;
        }
        delivery.end()?;
        Ok(facts)
    }

    /// Whether the session has no rows on this page. Nobody has published what is answered there:
    /// an empty page, an error and a refusal say the same.
    pub async fn ends_before(&self, ask: &Ask<'_>) -> Result<bool, ReadEnd> {
        let mut attempts = self.client.attempts(Cost::Page, self.gate);
        loop {
            let permit = attempts.permit().await;
            let mut permit = permit.map_err(|error| ask.end(error))?;
            let http = attempts.http();
            let failure = match self.is_empty(&http, ask, &mut permit).await {
                Ok(empty) => return Ok(empty),
                Err(Failure::Final(Error::Refused(_) | Error::NotFound(_))) => return Ok(true),
                Err(failure) => failure,
            };
            let again = attempts.failed(failure, permit).await;
            again.map_err(|error| ask.end(error))?;
        }
    }

    async fn is_empty(
        &self,
        http: &Http,
        ask: &Ask<'_>,
        permit: &mut Permit,
    ) -> Result<bool, Failure> {
        let mut answer = self.open(http, ask, permit, true).await?;
        let mut page = PageReader::new(0, &[]);
        let told = |no_page| match no_page {
            NoPage::Error(_) | NoPage::NoResults => Ok(true),
            NoPage::NoId => Ok(false),
            no_page => Err(self.unusable(no_page, Cost::Page, true)),
        };
        while let Some(chunk) = chunk(&mut answer, permit).await? {
            match page.next(&mut &chunk[..]) {
                Err(no_page) => return told(no_page),
                // One is enough.
                Ok(_) if page.rows() > 0 => return Ok(false),
                Ok(_) => {}
            }
        }
        page.end().map_or_else(told, |_| Ok(true))
    }

    /// An answer of 2xx, its head read. `quiet`: rows were read, and an error may speak of them.
    async fn open(
        &self,
        http: &Http,
        ask: &Ask<'_>,
        permit: &mut Permit,
        quiet: bool,
    ) -> Result<Incoming, Failure> {
        let (call, cost) = ask.call();
        let client = self.client;
        let form = self.query.form(ask);
        let request = client.query_api(&["engage"]).form(&form);
        let answer = http.open(call, request).await;
        let answer = answer.map_err(|fault| unanswered(&fault, permit))?;
        client.heed(answer.status(), answer.headers(), permit);
        if answer.status().is_success() {
            return Ok(answer);
        }
        let refusal = answer.first(REFUSAL).await;
        let refusal = refusal.map_err(|fault| unanswered(&fault, permit))?;
        Err(client.refusal(&refusal, if quiet { Cost::Page } else { cost }))
    }

    fn unusable(&self, no_page: NoPage, cost: Cost, quiet: bool) -> Failure {
        let incomplete = |why: String| Error::IncompleteRead(why);
        let garbled = || incomplete("an answer can't be understood".to_owned());
        match no_page {
            // A query each time, and the same again more often than not.
            NoPage::Garbled if cost == Cost::Query => Failure::Once(garbled()),
            NoPage::Garbled => Failure::Again(garbled()),
            NoPage::Error(text) => {
                let said = self
                    .client
                    .said(&text, if quiet { Cost::Page } else { cost });
                Failure::Final(incomplete(format!("an answer is an error{said}")))
            }
            NoPage::NoResults => Failure::Final(incomplete("a page has no results".to_owned())),
            NoPage::NoId => {
                let why = "a row has no usable $distinct_id";
                Failure::Final(incomplete(why.to_owned()))
            }
            NoPage::Large(what, limit) => Failure::Final(incomplete(format!(
                "{what} is larger than {} KiB",
                limit >> 10
            ))),
        }
    }
}

async fn chunk(
    answer: &mut Incoming,
    permit: &mut Permit,
) -> Result<Option<bytes::Bytes>, Failure> {
    let chunk = answer.chunk().await;
    chunk.map_err(|fault| unanswered(&fault, permit))
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Undelivered> for Halt {
    fn from(why: Undelivered) -> Self {
        Self::Ended(match why {
            Undelivered::Closed => ReadEnd::Closed,
            Undelivered::Changed => {
                ReadEnd::Broken("a page changed when it was asked for again".to_owned())
            }
        })
    }
}
