//! Where a list's file is put: S3's way of it, at an address that CleverTap named.

use std::time::{Duration, Instant};

use reqwest::Method;
use url::Url;

use super::client::CleverTap;
use super::error::Error;
use super::list_file::{ListFile, Pulse};
use crate::http::{Answer, Backoff, Call, Fault, Gate, Http};

/// An address holds no longer than a day [doc]; [`IDLE`] ends most of what goes wrong.
const PUT: Call = Call {
    vendor: "clevertap",
    name: "list_put",
    limit: 1 << 20,
    idle: Duration::from_secs(24 * 3600),
    total: Duration::from_secs(24 * 3600),
};

/// Without progress for this long a transfer ends.
const IDLE: Duration = Duration::from_secs(300);

impl CleverTap {
    /// Step 2: the file with its length, and none of our headers [doc]. False when the address has
    /// expired.
    pub(super) async fn put(
        &self,
        url: &Url,
        file: &ListFile,
        gate: &Gate<'_>,
    ) -> Result<bool, Error> {
        let (mut backoff, mut attempt) = (Backoff::new(self.retry), 0);
        loop {
            gate()?;
            attempt += 1;
            let http = self.http.attempt(attempt);
            let sent = send_file(&http, url, file, gate).await?;
            let (error, again) = match sent {
                Ok(answer) if answer.status.is_success() => return Ok(true),
                Ok(answer) => match code(&answer.body) {
                    Some("ExpiredToken") => return Ok(false),
                    _ if answer.status == 403 => return Ok(false),
                    code => {
                        let again = matches!(answer.status.as_u16(), 408 | 429 | 500 | 502..=504)
                            || code == Some("RequestTimeout");
                        let code = code.map(|code| format!(" {code}")).unwrap_or_default();
                        let status = answer.status.as_u16();
                        (format!("its upload storage answered {status}{code}"), again)
                    }
                },
                Err(fault) => (format!("its upload storage: {fault}"), fault.is_transient()),
            };
            if !again || !backoff.pause(None, gate).await? {
                return Err(Error::unavailable(error));
            }
        }
    }
}

async fn send_file(
    http: &Http,
    url: &Url,
    file: &ListFile,
    gate: &Gate<'_>,
) -> Result<Result<Answer, Fault>, Error> {
    let (body, transfer) = file.body();
    let request = http.request(Method::PUT, url.clone()).body(body);
    let mut pulse = Pulse::new(IDLE, Instant::now());
    // What is put has no effect yet, so it needn't be finished once we have to stop.
    let goes_on = || gate().is_ok() && pulse.beats(transfer.taken(), Instant::now());
    let sent = http.send_while(&PUT, request, goes_on).await;
    match transfer.broken() {
        Some(why) => Err(Error::File(why)),
        None => Ok(sent),
    }
}

/// The `Code` of S3's XML errors. The rest of them may hold signed headers and is never shown.
pub(super) fn code(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    let is_name = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    is_name.then_some(code)
}
