//! The check of a connector's credentials: one call per vendor, and none of a vendor that has just
//! answered an export.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::clients::{Clients, Credentials, clevertap_check, mixpanel_check};
use super::lists::CohortLists;
use crate::domain::{ConnectorPlan, Failure, Kind, Reason};
use crate::mixpanel::{self, Budget};

/// When each vendor last accepted a connector's credentials, and whether one refused them since.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub mixpanel: Option<Timestamp>,
    pub clevertap: Option<Timestamp>,
    pub refused: bool,
}

/// When each vendor accepted these very credentials, where that is late enough to count as a check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vouched {
    mixpanel: Option<Timestamp>,
    clevertap: Option<Timestamp>,
}

impl Vouched {
    /// What exports have seen since then; nothing counts where `since` is absent.
    pub fn of(seen: &Seen, since: Option<Timestamp>) -> Self {
        let late = |at: Option<Timestamp>| at.filter(|at| since.is_some_and(|since| *at >= since));
        Self {
            mixpanel: late(seen.mixpanel),
            clevertap: late(seen.clevertap),
        }
    }
}

/// How a check ended.
#[derive(Clone, Debug)]
pub enum Checked {
    /// Both accept; the earlier of the two times.
    Accepted(Timestamp),
    Failed(Failure),
    /// Mixpanel wasn't asked: what the check may use of its query budget is used up for so long.
    Later(Duration),
}

enum Side {
    Accepted(Timestamp),
    Failed(Failure),
    Later(Duration),
}

/// Asks each vendor that isn't vouched for, once, for the connector of this uid. A refusal tells more
/// than an absence. The answer of Mixpanel's is kept in `lists`.
pub async fn check(
    clients: &Clients,
    lists: &CohortLists,
    plan: &ConnectorPlan,
    uid: &str,
    credentials: &Credentials,
    vouched: Vouched,
    budget: Budget,
) -> Checked {
    let source = async {
        match vouched.mixpanel {
            Some(when) => Side::Accepted(when),
            None => mixpanel_side(clients, lists, plan, credentials, budget).await,
        }
    };
    let destination = async {
        match vouched.clevertap {
            Some(when) => Side::Accepted(when),
            None => clevertap_side(clients, plan, uid, credentials).await,
        }
    };
    let (source, destination) = tokio::join!(source, destination);
    match (source, destination) {
        (Side::Accepted(source), Side::Accepted(destination)) => {
            Checked::Accepted(source.min(destination))
        }
        (Side::Failed(source), Side::Failed(destination)) => {
            Checked::Failed(worse(source, destination))
        }
        (Side::Failed(failure), _) | (_, Side::Failed(failure)) => Checked::Failed(failure),
        (Side::Later(wait), _) | (_, Side::Later(wait)) => Checked::Later(wait),
    }
}

/// What a connector says that can't be checked for want of budget.
pub fn later(wait: Duration) -> Failure {
    let message = "Mixpanel isn't asked for now: the few checks an hour are used up that a \
                   connector has until both vendors accept it.";
    Failure::new(Reason::RateLimited, message).after(Some(wait))
}

async fn mixpanel_side(
    clients: &Clients,
    lists: &CohortLists,
    plan: &ConnectorPlan,
    credentials: &Credentials,
    budget: Budget,
) -> Side {
    let asked = Instant::now();
    match clients.mixpanel(plan, credentials, budget).cohorts().await {
        Ok(cohorts) => {
            lists.keep(plan, cohorts, asked);
            Side::Accepted(Timestamp::now())
        }
        Err(mixpanel::Error::RateLimited {
            ours: true,
            retry_after,
            ..
        }) => Side::Later(retry_after.unwrap_or(Duration::from_secs(60))),
        Err(error) => Side::Failed(mixpanel_check(&error)),
    }
}

async fn clevertap_side(
    clients: &Clients,
    plan: &ConnectorPlan,
    uid: &str,
    credentials: &Credentials,
) -> Side {
    let clevertap = clients.clevertap(plan, uid, credentials);
    match clevertap.check().await {
        Ok(()) => Side::Accepted(Timestamp::now()),
        Err(error) => Side::Failed(clevertap_check(&error)),
    }
}

fn worse(source: Failure, destination: Failure) -> Failure {
    let message = format!("{} {}", source.message, destination.message);
    let retry_after = source.retry_after.max(destination.retry_after);
    let worse = match source.reason.kind() {
        Kind::Stalled => source,
        Kind::Fine | Kind::Transient => destination,
    };
    Failure {
        message,
        retry_after,
        ..worse
    }
}
