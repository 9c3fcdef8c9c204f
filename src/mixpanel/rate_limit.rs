//! Which of its limits a Mixpanel 429 is about [doc]:
//!
//! ```text
//! RateLimit-Policy: "project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests"
//! RateLimit: "project";r=0;t=3600, "project-concurrency";r=3
//! ```

use std::collections::HashMap;
use std::time::Duration;

use reqwest::header::HeaderMap;

/// The limit that an answer ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tripped {
    /// The rolling hour of the project; when the server expects room again.
    Hour(Option<Duration>),
    /// Queries at once, or Mixpanel sheds load (a 429 without these headers).
    Moment,
}

/// Reads the headers of a 429, and its `error` text where they don't tell.
pub(super) fn tripped(headers: &HeaderMap, error: &str) -> Tripped {
    let policies = items(headers, "ratelimit-policy");
    let is_hourly = |name: &str| match policies.iter().find(|item| item.name == name) {
        Some(policy) => policy.parameters.contains_key("w"),
        None => !name.contains("concurrency"),
    };
    let limits = items(headers, "ratelimit");
    let used_up = |item: &&Item| item.parameters.get("r").is_some_and(|left| left == "0");
    let mut spent = limits.iter().filter(used_up).peekable();
    if spent.peek().is_none() {
        let hour = error.contains("in the last hour");
        return if hour {
            Tripped::Hour(None)
        } else {
            Tripped::Moment
        };
    }
    match spent.find(|item| is_hourly(&item.name)) {
        Some(item) => Tripped::Hour(item.number("t").map(Duration::from_secs)),
        None => Tripped::Moment,
    }
}

/// The project's limit of queries an hour, where the answer names it.
pub(super) fn hourly_limit(headers: &HeaderMap) -> Option<u32> {
    let policies = items(headers, "ratelimit-policy");
    let hourly = policies
        .iter()
        .find(|item| item.number("w") == Some(3600))?;
    u32::try_from(hourly.number("q")?).ok()
}

/// One entry of a structured list: `"name";key=value;key="value"`.
#[derive(Debug)]
struct Item {
    name: String,
    parameters: HashMap<String, String>,
}

impl Item {
    fn number(&self, key: &str) -> Option<u64> {
        self.parameters.get(key)?.parse().ok()
    }
}

fn items(headers: &HeaderMap, name: &str) -> Vec<Item> {
    let lines = headers.get_all(name).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| split(line, ','))
        .map(|item| {
            let mut parts = split(item, ';').into_iter();
            let name = unquoted(parts.next().unwrap_or_default());
            let pairs = parts.filter_map(|part| part.split_once('='));
            let parameters = pairs
                .map(|(key, value)| (key.trim().to_owned(), unquoted(value)))
                .collect();
            Item { name, parameters }
        })
        .collect()
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('"').to_owned()
}

/// Splits outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: &str =
        r#""project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests""#;

    fn headers(policy: &str, limit: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
            if let Ok(value) = value.parse() {
                headers.append(name, value);
            }
        }
        headers
    }

    #[test]
    fn the_limit_without_rest_is_the_one() {
        let of = |limit| tripped(&headers(POLICY, limit), "");
        let hour = Tripped::Hour(Some(Duration::from_secs(900)));
        assert_eq!(
            of(r#""project";r=0;t=900, "project-concurrency";r=3"#),
            hour
        );
        assert_eq!(
            of(r#""project";r=7;t=900, "project-concurrency";r=0"#),
            Tripped::Moment
        );
        assert_eq!(
            of(r#""project";r=0;t=900, "project-concurrency";r=0"#),
            hour
        );
        let unnamed = |limit| tripped(&headers("", limit), "");
        assert_eq!(unnamed(r#""project-concurrency";r=0"#), Tripped::Moment);
        assert_eq!(unnamed(r#""project";r=0"#), Tripped::Hour(None));
    }

    #[test]
    fn without_headers_the_text_tells() {
        let prefix = "Query rate limit exceeded for project_id: 1. This request exceeded the ";
        let of = |rest: &str| tripped(&HeaderMap::new(), &format!("{prefix}{rest}"));
        let hour = "rate limit (61/60 queries running in the last hour).";
        assert_eq!(of(hour), Tripped::Hour(None));
        let moment = "concurrency limit (6/5 queries running concurrently).";
        assert_eq!(of(moment), Tripped::Moment);
        assert_eq!(of(""), Tripped::Moment);
    }

    #[test]
    fn the_hourly_limit_is_read_from_the_policy() {
        assert_eq!(hourly_limit(&headers(POLICY, "")), Some(60));
        let only = r#""project-concurrency";q=5;qu="a;w=3600""#;
        assert_eq!(hourly_limit(&headers(only, "")), None);
        assert_eq!(hourly_limit(&HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn no_header_panics(policy in "\\PC*", limit in "[\"a-z;=,0-9 ]*") {
            let headers = headers(&policy, &limit);
            tripped(&headers, &policy);
            hourly_limit(&headers);
        }
    }
}
