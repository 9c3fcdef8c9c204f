//! One call to Mixpanel: credentials, budget, retries, and what each answer means.

use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::budget::{Budget, Permit};
use super::error::{Error, Failure};
use super::rate_limit::{Tripped, hourly_limit, tripped};
use crate::api::TotalCheck;
use crate::http::{Answer, Call, Fault, Gate, Http, Retry, Said, join, retry_after};

/// A Mixpanel project, and where it lives.
#[derive(Clone, Debug)]
pub struct Source {
    /// Base URL: `https://mixpanel.com`, `https://eu.mixpanel.com` or `https://in.mixpanel.com`
    /// [doc], or a proxy's.
    pub base: Url,
    pub project: i64,
    pub workspace: Option<i64>,
}

/// A service account [doc]. The user name is treated as secret too.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    pub username: SecretString,
    pub secret: SecretString,
}

/// How a project is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Rows a page; not sent where absent.
    pub page_size: Option<u32>,
    pub total_check: TotalCheck,
    pub retry: Retry,
}

/// A client for one project. Cheap to clone.
#[derive(Clone)]
pub struct Mixpanel {
    pub(super) http: Http,
    pub(super) source: Source,
    account: ServiceAccount,
    pub(super) budget: Budget,
    pub(super) options: Options,
}

/// What a call costs of the project's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    Query,
    Page,
}

impl Mixpanel {
    pub fn new(
        http: Http,
        source: Source,
        account: ServiceAccount,
        budget: Budget,
        options: Options,
    ) -> Self {
        Self {
            http,
            source,
            account,
            budget,
            options,
        }
    }

    /// `POST /api/query/...?project_id=N[&workspace_id=W]` with the account's credentials.
    pub(super) fn query_api(&self, segments: &[&str]) -> RequestBuilder {
        let Source {
            base,
            project,
            workspace,
        } = &self.source;
        let mut url = join(base, &["api", "query"]);
        url = join(&url, segments);
        url.query_pairs_mut()
            .append_pair("project_id", &project.to_string());
        if let Some(workspace) = workspace {
            url.query_pairs_mut()
                .append_pair("workspace_id", &workspace.to_string());
        }
        self.authorized(Method::POST, url)
    }

    pub(super) fn authorized(&self, method: Method, url: Url) -> RequestBuilder {
        let ServiceAccount { username, secret } = &self.account;
        let request = self.http.request(method, url);
        request.basic_auth(username.expose_secret(), Some(secret.expose_secret()))
    }

    /// Whether so many queries of the hour are free to this client now.
    pub fn has_queries(&self, queries: u32) -> bool {
        self.budget.has(queries)
    }

    /// Calls until there is an answer that `read` accepts, an error that no retry mends, or the
    /// [attempts](Mixpanel::attempts) are used up.
    pub(super) async fn call<T>(
        &self,
        call: &Call,
        cost: Cost,
        gate: &Gate<'_>,
        request: impl Fn() -> RequestBuilder,
        read: impl Fn(&Answer) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let mut attempts = self.attempts(cost, gate);
        loop {
            let mut permit = attempts.permit().await?;
            let result = match attempts.http().send(call, request()).await {
                Ok(answer) => self.judge(&answer, cost, &mut permit, &read),
                Err(fault) => Err(unanswered(&fault, &mut permit)),
            };
            match result {
                Ok(value) => return Ok(value),
                Err(failure) => attempts.failed(failure, permit).await?,
            }
        }
    }

    fn judge<T>(
        &self,
        answer: &Answer,
        cost: Cost,
        permit: &mut Permit,
        read: impl Fn(&Answer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.heed(answer.status, &answer.headers, permit);
        if answer.status.is_success() {
            return read(answer);
        }
        Err(self.refusal(answer, cost))
    }

    /// What the head of an answer says of the budget.
    pub(super) fn heed(&self, status: StatusCode, headers: &HeaderMap, permit: &mut Permit) {
        if let Some(limit) = hourly_limit(headers) {
            self.budget.learn(limit);
        }
        if matches!(status.as_u16(), 401 | 402 | 429) {
            permit.uncount();
        }
        if status.is_client_error() {
            permit.refuse();
        }
    }

    /// What an answer other than 2xx means.
    pub(super) fn refusal(&self, answer: &Answer, cost: Cost) -> Failure {
        let error = error_text(&answer.body);
        let said = self.said(&error, cost);
        match answer.status.as_u16() {
            400 if error.to_lowercase().contains("authenticate") => {
                Failure::Final(Error::InvalidCredentials(said))
            }
            401 => Failure::Final(Error::InvalidCredentials(said)),
            402 => Failure::Final(Error::PlanWithoutApi(said)),
            403 => Failure::Final(Error::Forbidden(said)),
            404 => Failure::Final(Error::NotFound(said)),
            429 => self.limited(answer, &error),
            400..500 => Failure::Final(Error::Refused(said)),
            500..600 => Failure::Again(Error::Unavailable {
                detail: format!("it answered {}{said}", answer.status.as_u16()),
                retry_after: retry_after(&answer.headers, Timestamp::now()),
            }),
            status => Failure::Final(Error::unavailable(format!(
                "it answered {status}, and redirects are never followed"
            ))),
        }
    }

    fn limited(&self, answer: &Answer, error: &str) -> Failure {
        let word = retry_after(&answer.headers, Timestamp::now());
        let limited = |hourly, retry_after| Error::RateLimited {
            ours: false,
            hourly,
            retry_after,
        };
        match tripped(&answer.headers, error) {
            Tripped::Hour(reset) => {
                let wait = self.budget.close(word.or(reset));
                Failure::Final(limited(true, Some(wait)))
            }
            Tripped::Moment => Failure::Again(limited(false, word)),
        }
    }

    /// Mixpanel's words without our secrets. Of a page nothing is repeated: members were read by
    /// then, and may be what it speaks of.
    pub(super) fn said(&self, text: &str, cost: Cost) -> Said {
        if cost == Cost::Page {
            return Said::default();
        }
        let ServiceAccount { username, secret } = &self.account;
        Said::new(text, &[username.expose_secret(), secret.expose_secret()])
    }
}

/// What it means that there is no whole answer.
pub(super) fn unanswered(fault: &Fault, permit: &mut Permit) -> Failure {
    if fault.is_unsent() {
        permit.uncount();
    }
    match fault {
        Fault::Cut => Failure::Again(Error::IncompleteRead(fault.to_string())),
        Fault::TooLarge(limit) => Failure::Final(Error::PageTooLarge { limit: *limit }),
        fault if fault.is_transient() => Failure::Again(Error::unavailable(fault.to_string())),
        fault => Failure::Final(Error::unavailable(fault.to_string())),
    }
}

/// The `error` field of an answer; nothing else of it is ever shown.
pub(super) fn error_text(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body {
        error: String,
    }
    serde_json::from_slice(body).map_or_else(|_| String::new(), |body: Body| body.error)
}
