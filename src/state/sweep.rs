//! What no export has referred to for a month goes: it would guard nothing any more, and only grow.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{ExportKey, State, StateError, destination, history};
use crate::domain::Destination;

/// How long a list's state stays after the last export that referred to it, and an export's history
/// after its export.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// No write takes that long.
const LEFT: SignedDuration = SignedDuration::from_hours(24);
/// What a list may have, and an export. A snapshot goes before its mark, without which it would be
/// trusted.
const FOLDERS: [&str; 4] = ["pending", "snapshots", "unconfirmed", history::FOLDER];
/// Since when each orphan is one, by the name of its objects.
const ORPHANS: &str = "orphans";
/// Of the orphans' object: about 100,000 of them.
const MAX_ORPHANS: u64 = 16 << 20;

type Orphans = BTreeMap<String, Timestamp>;

impl State {
    /// Removes what is kept of lists and exports that `lists` and `exports` haven't named for 30
    /// days, as far as earlier sweeps saw, and on a disk what killed writes left a day ago. Returns
    /// how many went. One-time records hold no members and stay.
    ///
    /// # Errors
    /// As every call; what was to go then goes by the next sweep.
    pub async fn sweep(
        &self,
        lists: &[Destination],
        exports: &[ExportKey],
        now: Timestamp,
    ) -> Result<usize, StateError> {
        self.store.remove_leftovers(now - LEFT).await?;
        let lists = lists.iter().map(destination);
        let referred: HashSet<String> = lists.chain(exports.iter().map(history::name)).collect();
        let before = self.orphans().await?;
        let mut after = Orphans::new();
        let mut gone = 0;
        for name in self.names().await? {
            if referred.contains(&name) {
                continue;
            }
            // A time ahead of now can't be right: its month begins anew.
            let since = before
                .get(&name)
                .copied()
                .filter(|since| *since <= now)
                .unwrap_or(now);
            if now.duration_since(since) < KEPT {
                after.insert(name, since);
                continue;
            }
            for folder in FOLDERS {
                self.store.delete(&format!("{folder}/{name}")).await?;
            }
            gone += 1;
        }
        if after != before {
            let json = serde_json::to_vec(&after).expect("names and times serialize");
            self.store.put(ORPHANS, json.into(), MAX_ORPHANS).await?;
        }
        Ok(gone)
    }

    /// All that anything is kept of.
    async fn names(&self) -> Result<BTreeSet<String>, StateError> {
        let mut names = BTreeSet::new();
        for folder in FOLDERS {
            names.extend(self.store.names(folder).await?);
        }
        Ok(names)
    }

    /// A damaged one counts as none: every month begins anew.
    async fn orphans(&self) -> Result<Orphans, StateError> {
        let json = match self.store.get(ORPHANS, MAX_ORPHANS).await {
            Err(StateError::TooLarge(_)) => None,
            json => json?,
        };
        Ok(json
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::super::MarkedList;
    use super::super::tests::keep;
    use super::*;

    const SENT: MarkedList = MarkedList {
        count: 1,
        cohort_id: 4311,
        identity: 7,
    };

    fn list(segment: &str) -> Destination {
        Destination {
            host: "api.example.com".into(),
            project: "TEST-1".into(),
            segment: segment.into(),
        }
    }

    #[tokio::test]
    async fn only_what_nobody_referred_to_for_a_month_goes() {
        let state = State::open("memory:///", "team").unwrap();
        let (used, unused) = (list("used"), list("unused"));
        for each in [&used, &unused] {
            keep(&state, each, "content").await;
            state.mark_unconfirmed(each, "run", SENT).await.unwrap();
        }
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let day = |n: i64| start + SignedDuration::from_hours(24 * n);
        let both = [used.clone(), unused.clone()];
        let one = [used.clone()];
        assert_eq!(state.sweep(&one, &[], day(0)).await, Ok(0));
        assert_eq!(
            state.sweep(&both, &[], day(20)).await,
            Ok(0),
            "referred to once more"
        );
        assert_eq!(
            state.sweep(&one, &[], day(31)).await,
            Ok(0),
            "so its month begins anew"
        );
        assert_eq!(state.sweep(&one, &[], day(60)).await, Ok(0));
        assert_eq!(state.sweep(&one, &[], day(61)).await, Ok(1));
        assert!(state.snapshot(&unused).await.unwrap().is_none());
        assert_eq!(state.unconfirmed(&unused).await, Ok(None));
        assert!(state.snapshot(&used).await.unwrap().is_some());
        assert!(state.unconfirmed(&used).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_history_goes_a_month_after_its_export() {
        let state = State::open("memory:///", "team").unwrap();
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let [there, gone] = ["there", "gone"].map(|name| ExportKey {
            namespace: "growth".into(),
            name: name.into(),
            uid: name.into(),
        });
        for each in [&there, &gone] {
            let run = super::super::PastRun {
                id: "run".into(),
                reason: "First".into(),
                started_time: start,
                finished_time: start,
                outcome: "Synced".into(),
                changed: true,
                counts: None,
                held: None,
            };
            state.remember(each, run).await.unwrap();
        }
        let there = [there];
        assert_eq!(state.sweep(&[], &there, start).await, Ok(0));
        assert_eq!(state.sweep(&[], &there, start + KEPT).await, Ok(1));
        assert_eq!(state.history(&there[0]).await.unwrap().len(), 1);
        assert_eq!(state.history(&gone).await, Ok(vec![]));
    }

    #[tokio::test]
    async fn a_list_without_a_snapshot_goes_too() {
        // Only a disk reserves anything.
        let dir = tempfile::tempdir().unwrap();
        let url = url::Url::from_directory_path(dir.path()).unwrap();
        for prefix in ["team", ""] {
            let state = State::open(url.as_str(), prefix).unwrap();
            let (marked, reserved) = (list("marked"), list("reserved"));
            let mark = state.mark_unconfirmed(&marked, "run", SENT).await;
            mark.unwrap();
            state.reserve(&reserved, 0).await.unwrap();
            let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            assert_eq!(state.sweep(&[], &[], start).await, Ok(0));
            assert_eq!(state.sweep(&[], &[], start + KEPT).await, Ok(2));
            assert_eq!(state.names().await, Ok(BTreeSet::new()));
        }
    }
}
