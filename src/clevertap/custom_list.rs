//! The segment: a Custom List, replaced as a whole by three calls.
//!
//! CleverTap works on a list after it has accepted it, and reports by e-mail only [doc].

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::client::{Api, Ask, CleverTap, Say};
use super::error::Error;
use super::list_file::ListFile;
use super::presigned::presigned;
use super::verdict::{self, unusable};
use crate::http::{Answer, Call, Gate, Veil};

const ADDRESS: Call = Call {
    vendor: "clevertap",
    name: "list_url",
    limit: 1 << 20,
    idle: Duration::from_secs(60),
    total: Duration::from_secs(60),
};
const COMPLETE: Call = Call {
    name: "list_complete",
    ..ADDRESS
};

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
    /// What was staged.
    pub file: &'a ListFile,
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

    /// Steps 1 and 2: puts the file into CleverTap's storage, which has no effect yet. It is read
    /// as it is sent; the gate is asked meanwhile too.
    ///
    /// # Errors
    /// Any [`Error`] but `SegmentExists`; `File` where it can't be read or isn't as long as it was.
    pub async fn stage(&self, file: &ListFile, gate: &Gate<'_>) -> Result<Staged, Error> {
        for _ in 0..ADDRESSES {
            let address = self.address(gate).await?;
            if self.put(&address.url, file, gate).await? {
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
            insist: true,
            hide: &|_| {},
            members: None,
        };
        let read = |answer: &Answer, say: &Say<'_>| {
            let Body { url } = verdict::body(answer, say, |_| false)?;
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

    /// Step 3: the file becomes the list. It is read once more if CleverTap's words may name some
    /// of its members.
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
        };
        let ask = Ask {
            call: &COMPLETE,
            api: Api::Lists,
            path: &["upload_custom_list_segment_completed"],
            body: Some(body.to_string().into()),
            repeatable: list.replace,
            insist: true,
            hide: &hide,
            members: Some(list.file),
        };
        let read = |answer: &Answer, say: &Say<'_>| {
            let Body { status, segment_id } = verdict::body(answer, say, |_| false)?;
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
        Ok(self.call(&ask, gate, read).await?)
    }
}
