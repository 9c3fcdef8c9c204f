//! The vendors' clients of one connector, and what their errors mean for its check.

use secrecy::SecretString;

use crate::api::ObservedSecrets;
use crate::clevertap::{self, Account, CleverTap, Limits};
use crate::domain::{ConnectorPlan, Failure, Reason};
use crate::http::{Http, Retry};
use crate::mixpanel::{self, Budget, Mixpanel, Seat, ServiceAccount, Source};

/// What a connector logs in with.
pub struct Credentials {
    pub passcode: SecretString,
    pub service_account: ServiceAccount,
    /// Which versions of the Secrets these are.
    pub versions: ObservedSecrets,
}

/// What the clients of a process have in common.
#[derive(Clone)]
pub struct Clients {
    pub http: Http,
    pub limits: Limits,
    pub retry: Retry,
}

impl Clients {
    /// Mixpanel as this connector sees it.
    pub fn mixpanel(
        &self,
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
            retry: self.retry,
        };
        Mixpanel::new(
            self.http.clone(),
            source,
            credentials.service_account.clone(),
            budget,
            options,
        )
    }

    /// CleverTap as the connector of this uid sees it.
    pub fn clevertap(
        &self,
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
            retry: self.retry,
            concurrent_lists: plan.concurrent_lists,
            concurrent_uploads: plan.concurrent_uploads,
        };
        CleverTap::new(
            self.http.clone(),
            account,
            credentials.passcode.clone(),
            &self.limits,
            options,
        )
    }
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

/// What an error of Mixpanel says of a connector.
pub(super) fn mixpanel_check(error: &mixpanel::Error) -> Failure {
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
pub(super) fn clevertap_check(error: &clevertap::Error) -> Failure {
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
