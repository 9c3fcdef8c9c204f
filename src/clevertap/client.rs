//! One call to CleverTap: credentials, places, retries.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::error::{Error, Failure};
use super::limits::{Limits, Share};
use super::verdict;
use crate::http::{Answer, Backoff, Call, Fault, Gate, Http, Retry, Said, Veil, join};

/// A CleverTap account, and where it lives.
#[derive(Clone, Debug)]
pub struct Account {
    /// Base URL: `https://<code>.api.clevertap.com`, of `eu1` `https://api.clevertap.com` [doc].
    pub base: Url,
    /// Project ID, as the dashboard calls it: sent as `X-CleverTap-Account-Id` [doc].
    pub project: String,
}

/// How an account is written to.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub retry: Retry,
    /// Calls at once to the Custom List API, at most the account's 3 [doc].
    pub concurrent_lists: usize,
    /// Profile uploads at once, at most the account's 15 [doc].
    pub concurrent_uploads: usize,
}

/// A client for one account. Cheap to clone.
#[derive(Clone)]
pub struct CleverTap {
    pub(super) http: Http,
    pub(super) account: Account,
    passcode: SecretString,
    pub(super) share: Share,
    pub(super) retry: Retry,
}

/// Which of the account's places a call takes.
#[derive(Clone, Copy)]
pub(super) enum Api {
    Lists,
    Uploads,
}

/// One `POST`, and how it may be repeated.
pub(super) struct Ask<'a> {
    pub call: &'a Call,
    pub api: Api,
    pub path: &'a [&'a str],
    /// JSON; none is no body and no `Content-Type`.
    pub body: Option<Bytes>,
    /// False where a repetition of what CleverTap already did would be refused.
    pub repeatable: bool,
    /// Hides the personal data of this call in a text.
    pub hide: &'a (dyn Fn(&mut Veil) + Send + Sync),
}

impl CleverTap {
    pub fn new(
        http: Http,
        account: Account,
        passcode: SecretString,
        limits: &Limits,
        options: Options,
    ) -> Self {
        let Options {
            retry,
            concurrent_lists,
            concurrent_uploads,
        } = options;
        let Account { base, project } = &account;
        let share = limits.share(base, project, concurrent_lists, concurrent_uploads);
        Self {
            http,
            account,
            passcode,
            share,
            retry,
        }
    }

    /// Calls until there is an answer that `read` accepts, an error that no retry mends, or the
    /// retries are used up. The gate is asked right before each attempt.
    pub(super) async fn call<T>(
        &self,
        ask: &Ask<'_>,
        gate: &Gate<'_>,
        read: impl Fn(&Answer) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let (mut backoff, mut tried_once) = (Backoff::new(self.retry), false);
        loop {
            let Share {
                places,
                lists,
                uploads,
            } = &self.share;
            let taken = match ask.api {
                Api::Lists => places.lists.take(*lists, gate).await?,
                Api::Uploads => places.uploads.take(*uploads, gate).await?,
            };
            gate()?;
            let sent = match self.request(ask) {
                Ok(request) => self.http.send(ask.call, request).await,
                Err(fault) => Err(fault),
            };
            let result = match sent {
                Ok(answer) if answer.status.is_success() => read(&answer),
                Ok(answer) => Err(verdict::refusal(&answer, &|text| self.said(text, ask.hide))),
                Err(fault) => Err(unanswered(&fault)),
            };
            // The account's place is not ours while we wait.
            drop(taken);
            let error = match result {
                Ok(value) => return Ok(value),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Untouched(error)) => error,
                Err(Failure::Again(error)) if ask.repeatable => error,
                Err(Failure::Once(error)) if ask.repeatable && !tried_once => {
                    tried_once = true;
                    error
                }
                Err(Failure::Again(error) | Failure::Once(error)) => return Err(error),
            };
            if !backoff.pause(error.retry_after(), gate).await? {
                return Err(error);
            }
        }
    }

    fn request(&self, ask: &Ask<'_>) -> Result<RequestBuilder, Fault> {
        let passcode = HeaderValue::from_str(self.passcode.expose_secret());
        let mut passcode = passcode.map_err(|_| Fault::Invalid)?;
        passcode.set_sensitive(true);
        let url = join(&self.account.base, ask.path);
        let request = self.http.request(Method::POST, url);
        let request = request
            .header("X-CleverTap-Account-Id", &self.account.project)
            .header("X-CleverTap-Passcode", passcode);
        Ok(match &ask.body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone()),
            None => request,
        })
    }

    /// CleverTap's words without our secret and this call's personal data.
    pub(super) fn said(&self, text: &str, hide: &dyn Fn(&mut Veil)) -> Said {
        let mut veil = Veil::new(text);
        veil.hide(self.passcode.expose_secret());
        hide(&mut veil);
        veil.into()
    }
}

fn unanswered(fault: &Fault) -> Failure {
    match fault {
        Fault::Invalid => Failure::Final(Error::InvalidCredentials(Said::new(
            "the Passcode or the Project ID holds characters that no header can carry, such as \
             a line break",
            &[],
        ))),
        fault if fault.is_unsent() => Failure::Untouched(Error::unavailable(fault.to_string())),
        fault if fault.is_transient() => Failure::Again(Error::unavailable(fault.to_string())),
        fault => Failure::Final(Error::unavailable(fault.to_string())),
    }
}
