//! The records of one upload, as the body that is sent.

use super::record;
use super::sealed::{CLOSE, OPEN, Place, Sealed};
use crate::domain::scalar::Scalar;

/// Records a call [doc].
const RECORDS: usize = 1000;
/// Bytes of a body: under 2 MB [seen].
const BYTES: usize = 2_000_000 - 1;

/// At most 1,000 profiles that are to be created or updated, in less than 2 MB of JSON. Personal
/// data: no `Debug`.
pub struct Batch {
    /// The body, but for its end.
    body: Vec<u8>,
    records: Vec<Place>,
}

/// What became of a record that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// So many of its values were left out, since CleverTap would have refused the record.
    Added { dropped: u32 },
    /// Nothing was added: it goes into another batch.
    Full,
    /// Nothing was added: no call can hold this record, even alone.
    TooLarge,
}

impl Batch {
    pub fn new() -> Self {
        Self {
            body: OPEN.to_vec(),
            records: Vec::new(),
        }
    }

    /// Adds a profile of this identity. `value(i)` is the user's value of `wanted[i]`, a Mixpanel
    /// property; it may be asked for more than once.
    pub fn push<'v>(
        &mut self,
        identity: &str,
        wanted: &[String],
        value: impl Fn(usize) -> Option<Scalar<'v>>,
    ) -> Pushed {
        if self.records.len() == RECORDS {
            return Pushed::Full;
        }
        let before = self.body.len();
        if !self.records.is_empty() {
            self.body.push(b',');
        }
        let start = self.body.len();
        let (identity, dropped) = record::write(&mut self.body, identity, wanted, value);
        let end = self.body.len();
        let place = |at: usize| u32::try_from(at).ok();
        let room = BYTES - CLOSE.len();
        match (place(start), place(identity), place(end)) {
            (Some(start), Some(identity), Some(end)) if self.body.len() <= room => {
                self.records.push(Place {
                    start,
                    identity,
                    end,
                });
                Pushed::Added { dropped }
            }
            _ => {
                self.body.truncate(before);
                // One huge record isn't paid for as long as the batch lives.
                self.body.shrink_to(BYTES);
                match OPEN.len() + (end - start) <= room {
                    true => Pushed::Full,
                    false => Pushed::TooLarge,
                }
            }
        }
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub fn seal(mut self) -> Sealed {
        self.body.extend_from_slice(CLOSE);
        Sealed::new(self.body.into(), self.records)
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::record::START;
    use super::*;

    fn push(batch: &mut Batch, identity: &str, text: &str) -> Pushed {
        let wanted = ["text".to_owned()];
        batch.push(identity, &wanted, |_| Some(Scalar::Text(text.into())))
    }

    const ADDED: Pushed = Pushed::Added { dropped: 0 };

    #[test]
    fn bodies_and_their_parts_are_what_the_contract_shows() {
        let mut batch = Batch::default();
        for identity in ["a\"b", "2", ""] {
            assert_eq!(push(&mut batch, identity, "x"), ADDED);
        }
        let sealed = batch.seal();
        let ids: Vec<_> = (0..3).map(|n| sealed.identity(n)).collect();
        assert_eq!(ids, ["a\"b", "2", ""]);
        assert_eq!(sealed.identity(3), "");
        let record = |id| json!({"type": "profile", "identity": id, "profileData": {"text": "x"}});
        for (part, expected) in [
            (
                &[0, 1, 2][..],
                json!({"d": [record("a\"b"), record("2"), record("")]}),
            ),
            (&[0, 2], json!({"d": [record("a\"b"), record("")]})),
            (&[1], json!({"d": [record("2")]})),
        ] {
            let body: Value = serde_json::from_slice(&sealed.part(part)).unwrap();
            assert_eq!(body, expected);
        }
    }

    #[test]
    fn a_batch_keeps_both_limits() {
        let mut batch = Batch::new();
        assert!(batch.is_empty());
        for n in 0..RECORDS {
            assert_eq!(push(&mut batch, &n.to_string(), ""), ADDED);
        }
        assert_eq!(
            (push(&mut batch, "more", ""), batch.len()),
            (Pushed::Full, RECORDS)
        );

        let mut batch = Batch::new();
        let around = OPEN.len() + CLOSE.len() + START.len() + 2 + r#","profileData":{}}"#.len();
        let large = "x".repeat(BYTES - around);
        assert_eq!(push(&mut batch, &format!("{large}x"), ""), Pushed::TooLarge);
        assert_eq!(push(&mut batch, &large, ""), ADDED);
        assert_eq!(push(&mut batch, "", ""), Pushed::Full);
        assert_eq!(push(&mut batch, &format!("{large}x"), ""), Pushed::TooLarge);
        let sealed = batch.seal();
        assert_eq!((sealed.len(), sealed.bytes()), (1, BYTES));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_body_is_too_large_and_no_record_lost(sizes in prop::collection::vec(0_usize..900_000, 0..12)) {
            let (mut batch, mut seen) = (Batch::new(), 0);
            for size in &sizes {
                let identity = "x".repeat(*size);
                if push(&mut batch, &identity, "") == Pushed::Full {
                    let full = std::mem::take(&mut batch).seal();
                    prop_assert!(full.bytes() <= BYTES);
                    prop_assert!(serde_json::from_slice::<Value>(&full.part(&[0])).is_ok());
                    seen += full.len();
                    prop_assert_eq!(push(&mut batch, &identity, ""), ADDED);
                }
            }
            prop_assert_eq!(seen + batch.len(), sizes.len());
        }
    }
}
