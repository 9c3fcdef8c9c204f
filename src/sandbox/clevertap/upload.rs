//! `POST /1/upload`: profiles, judged one record at a time.

use serde_json::{Map, Number, Value, json};

use super::{
    fail,
    world::{Account, Profile},
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
        let records = match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(mut fields)) => fields.remove("d"),
            _ => None,
        };
        let Some(Value::Array(records)) = records else {
            return fail(400, "Malformed request");
        };
        if records.len() > MAX_RECORDS {
            return fail(400, "Request exceeds the limit of 1000 records");
        }
        let total = records.len();
        let mut refused = vec![];
        for (at, record) in records.into_iter().enumerate() {
            let taken = match forced {
                Some((number, code)) if number == at + 1 => Err((code, "Record was not taken.")),
                _ => self.take(&record),
            };
            if let Err((code, why)) = taken {
                let error = format!("{why}Skipped record number : {}", at + 1);
                let echo = retype(record);
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
    fn take(&mut self, record: &Value) -> Result<(), Refusal> {
        if record["type"] != "profile" {
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
        let ts = record.get("ts");
        if ts.is_some_and(|ts| ts.as_u64().is_none_or(|ts| ts == 0 || ts > 99_999_999_999)) {
            return Err((525, "ts is not a UNIX epoch in seconds."));
        }
        let Some(data) = record["profileData"].as_object() else {
            return Err((524, "profileData is missing."));
        };
        check(data)?;
        let custom = data.keys().filter(|key| !OWN_KEYS.contains(&key.as_str()));
        let new: Vec<_> = custom
            .filter(|key| !self.custom_keys.contains(*key))
            .cloned()
            .collect();
        if self.custom_keys.len() + new.len() > MAX_CUSTOM_KEYS {
            return Err((522, "Profile properties exceed the limit of the account."));
        }
        self.custom_keys.extend(new);
        let seen_from = self.processings.saturating_add(self.settings.profile_lag);
        let fresh = || Profile {
            data: Map::new(),
            seen_from,
        };
        let profile = self.profiles.entry(id).or_insert_with(fresh);
        profile.data.extend(data.clone());
        Ok(())
    }
}

/// A bad property rejects the whole record. No code is published for lengths and kinds of values;
/// 512 stands for them here.
fn check(data: &Map<String, Value>) -> Result<(), Refusal> {
    for (key, value) in data {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err((512, "Profile data is incorrect. Values must be scalar.")),
        };
        if key.is_empty() || key.len() > 120 || text.len() > 512 {
            return Err((
                512,
                "Profile data is incorrect. A name or value is too long.",
            ));
        }
        if key == "Email" && !(value.is_string() && is_email(&text)) {
            return Err((515, "Profile data is incorrect. Email is not valid."));
        }
        if key == "Phone" && !(value.is_string() && is_phone(&text)) {
            return Err((516, "Profile data is incorrect. Phone is not valid."));
        }
    }
    Ok(())
}

fn id_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= 1024).then_some(text)
}

fn is_email(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_graphic() && !"@,;<>()\"".contains(c))
    };
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let labels = || domain.split('.');
    plain(local)
        && plain(domain)
        && labels().count() >= 2
        && labels().all(|label| !label.is_empty())
}

fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let known = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    known && (7..=15).contains(&digits.len())
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
    fn addresses_and_numbers() {
        assert!(is_email("a.b+c@mail.example.com"));
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@example",
            "a b@example.com",
            "a@b@example.com",
            "a@.com",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_phone("+14155550100"));
        for bad in [
            "",
            "+",
            "14155550100",
            "+0155550100",
            "+1415",
            "+1415555010x",
            "+1234567890123456",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
