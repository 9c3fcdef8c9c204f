//! One call to CleverTap: credentials, places, retries.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::error::{Ended, Error, Failure};
use super::limits::{Limits, Share};
use super::list_file::ListFile;
use super::place::Taken;
use super::verdict;
use crate::http::{Answer, Backoff, Call, Fault, Gate, Http, Retry, Said, Stopped, Veil, join};

/// Refusals of a call as one too many that count for nothing, since they lowered the ceiling: so
/// many lead from 15 to 1.
const LOWERED: u32 = 4;

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
pub struct Options<'a> {
    /// Whose limits these are: all clients of the connector of this uid keep them together.
    pub connector: &'a str,
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
    /// Whether a body that CleverTap calls malformed is sent once more.
    pub insist: bool,
    /// Hides the personal data of this call in a text.
    pub hide: &'a (dyn Fn(&mut Veil) + Send + Sync),
    /// Whose members are hidden too.
    pub members: Option<&'a ListFile>,
}

/// Makes CleverTap's words fit to be shown.
pub(super) type Say<'a> = dyn Fn(&str) -> Said + 'a;

impl CleverTap {
    pub fn new(
        http: Http,
        account: Account,
        passcode: SecretString,
        limits: &Limits,
        options: Options<'_>,
    ) -> Self {
        Self {
            http,
            share: limits.share(&account, &options),
            account,
            passcode,
            retry: options.retry,
        }
    }

    /// Calls until there is an answer that `read` accepts, an error that no retry mends, or the
    /// retries are used up. The gate is asked right before each attempt.
    pub(super) async fn call<T>(
        &self,
        ask: &Ask<'_>,
        gate: &Gate<'_>,
        read: impl Fn(&Answer, &Say<'_>) -> Result<T, Failure>,
    ) -> Result<T, Ended> {
        let mut backoff = Backoff::new(self.retry);
        let (mut insist, mut lowered) = (ask.insist && ask.repeatable, 0);
        let mut attempt = 0;
        loop {
            let taken = self.take(ask.api, gate).await?;
            gate()?;
            attempt += 1;
            let http = self.http.attempt(attempt);
            let sent = match self.request(ask) {
                Ok(request) => http.send(ask.call, request).await,
                Err(fault) => Err(fault),
            };
            match &sent {
                Ok(answer) if answer.status.is_success() => taken.succeeded(),
                Ok(answer) if answer.status == 429 && taken.refused() && lowered < LOWERED => {
                    lowered += 1;
                    backoff = Backoff::new(self.retry);
                }
                _ => {}
            }
            // The account's place is not ours while we wait.
            drop(taken);
            let (error, of_body) = match self.judge(ask, sent, &read).await {
                Ok(value) => return Ok(value),
                Err(Failure::Untouched(error)) => (error, false),
                Err(Failure::Again(error)) if ask.repeatable => (error, false),
                Err(Failure::Once(error)) if insist => {
                    insist = false;
                    (error, true)
                }
                Err(Failure::Once(error) | Failure::Body(error)) => {
                    let of_body = true;
                    return Err(Ended { error, of_body });
                }
                Err(Failure::Again(error) | Failure::Final(error)) => return Err(error.into()),
            };
            if !backoff.pause(error.retry_after(), gate).await? {
                return Err(Ended { error, of_body });
            }
        }
    }

    async fn take(&self, api: Api, gate: &Gate<'_>) -> Result<Taken, Stopped> {
        let share = &self.share;
        let (place, limit) = match api {
            Api::Lists => (&share.places.lists, share.lists),
            Api::Uploads => (&share.places.uploads, share.uploads),
        };
        place.take(&share.connector, limit, gate).await
    }

    async fn judge<T>(
        &self,
        ask: &Ask<'_>,
        sent: Result<Answer, Fault>,
        read: impl Fn(&Answer, &Say<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let answer = sent.map_err(|fault| unanswered(&fault))?;
        let members = match ask.members {
            Some(file) => file.members_in(verdict::text(&answer)).await,
            None => Some(Vec::new()),
        };
        let say = |text: &str| match &members {
            Some(members) if !text.is_empty() => self.said(text, |veil| {
                (ask.hide)(veil);
                members.iter().for_each(|member| veil.hide_word(member));
            }),
            // What can't be told from members isn't shown.
            _ => Said::default(),
        };
        match answer.status.is_success() {
            true => read(&answer, &say),
            false => Err(verdict::refusal(&answer, &say)),
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
    fn said(&self, text: &str, hide: impl FnOnce(&mut Veil)) -> Said {
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
