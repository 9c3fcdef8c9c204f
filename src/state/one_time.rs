//! The record of a finished one-time export, so that a restored or re-created object doesn't run
//! again.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StateError;
use crate::domain::{CohortRef, ConnectorPlan, Counts, ExportPlan};

const FORMAT: u32 = 1;
/// So many of the latest tokens are remembered.
const TOKENS: usize = 32;

/// The list of a one-time export, told from its specs alone: a record must be found without a
/// vendor call, so a default segment name is represented by the cohort that it will be made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OneTimeKey {
    host: String,
    project: String,
    segment: Segment,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Segment {
    Named(String),
    OfCohortId(i64, i64),
    OfCohortName(i64, String),
}

impl OneTimeKey {
    pub fn of(connector: &ConnectorPlan, export: &ExportPlan) -> Self {
        let source = connector.mixpanel_project;
        let segment = match (&export.segment_name, &export.cohort) {
            (Some(name), _) => Segment::Named(name.clone()),
            (None, CohortRef::Id(id)) => Segment::OfCohortId(source, *id),
            (None, CohortRef::Name(name)) => Segment::OfCohortName(source, name.clone()),
        };
        let destination = connector.destination("");
        Self {
            host: destination.host,
            project: destination.project,
            segment,
        }
    }
}

/// A one-time export that is done. Holds no member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTimeRecord {
    /// Of the run, 16 hexadecimal digits: another shape is another export.
    pub shape: String,
    /// The token that the run handled: a newer one is a wish to run again.
    pub handled_token: Option<String>,
    /// Those that runs before it handled, oldest first: a backup may bring one of them back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_tokens: Vec<String>,
    pub run_id: String,
    pub counts: Counts,
    pub finished: Timestamp,
    pub cohort_id: i64,
    pub cohort_name: String,
    pub segment_name: String,
    pub segment_id: Option<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    #[serde(flatten)]
    record: &'a OneTimeRecord,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl OneTimeRecord {
    /// Whether a run of this export has handled this token.
    pub fn has_handled(&self, token: &str) -> bool {
        let earlier = self.earlier_tokens.iter().any(|t| t == token);
        earlier || self.handled_token.as_deref() == Some(token)
    }

    /// Takes over the tokens of the record that this one replaces.
    pub fn remember(&mut self, before: Self) {
        let mut tokens = before.earlier_tokens;
        tokens.extend(before.handled_token);
        tokens.retain(|t| self.handled_token.as_ref() != Some(t));
        self.earlier_tokens = tokens.split_off(tokens.len().saturating_sub(TOKENS));
    }

    pub(super) fn encode(&self) -> Bytes {
        let written = Written {
            format: FORMAT,
            record: self,
        };
        serde_json::to_vec(&written)
            .expect("strings, numbers and times serialize")
            .into()
    }

    /// `None` if it is damaged.
    pub(super) fn decode(json: &[u8]) -> Result<Option<Self>, StateError> {
        match serde_json::from_slice::<Format>(json) {
            Ok(Format { format }) if format > FORMAT => Err(StateError::TooNew),
            Ok(_) => Ok(serde_json::from_slice(json).ok()),
            Err(_) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn record() -> OneTimeRecord {
        OneTimeRecord {
            shape: "00000abcfffffff0".into(),
            handled_token: Some("again".into()),
            earlier_tokens: vec!["before".into()],
            run_id: "00000abcfffffff0-1".into(),
            counts: Counts {
                members: 3,
                rejected_codes: [("515".into(), 1)].into(),
                ..Counts::default()
            },
            finished: "2026-01-01T00:00:00Z".parse().unwrap(),
            cohort_id: 4311,
            cohort_name: "Cart drop off".into(),
            segment_name: "Mixpanel - Cart drop off".into(),
            segment_id: None,
        }
    }

    fn key(segment: Segment) -> OneTimeKey {
        OneTimeKey {
            host: "api.example.com".into(),
            project: "TEST-1".into(),
            segment,
        }
    }

    #[tokio::test]
    async fn a_record_is_found_by_its_key_only() {
        let state = State::open("memory:///", "").unwrap();
        let named = key(Segment::Named("4311".into()));
        state.record_one_time(&named, &record()).await.unwrap();
        assert_eq!(state.one_time(&named).await.unwrap(), Some(record()));
        for other in [
            Segment::OfCohortId(1, 4311),
            Segment::OfCohortName(1, "4311".into()),
        ] {
            assert_eq!(state.one_time(&key(other)).await.unwrap(), None);
        }
    }

    #[test]
    fn tokens_are_remembered_each_once_and_not_for_ever() {
        let mut last = record();
        for n in 0..100 {
            let mut next = record();
            next.earlier_tokens.clear();
            next.handled_token = (n % 3 > 0).then(|| (n / 2).to_string());
            next.remember(last);
            last = next;
        }
        assert_eq!(last.earlier_tokens.len(), TOKENS);
        assert!(last.has_handled("48") && !last.has_handled("before"));
        let unique: std::collections::BTreeSet<_> = last.earlier_tokens.iter().collect();
        assert_eq!(unique.len(), TOKENS);
    }

    #[test]
    fn damage_counts_as_none_and_a_newer_format_is_told() {
        let json = record().encode();
        assert_eq!(OneTimeRecord::decode(&json), Ok(Some(record())));
        assert_eq!(OneTimeRecord::decode(&json[1..]), Ok(None));
        assert_eq!(OneTimeRecord::decode(b"{\"format\":1}"), Ok(None));
        let newer = OneTimeRecord::decode(b"{\"format\":2}");
        assert_eq!(newer, Err(StateError::TooNew));
    }
}
