//! The attempts of one call to Mixpanel: when the next one may be made, and whether.

use super::budget::Permit;
use super::client::{Cost, Mixpanel};
use super::error::{Error, Failure};
use crate::http::{Backoff, Gate, Http};

/// Queries of the hourly budget that one call may take, its retries included.
const QUERIES: u32 = 3;

/// Three attempts that count as queries (one of a trial check), and eight of any kind. Each asks the gate and the budget.
pub(super) struct Attempts<'a> {
    client: &'a Mixpanel,
    cost: Cost,
    gate: &'a Gate<'a>,
    backoff: Backoff,
    made: u32,
    queries: u32,
    garbled: bool,
    last: Option<Error>,
}

impl Mixpanel {
    pub(super) fn attempts<'a>(&'a self, cost: Cost, gate: &'a Gate<'a>) -> Attempts<'a> {
        Attempts {
            client: self,
            cost,
            gate,
            backoff: Backoff::new(self.options.retry),
            made: 0,
            queries: 0,
            garbled: false,
            last: None,
        }
    }
}

impl Attempts<'_> {
    /// Waits for leave to make the next attempt.
    pub async fn permit(&mut self) -> Result<Permit, Error> {
        (self.gate)()?;
        let budget = &self.client.budget;
        let permit = match self.cost {
            Cost::Query => budget.query(self.gate).await,
            Cost::Page => budget.page(self.gate).await,
        };
        match (permit, self.last.take()) {
            // What went wrong tells more than that there's no budget to try again.
            (Err(Error::RateLimited { ours: true, .. }), Some(error)) => Err(error),
            (permit, _) => permit,
        }
    }

    /// What makes the next attempt.
    pub fn http(&mut self) -> Http {
        self.made += 1;
        self.client.http.attempt(self.made)
    }

    /// Waits until another attempt makes sense.
    ///
    /// # Errors
    /// What failed, where no retry mends it or they are used up.
    pub async fn failed(&mut self, failure: Failure, permit: Permit) -> Result<(), Error> {
        self.queries += u32::from(permit.counts());
        // The place at Mixpanel is not ours while we wait.
        drop(permit);
        let error = match failure {
            Failure::Again(error) => error,
            Failure::Once(error) if !std::mem::replace(&mut self.garbled, true) => error,
            Failure::Once(error) | Failure::Final(error) => return Err(error),
        };
        let most = self.client.budget.attempts(QUERIES);
        if self.queries >= most || !self.backoff.pause(error.retry_after(), self.gate).await? {
            return Err(error);
        }
        self.last = Some(error);
        Ok(())
    }
}
