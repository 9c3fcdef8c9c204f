//! `POST /1/upload`: profiles, judged one record at a time.

use std::{
    borrow::Cow,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
};

use serde_json::{Number, Value, json};

use super::{
    fail,
    json::Json,
    valid::{is_email, is_phone},
    world::Account,
};
use crate::sandbox::answer::Answer;

/// Records a call \[doc\].
const MAX_RECORDS: usize = 1000;
/// A body must stay below this \[seen\].
const MAX_BODY: usize = 2_000_000;
/// Properties that an account may name itself \[doc\].
const MAX_CUSTOM_KEYS: usize = 256;
/// Profile properties that CleverTap knows by itself.
const OWN_KEYS: &[&str] = &[
    "Name",
    "Email",
    "Phone",
    "Gender",
    "DOB",
    "Age",
    "Photo",
    "Tz",
    "Employed",
    "Education",
    "Married",
    "MSG-email",
    "MSG-push",
    "MSG-sms",
    "MSG-whatsapp",
];

/// Code and text of a refused record.
type Refusal = (u16, &'static str);

impl Account {
    /// `forced` is the number and code of a record that fails whatever it holds.
    pub fn upload(&mut self, body: &[u8], forced: Option<(usize, u16)>) -> Answer {
        if body.len() >= MAX_BODY {
            return fail(413, "Payload too large");
        }
        let body = serde_json::from_slice::<Json<'_>>(body);
        let Some(Json::List(records)) = body.as_ref().ok().and_then(|body| body.get("d")) else {
            return fail(400, "Malformed request");
        };
        if records.len() > MAX_RECORDS {
            return fail(400, "Request exceeds the limit of 1000 records");
        }
        let total = records.len();
        let mut refused = vec![];
        for (at, record) in records.iter().enumerate() {
            let taken = match forced {
                Some((number, code)) if number == at + 1 => Err((code, "Record was not taken.")),
                _ => self.take(record),
            };
            if let Err((code, why)) = taken {
                let error = format!("{why}Skipped record number : {}", at + 1);
                let echo = retype(record.to_value());
                refused.push(
                    json!({ "status": "fail", "code": code, "error": error, "record": echo }),
                );
            }
        }
        let processed = total - refused.len();
        let status = match (processed, refused.len()) {
            (_, 0) => "success",
            (0, _) => "fail",
            _ => "partial",
        };
        Answer::json(
            200,
            &json!({ "status": status, "processed": processed, "unprocessed": refused }),
        )
    }

    /// Makes or updates the record's profile.
    fn take(&mut self, record: &Json<'_>) -> Result<(), Refusal> {
        if !matches!(record.get("type"), Some(Json::Text(kind)) if kind == "profile") {
            return Err((524, "Record is neither an event nor a profile."));
        }
        let ids =
            ["identity", "objectId", "FBID", "GPID"].map(|name| record.get(name).and_then(id_text));
        let mut ids = ids.into_iter().flatten();
        let (Some(id), None) = (ids.next(), ids.next()) else {
            return Err((
                523,
                "Exactly one of identity, objectId, FBID and GPID is mandatory.",
            ));
        };
        let seconds = |ts: &Json<'_>| match ts {
            Json::Number(ts) => ts.as_u64(),
            _ => None,
        };
        let ts = record.get("ts").map(seconds);
        if ts.is_some_and(|ts| ts.is_none_or(|ts| ts == 0 || ts > 99_999_999_999)) {
            return Err((525, "ts is not a UNIX epoch in seconds."));
        }
        let Some(Json::Object(data)) = record.get("profileData") else {
            return Err((524, "profileData is missing."));
        };
        check(&in_order(data))?;
        if self.refuses(&id) {
            return Err((512, "Profile data is incorrect."));
        }
        let custom = data.iter().map(|(key, _)| key.as_ref());
        let custom = custom.filter(|key| !OWN_KEYS.contains(key));
        let mut new: Vec<_> = custom
            .filter(|key| !self.custom_keys.contains(*key))
            .collect();
        new.sort_unstable();
        new.dedup();
        if self.custom_keys.len() + new.len() > MAX_CUSTOM_KEYS {
            return Err((522, "Profile properties exceed the limit of the account."));
        }
        self.custom_keys.extend(new.into_iter().map(str::to_owned));
        let seen_from = self.processings.saturating_add(self.settings.profile_lag);
        if self.settings.forget_profiles {
            self.profiles.note(&id, seen_from);
        } else {
            let data = data.iter();
            let data = data.map(|(key, value)| (key.clone().into_owned(), value.to_value()));
            self.profiles
                .put(id.into_owned(), data.collect(), seen_from);
        }
        Ok(())
    }

    /// Whether this identity is one of those that are refused whatever they hold.
    fn refuses(&self, id: &str) -> bool {
        let hash = || BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
        self.settings.refuse_every > 0 && hash() % self.settings.refuse_every == 0
    }
}

/// A property of a profile.
type Property<'r, 'a> = &'r (Cow<'a, str>, Json<'a>);

/// The properties by name; of a repeated one the last.
fn in_order<'r, 'a>(data: &'r [(Cow<'a, str>, Json<'a>)]) -> Vec<Property<'r, 'a>> {
    let mut data: Vec<_> = data.iter().rev().collect();
    data.sort_by(|(one, _), (other, _)| one.cmp(other));
    data.dedup_by(|(one, _), (other, _)| one == other);
    data
}

/// A bad property rejects the whole record. No code is published for lengths and kinds of values;
/// 512 stands for them here.
fn check(data: &[Property<'_, '_>]) -> Result<(), Refusal> {
    for (key, value) in data {
        let text = match value {
            Json::Text(text) => text.as_ref(),
            // Far below any limit.
            Json::Number(_) | Json::Bool(_) => "",
            _ => return Err((512, "Profile data is incorrect. Values must be scalar.")),
        };
        if key.is_empty() || key.len() > 120 || text.len() > 512 {
            return Err((
                512,
                "Profile data is incorrect. A name or value is too long.",
            ));
        }
        // What isn't a text is neither.
        if key == "Email" && !is_email(text) {
            return Err((515, "Profile data is incorrect. Email is not valid."));
        }
        if key == "Phone" && !is_phone(text) {
            return Err((516, "Profile data is incorrect. Phone is not valid."));
        }
    }
    Ok(())
}

fn id_text<'r>(value: &'r Json<'_>) -> Option<Cow<'r, str>> {
    let text = match value {
        Json::Text(text) => Cow::Borrowed(text.trim()),
        Json::Number(number) => Cow::Owned(number.to_string()),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= 1024).then_some(text)
}

/// The echo of a record: what looks like a number comes back as one \[seen\].
fn retype(value: Value) -> Value {
    match value {
        Value::String(text) => match text.trim_start_matches('+').parse::<u64>() {
            Ok(number) => Value::Number(Number::from(number)),
            Err(_) => Value::String(text),
        },
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, retype(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_repeated_properties_the_last_counts() {
        let json: Json<'_> = serde_json::from_str(r#"{"b":1,"a":2,"b":"x"}"#).unwrap();
        let Json::Object(fields) = json else {
            unreachable!("an object")
        };
        let order = in_order(&fields);
        let order = order
            .iter()
            .map(|(key, value)| (key.as_ref(), value.to_value()));
        assert_eq!(
            order.collect::<Vec<_>>(),
            [("a", json!(2)), ("b", json!("x"))]
        );
    }
}
