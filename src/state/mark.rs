//! The mark of a run that may have replaced a list without having kept its snapshot.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::StateError;

const FORMAT: u32 = 1;

/// What is known of such a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub run_id: String,
    /// What the list may hold; `None` where the mark doesn't tell.
    pub list: Option<MarkedList>,
}

/// A list that may be in force. Holds no member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedList {
    /// Its identities.
    pub count: u64,
    /// Mixpanel cohort id.
    pub cohort_id: i64,
    /// Fingerprint of what its identities are made of.
    pub identity: u32,
}

#[derive(Serialize, Deserialize)]
struct Written {
    format: u32,
    run_id: String,
    list: MarkedList,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Mark {
    pub(super) fn encode(run_id: &str, list: MarkedList) -> Bytes {
        let written = Written {
            format: FORMAT,
            run_id: run_id.to_owned(),
            list,
        };
        serde_json::to_vec(&written)
            .expect("strings and numbers serialize")
            .into()
    }

    /// Whatever stands there is a mark: what can't be read counts as another run's, of an unknown
    /// list.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        if let Ok(Format { format }) = serde_json::from_slice(bytes)
            && format > FORMAT
        {
            return Err(StateError::TooNew);
        }
        Ok(match serde_json::from_slice(bytes) {
            Ok(Written { run_id, list, .. }) => Self {
                run_id,
                list: Some(list),
            },
            Err(_) => Self {
                run_id: String::from_utf8_lossy(bytes).into_owned(),
                list: None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: MarkedList = MarkedList {
        count: 1_204,
        cohort_id: 4311,
        identity: 7,
    };

    #[test]
    fn a_newer_mark_is_told_and_plain_text_is_a_runs_id() {
        let newer = br#"{"format":2,"who":"run"}"#;
        assert_eq!(Mark::decode(newer), Err(StateError::TooNew));
        let plain = Mark {
            run_id: "run".into(),
            list: None,
        };
        assert_eq!(Mark::decode(b"run"), Ok(plain));
    }

    proptest! {
        #[test]
        fn it_comes_back_as_it_was(run_id in "\\PC*", count: u64, cohort_id: i64, identity: u32) {
            let list = MarkedList { count, cohort_id, identity };
            let mark = Mark { run_id, list: Some(list) };
            prop_assert_eq!(Mark::decode(&Mark::encode(&mark.run_id, list)), Ok(mark));
        }

        #[test]
        fn what_is_cut_is_of_an_unknown_list(at in 0_usize..60) {
            let bytes = Mark::encode("run", LIST);
            let mark = Mark::decode(&bytes[..at.min(bytes.len() - 1)]).unwrap();
            prop_assert_eq!(mark.list, None);
            prop_assert_ne!(mark.run_id, "run");
        }
    }
}
