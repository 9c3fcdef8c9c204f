//! The two Custom List calls.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::{fail, settings::Expiry, stored::Stored, world::Account};
use crate::sandbox::answer::Answer;

/// Older presigned URLs of an account are gone beyond this.
const MAX_UPLOADS: usize = 64;
/// Bytes of an account's uploads that are kept; the oldest files go first.
const MAX_BYTES: u64 = 4 << 30;
const FIRST_SEGMENT: u64 = 1_234_567_890;

/// A presigned URL, and what was put there.
pub(super) struct Upload {
    pub token: String,
    pub signature: String,
    expires: Instant,
    pub file: Option<Stored>,
}

impl Upload {
    pub fn expire(&mut self) {
        self.expires = Instant::now();
    }

    pub fn expired(&self) -> bool {
        self.expires <= Instant::now()
    }
}

/// An accepted list.
pub(super) struct Job {
    pub name: String,
    pub mail_to: String,
    pub file: Option<Stored>,
}

#[derive(Deserialize)]
struct Completed {
    name: String,
    email: String,
    filename: String,
    creator: String,
    url: String,
    #[serde(default)]
    replace: bool,
}

impl Account {
    /// Step 1: a URL for one file.
    pub fn mint_url(&mut self, account: &str, storage: &str) -> Answer {
        let lifetime = self.settings.url_lifetime.min(24 * 3600);
        let random = |length| -> String {
            std::iter::repeat_with(fastrand::alphanumeric)
                .take(length)
                .collect()
        };
        let (token, signature) = (random(24), random(40));
        let url = format!(
            "{storage}custom-lists/{account}/{token}.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Expires={lifetime}&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}"
        );
        let expires = Instant::now() + Duration::from_secs(lifetime);
        self.uploads.push_back(Upload {
            token,
            signature,
            expires,
            file: None,
        });
        if self.uploads.len() > MAX_UPLOADS {
            self.uploads.pop_front();
        }
        let end = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
        let end = end.saturating_add(jiff::Span::new().seconds(lifetime.cast_signed()));
        let mut body = json!({ "presignedS3URL": url, "status": "success" });
        match self.settings.expiry {
            Expiry::Text => body["expiry"] = json!(end.strftime("%-d %b, %I:%M %p").to_string()),
            Expiry::Epoch => {
                let date = end.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
                body["expiryEpoch"] = json!({ "$date": date });
            }
        }
        Answer::json(200, &body)
    }

    /// Step 3: accepts whatever was put; whether it was any good is told by mail only.
    pub fn complete(&mut self, body: &[u8]) -> Answer {
        let Ok(call) = serde_json::from_slice::<Completed>(body) else {
            return fail(400, "Malformed request");
        };
        let fields = [
            &call.name,
            &call.email,
            &call.filename,
            &call.creator,
            &call.url,
        ];
        if fields.iter().any(|field| field.trim().is_empty()) {
            return fail(400, "Malformed request");
        }
        let Some(upload) = self
            .uploads
            .iter()
            .find(|upload| call.url.contains(&upload.token))
        else {
            return fail(400, "Invalid url");
        };
        let file = upload.file.clone();
        if self.segments.contains_key(&call.name) && !call.replace {
            return fail(400, "duplicate_name");
        }
        let next = FIRST_SEGMENT + self.segments.len() as u64;
        // The name is taken from here on, whatever becomes of the list.
        let segment = self.segments.entry(call.name.clone()).or_default();
        if segment.id == 0 {
            segment.id = next;
        }
        segment.uploaded = file.clone().unwrap_or_default();
        let id = segment.id;
        self.pending.push_back(Job {
            name: call.name,
            mail_to: call.email,
            file,
        });
        Answer::json(200, &json!({ "Segment ID": id, "status": "success" }))
    }

    /// Takes a file that was put.
    pub fn keep(&mut self, token: &str, signature: &str, file: Stored) -> Kept {
        let mut uploads = self.uploads.iter_mut();
        let found = uploads.find(|upload| upload.token == token && upload.signature == signature);
        let Some(upload) = found else {
            return Kept::Unsigned;
        };
        if upload.expired() {
            return Kept::Expired;
        }
        upload.file = Some(file);
        let length = |upload: &Upload| upload.file.as_ref().map_or(0, Stored::len);
        let mut all: u64 = self.uploads.iter().map(length).sum();
        for upload in &mut self.uploads {
            if all <= MAX_BYTES {
                break;
            }
            all -= length(upload);
            upload.file = None;
        }
        Kept::Yes
    }
}

/// What became of a file.
pub(super) enum Kept {
    Yes,
    /// The URL isn't one of ours.
    Unsigned,
    Expired,
}
