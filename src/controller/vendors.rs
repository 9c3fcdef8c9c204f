//! The vendors' clients of one connector, and what their errors mean for its check.

use super::context::Context;
use super::credentials::Credentials;
use crate::clevertap::{self, Account, CleverTap};
use crate::domain::{ConnectorPlan, Failure, Reason};
use crate::http::Retry;
use crate::mixpanel::{self, Budget, Mixpanel, Seat, Source};

/// Mixpanel as this connector sees it.
pub fn mixpanel(
    ctx: &Context,
    plan: &ConnectorPlan,
    credentials: &Credentials,
    budget: Budget,
) -> Mixpanel {
    let source = Source {
        base: plan.mixpanel_base.clone(),
        project: plan.mixpanel_project,
        workspace: plan.mixpanel_workspace,
    };
    let options = mixpanel::Options {
        page_size: plan.page_size,
        total_check: plan.total_check,
        retry: retry(ctx),
    };
    Mixpanel::new(
        ctx.http.clone(),
        source,
        credentials.service_account.clone(),
        budget,
        options,
    )
}

/// What the connector of this uid may use of its Mixpanel project.
pub fn seat<'a>(plan: &'a ConnectorPlan, uid: &'a str) -> Seat<'a> {
    Seat {
        connector: uid,
        base: &plan.mixpanel_base,
        project: plan.mixpanel_project,
        share: plan.queries_per_hour,
        every_page: plan.count_every_page,
    }
}

/// CleverTap as the connector of this uid sees it.
pub fn clevertap(
    ctx: &Context,
    plan: &ConnectorPlan,
    uid: &str,
    credentials: &Credentials,
) -> CleverTap {
    let account = Account {
        base: plan.clevertap_base.clone(),
        project: plan.clevertap_project.clone(),
    };
    let options = clevertap::Options {
        connector: uid,
        retry: retry(ctx),
        concurrent_lists: plan.concurrent_lists,
        concurrent_uploads: plan.concurrent_uploads,
    };
    CleverTap::new(
        ctx.http.clone(),
        account,
        credentials.passcode.clone(),
        &ctx.limits,
        options,
    )
}

fn retry(ctx: &Context) -> Retry {
    Retry {
        first: ctx.args.retry_first,
        total: ctx.args.retry_total,
        ..Retry::default()
    }
}

/// What an error of Mixpanel says of a connector.
pub fn mixpanel_check(error: &mixpanel::Error) -> Failure {
    use mixpanel::Error as E;
    let reason = match error {
        E::InvalidCredentials(_) => Reason::InvalidCredentials,
        E::PlanWithoutApi(_) => Reason::PlanWithoutApi,
        E::Forbidden(_) => Reason::Forbidden,
        E::NotFound(_) | E::Refused(_) => Reason::InvalidSpec,
        E::RateLimited { .. } => Reason::RateLimited,
        // A check lists cohorts: it reads no members and asks no gate.
        E::Unavailable { .. }
        | E::IncompleteRead(_)
        | E::TooManyPages { .. }
        | E::PageTooLarge { .. }
        | E::Stopped => Reason::Unreachable,
    };
    Failure::new(reason, format!("{error}.")).after(error.retry_after())
}

/// What an error of CleverTap says of a connector.
pub fn clevertap_check(error: &clevertap::Error) -> Failure {
    use clevertap::Error as E;
    let reason = match error {
        E::InvalidCredentials(_) => Reason::InvalidCredentials,
        E::Forbidden(_) => Reason::Forbidden,
        E::RateLimited { .. } => Reason::RateLimited,
        E::Refused(_) | E::SegmentExists => Reason::InvalidSpec,
        _ => Reason::Unreachable,
    };
    Failure::new(reason, format!("{error}.")).after(error.retry_after())
}
