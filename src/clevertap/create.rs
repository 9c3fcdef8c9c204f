//! Profiles in batches, from a list that is whole in memory.

use std::borrow::Cow;

use bytes::Bytes;
use futures::TryStreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};

use super::client::{Api, Ask, CleverTap, Say};
use super::error::Error;
use super::profiles::Profile;
use super::reply::{Fates, Reply};
use super::settle::SERVER_ERROR;
use super::upload::{Outcome, UPLOAD};
use super::verdict::{self, unusable};
use crate::http::{Answer, Backoff, Gate, Veil};

/// Records a call [doc].
const RECORDS: usize = 1000;
/// Bytes of a body: under 2 MB [seen].
const BYTES: usize = 2_000_000 - 1;
const OPEN: &[u8] = b"{\"d\":[";
const CLOSE: &[u8] = b"]}";
/// The outcome of each profile, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileReport {
    pub outcomes: Vec<Outcome>,
}

/// A profile as it is sent.
struct Record<'a> {
    index: usize,
    profile: &'a Profile,
    json: Vec<u8>,
}

impl Record<'_> {
    fn identity(&self) -> &str {
        &self.profile.identity
    }

    /// Hides the user in a text: the identity, every value however it is typed in the text, and
    /// the parts of the name but for initials.
    fn hide(&self, veil: &mut Veil) {
        veil.hide_word(self.identity());
        for (key, value) in &self.profile.data {
            match value {
                Value::String(text) => {
                    veil.hide_word(text);
                    let parts = text.split_whitespace().filter(|_| key == "Name");
                    let parts = parts.filter(|part| part.chars().nth(1).is_some());
                    parts.for_each(|part| veil.hide_word(part));
                }
                Value::Number(number) => veil.hide_word(&number.to_string()),
                _ => {}
            }
        }
    }
}

impl CleverTap {
    /// Creates or updates profiles: batches, as many at once as the connector's share permits.
    /// The gate is asked before each attempt. Repeating it converges.
    ///
    /// # Errors
    /// Any [`Error`] but `SegmentExists`; a part of the profiles may then have been created.
    pub async fn create_profiles(
        &self,
        profiles: &[Profile],
        gate: &Gate<'_>,
    ) -> Result<ProfileReport, Error> {
        let mut outcomes = vec![Outcome::Rejected { code: None }; profiles.len()];
        let (mut batches, mut under_way) = (batches(profiles), FuturesUnordered::new());
        loop {
            while under_way.len() < self.share.uploads
                && let Some(batch) = batches.next()
            {
                under_way.push(self.settle(batch, gate));
            }
            let Some(settled) = under_way.try_next().await? else {
                break;
            };
            for (index, outcome) in settled {
                outcomes[index] = outcome;
            }
        }
        Ok(ProfileReport { outcomes })
    }

    /// One batch until each record is settled. What met a server error is sent again with
    /// back-off; where a failure names no record, both halves of those in doubt are.
    async fn settle(
        &self,
        batch: Vec<Record<'_>>,
        gate: &Gate<'_>,
    ) -> Result<Vec<(usize, Outcome)>, Error> {
        let (mut settled, mut backoff) = (Vec::new(), Backoff::new(self.retry));
        let mut work = vec![batch];
        while let Some(batch) = work.pop() {
            let fates = self.send_records(&batch, gate).await?;
            let (mut again, mut doubtful) = (Vec::new(), Vec::new());
            for (record, fate) in batch.into_iter().zip(fates) {
                match fate {
                    Some(Outcome::Rejected {
                        code: Some(SERVER_ERROR),
                    }) => again.push(record),
                    Some(outcome) => settled.push((record.index, outcome)),
                    None => doubtful.push(record),
                }
            }
            if !again.is_empty() && !backoff.pause(None, gate).await? {
                let code = Some(SERVER_ERROR);
                let given_up = |record: Record<'_>| (record.index, Outcome::Rejected { code });
                settled.extend(again.drain(..).map(given_up));
            }
            let half = doubtful.split_off(doubtful.len() / 2);
            work.extend(
                [again, doubtful, half]
                    .into_iter()
                    .filter(|batch| !batch.is_empty()),
            );
        }
        Ok(settled)
    }

    async fn send_records(&self, batch: &[Record<'_>], gate: &Gate<'_>) -> Result<Fates, Error> {
        let hide = |veil: &mut Veil| batch.iter().for_each(|record| record.hide(veil));
        let ask = Ask {
            call: &UPLOAD,
            api: Api::Uploads,
            path: &["1", "upload"],
            body: Some(body(batch)),
            repeatable: true,
            insist: true,
            hide: &hide,
            members: None,
        };
        let read = |answer: &Answer, say: &Say<'_>| {
            let reply: Reply = verdict::body(answer, say, Reply::has_details)?;
            // Counts that don't add up say nothing about any record.
            let identity = |place: usize| Cow::Borrowed(batch[place].identity());
            reply.sort(batch.len(), identity).ok_or_else(unusable)
        };
        Ok(self.call(&ask, gate, read).await?)
    }
}

fn body(batch: &[Record<'_>]) -> Bytes {
    let records: Vec<_> = batch.iter().map(|record| &*record.json).collect();
    [OPEN, &records.join(&b','), CLOSE].concat().into()
}

/// Batches within both limits. A record that no batch can hold is in none.
fn batches(profiles: &[Profile]) -> impl Iterator<Item = Vec<Record<'_>>> {
    let room = BYTES - OPEN.len() - CLOSE.len();
    let mut records = profiles
        .iter()
        .enumerate()
        .map(|(index, profile)| {
            let Profile { identity, data } = profile;
            let json = json!({"type": "profile", "identity": identity, "profileData": data});
            Record {
                index,
                profile,
                json: json.to_string().into_bytes(),
            }
        })
        .filter(move |record| record.json.len() <= room)
        .peekable();
    std::iter::from_fn(move || {
        let (mut batch, mut size) = (Vec::new(), 0);
        while let Some(record) =
            records.next_if(|record| batch.len() < RECORDS && size + record.json.len() <= room)
        {
            size += record.json.len() + 1;
            batch.push(record);
        }
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn profile(identity: &str, text: &str) -> Profile {
        let data = [("text".to_owned(), text.into())].into_iter().collect();
        Profile {
            identity: identity.to_owned(),
            data,
        }
    }

    fn records(profiles: &[Profile]) -> Vec<Record<'_>> {
        batches(profiles).flatten().collect()
    }

    #[test]
    fn a_body_is_what_the_contract_shows() {
        let profiles = [profile("a\"b", "x"), profile("2", "y")];
        let body: Value = serde_json::from_slice(&body(&records(&profiles))).unwrap();
        let expected = json!({"d": [
            {"type": "profile", "identity": "a\"b", "profileData": {"text": "x"}},
            {"type": "profile", "identity": "2", "profileData": {"text": "y"}}]});
        assert_eq!(body, expected);
    }

    #[test]
    fn batches_keep_both_limits() {
        let small: Vec<_> = (0..2500).map(|n| profile(&n.to_string(), "")).collect();
        let sizes: Vec<_> = batches(&small).map(|batch| batch.len()).collect();
        assert_eq!(sizes, [1000, 1000, 500]);
        let huge = [profile("1", &"x".repeat(BYTES)), profile("2", "")];
        let kept: Vec<_> = records(&huge).iter().map(|record| record.index).collect();
        assert_eq!(kept, [1]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_body_is_too_large_and_no_record_lost(sizes in prop::collection::vec(0_usize..900_000, 0..12)) {
            let profiles: Vec<_> = sizes.iter().map(|size| profile("1", &"x".repeat(*size))).collect();
            let mut seen = Vec::new();
            for batch in batches(&profiles) {
                prop_assert!(body(&batch).len() <= BYTES);
                seen.extend(batch.iter().map(|record| record.index));
            }
            prop_assert_eq!(seen, (0..profiles.len()).collect::<Vec<_>>());
        }
    }
}
