//! The two Custom List calls and the processing that follows them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{
    fail,
    file::{self, Kind},
    settings::{Expiry, Mail, Processing},
    world::Account,
};
use crate::sandbox::answer::Answer;

/// Older presigned URLs of an account are gone beyond this.
const MAX_UPLOADS: usize = 64;
/// Lists that may wait to be processed; beyond, the oldest is processed.
const MAX_PENDING: usize = 64;
const MAX_MAILS: usize = 500;
const MAX_HISTORY: usize = 32;
const FIRST_SEGMENT: u64 = 1_234_567_890;

/// A presigned URL, and what was put there.
pub(super) struct Upload {
    pub token: String,
    pub signature: String,
    expires: Instant,
    pub file: Option<Bytes>,
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
    name: String,
    mail_to: String,
    file: Option<Bytes>,
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
        if self.settings.processing == Processing::Immediate {
            self.process_pending();
        } else if self.pending.len() > MAX_PENDING {
            self.process_next();
        }
        Answer::json(200, &json!({ "Segment ID": id, "status": "success" }))
    }

    /// Processes what waits; says how many lists that were.
    pub fn process_pending(&mut self) -> usize {
        std::iter::from_fn(|| self.process_next()).count()
    }

    /// A list that fails leaves the one before in force.
    fn process_next(&mut self) -> Option<()> {
        let Job {
            name,
            mail_to,
            file,
        } = self.pending.pop_front()?;
        let rows = match &file {
            Some(file) => file::read(file),
            None => Err("no file was uploaded".to_owned()),
        };
        let (ok, text) = match rows {
            Ok(rows) => {
                let total = rows.len();
                let known = rows.into_iter().filter(|(kind, id)| self.sees(*kind, id));
                let members: Vec<_> = known.map(|(_, id)| id).collect();
                let text = format!("{} of {total} users were found", members.len());
                let segment = self.segments.entry(name.clone()).or_default();
                segment.history.push_back(members.len());
                if segment.history.len() > MAX_HISTORY {
                    segment.history.pop_front();
                }
                segment.members = members;
                segment.in_force = file;
                segment.processed += 1;
                (true, text)
            }
            Err(why) => {
                self.segments.entry(name.clone()).or_default().failed += 1;
                (false, format!("The list could not be processed: {why}"))
            }
        };
        self.processings += 1;
        self.mails.push_back(Mail {
            to: mail_to,
            segment: name,
            ok,
            text,
        });
        if self.mails.len() > MAX_MAILS {
            self.mails.pop_front();
        }
        Some(())
    }

    /// Whether list processing knows the id; CleverTap's own ids aren't played.
    fn sees(&self, kind: Kind, id: &str) -> bool {
        let profile = self.profiles.get(id);
        let seen = profile.is_some_and(|profile| self.processings >= profile.seen_from);
        kind == Kind::Identity && (seen || self.settings.knows_everyone)
    }
}
