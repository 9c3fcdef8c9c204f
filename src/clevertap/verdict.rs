//! What an answer of CleverTap's means, whatever the call.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::Say;
use super::error::{Error, Failure};
use crate::http::{Answer, retry_after};

/// The fields that say no.
#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    status: String,
    #[serde(default)]
    error: String,
}

/// What an answer says to people, if it does.
pub(super) fn text(answer: &Answer) -> String {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    refusal.error
}

/// Why an answer other than 2xx is no success. Retried are 429, 500, 502, 503, 504; 401, 403,
/// 404, 405 and 409 are permanent [doc].
pub(super) fn refusal(answer: &Answer, said: &Say<'_>) -> Failure {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    let (words, status) = (words(&answer.body), answer.status.as_u16());
    let retry_after = retry_after(&answer.headers, Timestamp::now());
    let said = said(&refusal.error);
    match status {
        401 => Failure::Final(Error::InvalidCredentials(said)),
        403 => Failure::Final(Error::Forbidden(said)),
        429 => Failure::Untouched(Error::RateLimited { retry_after }),
        _ if words.contains("duplicate_name") => Failure::Final(Error::SegmentExists),
        400 if words.contains("malformed request") => Failure::Once(Error::Refused(said)),
        413 => Failure::Body(Error::Refused(said)),
        400..500 => Failure::Final(Error::Refused(said)),
        _ => {
            let detail = format!("it answered {status}{said}");
            let error = Error::Unavailable {
                detail,
                retry_after,
            };
            let again = matches!(status, 500 | 502 | 503 | 504);
            if again {
                Failure::Again(error)
            } else {
                Failure::Final(error)
            }
        }
    }
}

/// A 2xx answer as JSON, unless it says `fail` without `details` of its own.
pub(super) fn body<T: DeserializeOwned>(
    answer: &Answer,
    said: &Say<'_>,
    details: impl Fn(&T) -> bool,
) -> Result<T, Failure> {
    let refusal: Option<Refusal> = serde_json::from_slice(&answer.body).ok();
    let body: Option<T> = serde_json::from_slice(&answer.body).ok();
    match refusal {
        Some(refusal) if refusal.status == "success" => return body.ok_or_else(unusable),
        Some(_) if body.as_ref().is_some_and(details) => return body.ok_or_else(unusable),
        _ => {}
    }
    let words = words(&answer.body);
    // "URL not generated, Please come back later", in plain text [seen].
    if words.contains("come back later") {
        return Err(Failure::Again(Error::unavailable(
            "it says to come back later",
        )));
    }
    if words.contains("duplicate_name") {
        return Err(Failure::Final(Error::SegmentExists));
    }
    match refusal {
        Some(refusal) if refusal.status == "fail" => {
            Err(Failure::Final(Error::Refused(said(&refusal.error))))
        }
        _ => body.ok_or_else(unusable),
    }
}

pub(super) fn unusable() -> Failure {
    Failure::Again(Error::unavailable("its answer can't be understood"))
}

/// What an answer says of the call, in lower case: a short plain text, or the strings on the top
/// level of JSON. What is further down may be a user's.
fn words(body: &[u8]) -> String {
    const SHORT: usize = 4096;
    let text = match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => {
            let strings = fields.values().filter_map(Value::as_str);
            strings.collect::<Vec<_>>().join(" ")
        }
        Err(_) if body.len() <= SHORT => String::from_utf8_lossy(body).into_owned(),
        _ => String::new(),
    };
    text.to_lowercase()
}
