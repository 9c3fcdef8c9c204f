//! The answer to a batch of profiles: which record is which of its failures.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::upload::Outcome;

/// `{"status":"partial","processed":1,"unprocessed":[{"status":"fail","code":515,"error":"...
/// Skipped record number : 2","record":{...}}]}` [seen]. The text is never shown: it may quote
/// the user.
#[derive(Deserialize)]
pub(super) struct Reply {
    processed: Option<u64>,
    unprocessed: Option<Vec<Failed>>,
}

#[derive(Deserialize)]
struct Failed {
    #[serde(default)]
    code: Value,
    #[serde(default)]
    error: String,
    #[serde(default)]
    record: Value,
}

/// What the answer says of each record of the batch; `None` where that is in doubt.
pub(super) type Fates = Vec<Option<Outcome>>;

impl Reply {
    /// True if it speaks of records rather than of the call.
    pub fn has_details(&self) -> bool {
        self.unprocessed
            .as_ref()
            .is_some_and(|failed| !failed.is_empty())
    }

    /// Maps each failure back to its record, by number or else by identity. A failure that maps
    /// to none puts all the others in doubt, unless all the others failed. `None` where the counts
    /// don't add up. The batch has `size` records.
    pub fn sort<'a>(&self, size: usize, identity: impl Fn(usize) -> Cow<'a, str>) -> Option<Fates> {
        let failures = self.unprocessed.as_deref().unwrap_or_default();
        let counted = usize::try_from(self.processed?)
            .ok()?
            .checked_add(failures.len());
        if counted != Some(size) {
            return None;
        }
        let mut fates = vec![None; size];
        let mut unmapped = Vec::new();
        for failure in failures {
            let outcome = Some(Outcome::Rejected {
                code: failure.code(),
            });
            match failure.place(&identity, &fates) {
                Some(place) => fates[place] = outcome,
                None => unmapped.push(outcome),
            }
        }
        let rest = fates.iter_mut().filter(|fate| fate.is_none());
        if unmapped.is_empty() {
            rest.for_each(|fate| *fate = Some(Outcome::Accepted));
        } else if self.processed == Some(0) {
            rest.zip(unmapped)
                .for_each(|(fate, outcome)| *fate = outcome);
        }
        Some(fates)
    }
}

impl Failed {
    fn code(&self) -> Option<u16> {
        match &self.code {
            Value::Number(code) => u16::try_from(code.as_u64()?).ok(),
            Value::String(code) => code.trim().parse().ok(),
            _ => None,
        }
    }

    /// The record that it is about, among those not yet known to have failed. Where its number and
    /// its echo name two, it is neither's.
    fn place<'a>(
        &self,
        identity: impl Fn(usize) -> Cow<'a, str>,
        fates: &[Option<Outcome>],
    ) -> Option<usize> {
        let open = |place: &usize| fates.get(*place).is_some_and(Option::is_none);
        let numbered = self.number().and_then(|number| number.checked_sub(1));
        let numbered = numbered.filter(open);
        let Some(echoed) = self.echo() else {
            return numbered;
        };
        let is_echoed = |place: &usize| identity(*place) == echoed;
        let mut all = 0..fates.len();
        match numbered {
            Some(place) if is_echoed(&place) => numbered,
            // A re-typed echo may be nobody's.
            Some(_) if all.any(|place| is_echoed(&place)) => None,
            Some(_) => numbered,
            None => all.find(|place| open(place) && is_echoed(place)),
        }
    }

    /// The identity that it repeats, re-typed: compared as text [seen].
    fn echo(&self) -> Option<String> {
        match self.record.get("identity")? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// `Skipped record number : <1-based>` at the end of the text [seen].
    fn number(&self) -> Option<usize> {
        let (_, rest) = self.error.rsplit_once("record number")?;
        let digits = rest.trim_start_matches([' ', ':']);
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        digits[..end].parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const OK: Option<Outcome> = Some(Outcome::Accepted);

    fn no(code: u16) -> Option<Outcome> {
        Some(Outcome::Rejected { code: Some(code) })
    }

    fn sort(ids: &[&str], processed: u64, unprocessed: Value) -> Option<Vec<Option<Outcome>>> {
        let reply = json!({"processed": processed, "unprocessed": unprocessed});
        let reply: Reply = serde_json::from_value(reply).unwrap();
        reply.sort(ids.len(), |place| ids[place].into())
    }

    fn numbered(code: u16, number: u64) -> Value {
        json!({"status": "fail", "code": code, "record": {},
               "error": format!("Email is not valid.Skipped record number : {number}")})
    }

    #[test]
    fn failures_find_their_records() {
        let ids = ["13793", "b", "c"];
        assert_eq!(sort(&ids, 3, json!([])), Some(vec![OK; 3]));
        let by_number = json!([numbered(515, 3), numbered(516, 1)]);
        assert_eq!(sort(&ids, 1, by_number), Some(vec![no(516), OK, no(515)]));
        let by_identity = json!([{"code": "516", "record": {"identity": 13793}}]);
        assert_eq!(sort(&ids, 2, by_identity), Some(vec![no(516), OK, OK]));
        let twice = json!([{"code": 1, "record": {"identity": "b"}}, {"code": 2, "record": {"identity": "b"}}]);
        assert_eq!(sort(&["b", "b"], 0, twice), Some(vec![no(1), no(2)]));
    }

    #[test]
    fn a_failure_of_nobody_leaves_the_others_in_doubt() {
        let ids = ["a", "b", "c"];
        let one = json!([numbered(515, 1), {"code": 555}]);
        assert_eq!(sort(&ids, 1, one), Some(vec![no(515), None, None]));
        let all = json!([numbered(515, 1), {"code": 555}, numbered(520, 9)]);
        assert_eq!(sort(&ids, 0, all), Some(vec![no(515), no(555), no(520)]));
        let same = json!([numbered(515, 1), numbered(516, 1)]);
        assert_eq!(sort(&ids, 1, same), Some(vec![no(515), None, None]));
    }

    #[test]
    fn a_number_and_an_echo_that_name_two_records_name_none() {
        let failed = |number, identity: &str| {
            let error = format!("Email is not valid.Skipped record number : {number}");
            json!([{"code": 515, "error": error, "record": {"identity": identity}}])
        };
        let ids = ["a", "b", "c"];
        assert_eq!(sort(&ids, 2, failed(2, "b")), Some(vec![OK, no(515), OK]));
        assert_eq!(sort(&ids, 2, failed(2, "c")), Some(vec![None; 3]));
        // Nor where the one that it echoes is known to have failed.
        let again = json!([failed(2, "b")[0], failed(3, "b")[0]]);
        assert_eq!(sort(&ids, 1, again), Some(vec![None, no(515), None]));
        // An echo that nobody has, such as a number in another notation, says nothing.
        assert_eq!(sort(&ids, 2, failed(2, "1.0")), Some(vec![OK, no(515), OK]));
    }

    #[test]
    fn counts_that_do_not_add_up_say_nothing() {
        assert_eq!(sort(&["a", "b"], 1, json!([])), None);
        assert_eq!(sort(&["a"], 1, json!([numbered(515, 1)])), None);
        assert_eq!(sort(&["a"], u64::MAX, json!([numbered(515, 1)])), None);
        let silent: Reply = serde_json::from_str(r#"{"status":"success"}"#).unwrap();
        assert_eq!(silent.sort(0, |_| "".into()), None);
    }

    proptest! {
        /// Nobody is called accepted who failed, and the doubt ends: a batch of one has none.
        #[test]
        fn accepted_are_at_most_the_processed(
            size in 1_usize..8,
            texts in prop::collection::vec("(Skipped record number ?:? ?)?[0-9]{0,2}", 0..8),
        ) {
            let ids: Vec<_> = (0..size).map(|n| n.to_string()).collect();
            let ids: Vec<_> = ids.iter().map(String::as_str).collect();
            let failed = texts.len().min(size);
            let list: Vec<_> = texts[..failed].iter().map(|error| json!({"error": error})).collect();
            let fates = sort(&ids, (size - failed) as u64, json!(list)).unwrap();
            let accepted = fates.iter().filter(|fate| **fate == OK).count();
            prop_assert!(accepted == 0 || accepted == size - failed);
            prop_assert!(size > 1 || !fates.contains(&None));
        }
    }
}
