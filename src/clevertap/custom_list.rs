//! The segment: a Custom List, replaced as a whole by three calls.
//!
//! CleverTap works on a list after it has accepted it, and reports by e-mail only [doc].

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::client::{Api, Ask, CleverTap};
use super::csv::identities;
use super::error::Error;
use super::presigned::presigned;
use super::verdict::{self, unusable};
use crate::http::{Answer, Backoff, Call, Gate, Veil};

const ADDRESS: Call = Call {
    vendor: "clevertap",
    name: "list_url",
    limit: 1 << 20,
    idle: Duration::from_secs(60),
    total: Duration::from_secs(60),
};
const PUT: Call = Call {
    name: "list_put",
    ..ADDRESS
};
const COMPLETE: Call = Call {
    name: "list_complete",
    ..ADDRESS
};

/// Without progress for this long a transfer ends.
const IDLE: Duration = Duration::from_secs(300);
/// Bytes a second that a transfer must at least make, for its progress isn't seen.
const SLOWEST: usize = 64 * 1024;
/// Characters of a segment's id; a longer one counts as none.
const SEGMENT_ID: usize = 64;
/// Addresses asked for, should the storage refuse them as expired.
const ADDRESSES: u32 = 3;

/// A list to be put in place of the segment of this name.
pub struct List<'a> {
    /// The replace key.
    pub name: &'a str,
    /// Where CleverTap mails the outcome to.
    pub email: &'a str,
    pub filename: &'a str,
    /// Who CleverTap shows as its creator.
    pub creator: &'a str,
    /// As [`csv`](super::csv()) makes it.
    pub csv: Bytes,
    /// False: refuse where a segment of this name exists. Step 3 is then sent once, for even a
    /// failed attempt occupies the name [doc].
    pub replace: bool,
}

/// CleverTap took the list on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub segment_id: Option<String>,
}

/// Step 1's answer. A credential: no `Debug`.
struct Address {
    /// As it was given: step 3 wants it back.
    text: String,
    url: Url,
}

/// A file in CleverTap's storage, of no effect yet.
pub struct Staged(Address);

impl CleverTap {
    /// Checks the credentials by step 1 of a list: it needs the same permission as an export, and
    /// only mints an unused address.
    ///
    /// # Errors
    /// Any [`Error`] but `SegmentExists` and `Stopped`.
    pub async fn check(&self) -> Result<(), Error> {
        self.address(&|| Ok(())).await.map(drop)
    }

    /// Steps 1 and 2: puts the file into CleverTap's storage, which has no effect yet.
    ///
    /// # Errors
    /// Any [`Error`] but `SegmentExists`.
    pub async fn stage(&self, csv: &Bytes, gate: &Gate<'_>) -> Result<Staged, Error> {
        for _ in 0..ADDRESSES {
            let address = self.address(gate).await?;
            if self.put(&address.url, csv, gate).await? {
                return Ok(Staged(address));
            }
        }
        let detail = "its upload storage refuses the addresses that CleverTap names (403)";
        Err(Error::unavailable(detail))
    }

    /// Step 1.
    async fn address(&self, gate: &Gate<'_>) -> Result<Address, Error> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(rename = "presignedS3URL")]
            url: String,
        }
        let ask = Ask {
            call: &ADDRESS,
            api: Api::Lists,
            path: &["get_custom_list_segment_url"],
            body: None,
            repeatable: true,
            hide: &|_| {},
        };
        let read = |answer: &Answer| {
            let said = |text: &str| self.said(text, ask.hide);
            let Body { url } = verdict::body(answer, &said, |_| false)?;
            Ok(url)
        };
        let text = self.call(&ask, gate, read).await?;
        match presigned(&text, &self.account.base) {
            Some(url) => Ok(Address { text, url }),
            None => Err(Error::unavailable(
                "the upload address that it names isn't https on a public host, so it isn't used",
            )),
        }
    }

    /// Step 2, at the storage: the file with its length, and none of our headers [doc]. False
    /// when the address has expired.
    async fn put(&self, url: &Url, csv: &Bytes, gate: &Gate<'_>) -> Result<bool, Error> {
        let time = IDLE + Duration::from_secs((csv.len() / SLOWEST) as u64);
        let call = Call {
            idle: time,
            total: time,
            ..PUT
        };
        let mut backoff = Backoff::new(self.retry);
        loop {
            gate()?;
            let request = self
                .http
                .request(Method::PUT, url.clone())
                .body(csv.clone());
            let (error, again) = match self.http.send(&call, request).await {
                Ok(answer) if answer.status.is_success() => return Ok(true),
                Ok(answer) => match storage_code(&answer) {
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

    /// Step 3: the file becomes the list.
    ///
    /// # Errors
    /// Any [`Error`]. After [`Error::Unavailable`] it is unknown whether the list was accepted.
    pub async fn complete(
        &self,
        list: &List<'_>,
        Staged(address): &Staged,
        gate: &Gate<'_>,
    ) -> Result<Accepted, Error> {
        #[derive(Deserialize)]
        struct Body {
            status: String,
            #[serde(rename = "Segment ID", default)]
            segment_id: Value,
        }
        let body = json!({
            "name": list.name,
            "email": list.email,
            "filename": list.filename,
            "creator": list.creator,
            "url": address.text,
            "replace": list.replace,
        });
        let hide = |veil: &mut Veil| {
            veil.hide(&address.text);
            veil.hide(list.email);
            let file = String::from_utf8_lossy(&list.csv);
            identities(&file).for_each(|identity| veil.hide_word(&identity));
        };
        let ask = Ask {
            call: &COMPLETE,
            api: Api::Lists,
            path: &["upload_custom_list_segment_completed"],
            body: Some(body.to_string().into()),
            repeatable: list.replace,
            hide: &hide,
        };
        let read = |answer: &Answer| {
            let said = |text: &str| self.said(text, ask.hide);
            let Body { status, segment_id } = verdict::body(answer, &said, |_| false)?;
            if status != "success" {
                return Err(unusable());
            }
            let segment_id = match segment_id {
                Value::String(id) => Some(id),
                Value::Number(id) => Some(id.to_string()),
                _ => None,
            };
            let segment_id = segment_id.filter(|id| (1..=SEGMENT_ID).contains(&id.chars().count()));
            Ok(Accepted { segment_id })
        };
        self.call(&ask, gate, read).await
    }
}

/// The `Code` of S3's XML errors. The rest of them may hold signed headers and is never shown.
pub(super) fn storage_code(answer: &Answer) -> Option<&str> {
    let text = std::str::from_utf8(&answer.body).ok()?;
    let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    let is_name = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    is_name.then_some(code)
}
