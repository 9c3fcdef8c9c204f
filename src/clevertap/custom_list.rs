//! The segment: a Custom List, replaced as a whole by three calls.
//!
//! CleverTap works on a list after it has accepted it, and reports by e-mail only [doc].

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::client::{Api, Ask, CleverTap, Say};
use super::csv::identities;
use super::error::Error;
use super::list_file::ListFile;
use super::presigned::presigned;
use super::storage::Content;
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
    /// As [`csv`](super::csv()) makes it.
    pub csv: Bytes,
    /// False: refuse where a segment of this name exists. Step 3 is then sent once, for even a
    /// failed attempt occupies the name [doc].
    pub replace: bool,
}

/// A [`List`] whose members are in a file.
pub struct FileList<'a> {
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

    /// Steps 1 and 2: puts the file into CleverTap's storage, which has no effect yet.
    ///
    /// # Errors
    /// Any [`Error`] but `SegmentExists`.
    pub async fn stage(&self, csv: &Bytes, gate: &Gate<'_>) -> Result<Staged, Error> {
        self.stage_content(&Content::Memory(csv), gate).await
    }

    /// Steps 1 and 2: puts the file into CleverTap's storage, which has no effect yet. It is read
    /// as it is sent; the gate is asked meanwhile too.
    ///
    /// # Errors
    /// Any [`Error`] but `SegmentExists`; `File` where it can't be read or isn't as long as it was.
    pub async fn stage_file(&self, file: &ListFile, gate: &Gate<'_>) -> Result<Staged, Error> {
        self.stage_content(&Content::File(file), gate).await
    }

    async fn stage_content(&self, content: &Content<'_>, gate: &Gate<'_>) -> Result<Staged, Error> {
        for _ in 0..ADDRESSES {
            let address = self.address(gate).await?;
            if self.put(&address.url, content, gate).await? {
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

    /// Step 3: the file becomes the list.
    ///
    /// # Errors
    /// Any [`Error`]. After [`Error::Unavailable`] it is unknown whether the list was accepted.
    pub async fn complete(
        &self,
        list: &List<'_>,
        staged: &Staged,
        gate: &Gate<'_>,
    ) -> Result<Accepted, Error> {
        let hide = |veil: &mut Veil| {
            veil.hide(list.email);
            let file = String::from_utf8_lossy(&list.csv);
            identities(&file).for_each(|identity| veil.hide_word(&identity));
        };
        let last = Last {
            fields: json!({
                "name": list.name,
                "email": list.email,
                "filename": list.filename,
                "creator": list.creator,
                "replace": list.replace,
            }),
            replace: list.replace,
            hide: &hide,
            members: None,
        };
        self.finish(last, staged, gate).await
    }

    /// Step 3 for a list whose members are in a file, which is read once more if CleverTap's words
    /// may name some of them.
    ///
    /// # Errors
    /// As [`CleverTap::complete`].
    pub async fn complete_file(
        &self,
        list: &FileList<'_>,
        staged: &Staged,
        gate: &Gate<'_>,
    ) -> Result<Accepted, Error> {
        let last = Last {
            fields: json!({
                "name": list.name,
                "email": list.email,
                "filename": list.filename,
                "creator": list.creator,
                "replace": list.replace,
            }),
            replace: list.replace,
            hide: &|veil| veil.hide(list.email),
            members: Some(list.file),
        };
        self.finish(last, staged, gate).await
    }

    async fn finish(
        &self,
        mut last: Last<'_>,
        Staged(address): &Staged,
        gate: &Gate<'_>,
    ) -> Result<Accepted, Error> {
        #[derive(Deserialize)]
        struct Body {
            status: String,
            #[serde(rename = "Segment ID", default)]
            segment_id: Value,
        }
        last.fields["url"] = address.text.as_str().into();
        let hide = |veil: &mut Veil| {
            veil.hide(&address.text);
            (last.hide)(veil);
        };
        let ask = Ask {
            call: &COMPLETE,
            api: Api::Lists,
            path: &["upload_custom_list_segment_completed"],
            body: Some(last.fields.to_string().into()),
            repeatable: last.replace,
            insist: true,
            hide: &hide,
            members: last.members,
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

/// What step 3 sends, but for the address.
struct Last<'a> {
    fields: Value,
    replace: bool,
    hide: &'a (dyn Fn(&mut Veil) + Send + Sync),
    members: Option<&'a ListFile>,
}
