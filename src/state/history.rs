//! What became of an export's runs: those that changed something, and one of each day. Holds counts
//! and reasons, no member and no message.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MAX_SMALL, State, StateError, digest};
use crate::api::Held;
use crate::domain::Counts;

const FORMAT: u32 = 1;
/// Runs that changed something.
const CHANGES: usize = 20;
/// Days of which a run is kept.
const DAYS: usize = 14;
const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// One object: an export that is deleted and created again begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportKey {
    pub namespace: String,
    pub name: String,
    pub uid: String,
}

/// A run that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastRun {
    pub id: String,
    /// Why it ran.
    pub reason: String,
    pub started_time: Timestamp,
    pub finished_time: Timestamp,
    /// The reason that `Synced` or `Ready` took from it.
    pub outcome: String,
    /// A list was sent, or the run ended otherwise than the one before.
    pub changed: bool,
    /// Of a run that ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<PastCounts>,
    /// What a guard held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

/// [`Counts`], as people read them in a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PastCounts {
    pub members: u64,
    pub exported: u64,
    pub added: u64,
    pub removed: u64,
    pub unchanged: u64,
    pub skipped_anonymous: u64,
    pub skipped_no_identity: u64,
    pub duplicates: u64,
    pub profiles_created: u64,
    pub profiles_rejected: u64,
    pub profiles_pending: u64,
    /// How many profiles were rejected, by CleverTap's code.
    pub rejected_codes: BTreeMap<String, i64>,
    pub uploaded: bool,
}

#[derive(Serialize, Deserialize)]
struct Written {
    format: u32,
    /// Oldest first.
    runs: Vec<PastRun>,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl State {
    /// The runs of an export that are remembered, the latest first. A damaged history counts as
    /// none.
    ///
    /// # Errors
    /// As every call: when the store doesn't answer in time, or refuses; and
    /// [`StateError::TooNew`].
    pub async fn history(&self, of: &ExportKey) -> Result<Vec<PastRun>, StateError> {
        let mut runs = self.runs(of).await?;
        runs.reverse();
        Ok(runs)
    }

    /// Remembers a run, and forgets what is one too many by it. To be called by one at a time.
    ///
    /// # Errors
    /// As above.
    pub async fn remember(&self, of: &ExportKey, run: PastRun) -> Result<(), StateError> {
        let mut runs = self.runs(of).await?;
        // A crash between this and the run's status brings it twice.
        runs.retain(|before| before.id != run.id);
        runs.push(run);
        let json = encode(kept(runs));
        self.store.put(&object(of), json, MAX_SMALL).await
    }

    async fn runs(&self, of: &ExportKey) -> Result<Vec<PastRun>, StateError> {
        match self.store.get(&object(of), MAX_SMALL).await {
            Ok(Some(json)) => decode(&json),
            Ok(None) | Err(StateError::TooLarge(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// The UTC day on which something was: the first run that ends on a day is that day's.
pub fn day(time: Timestamp) -> i64 {
    time.as_second().div_euclid(SECONDS_A_DAY)
}

pub(super) const FOLDER: &str = "history";

/// What the history of an export is called.
pub(super) fn name(of: &ExportKey) -> String {
    digest("history", of)
}

fn object(of: &ExportKey) -> String {
    format!("{FOLDER}/{}", name(of))
}

/// The latest that changed something, and the first of each of the latest days.
fn kept(runs: Vec<PastRun>) -> Vec<PastRun> {
    let mut first_of_day = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        first_of_day.entry(day(run.finished_time)).or_insert(index);
    }
    let changes = runs.iter().enumerate().filter(|(_, run)| run.changed);
    let mut kept: Vec<_> = changes
        .map(|(index, _)| index)
        .rev()
        .take(CHANGES)
        .collect();
    kept.extend(first_of_day.into_values().rev().take(DAYS));
    let numbered = runs.into_iter().enumerate();
    let kept = numbered.filter(|(index, _)| kept.contains(index));
    kept.map(|(_, run)| run).collect()
}

/// The oldest go where all are too many bytes.
fn encode(mut runs: Vec<PastRun>) -> Bytes {
    loop {
        let written = Written {
            format: FORMAT,
            runs,
        };
        let json = serde_json::to_vec(&written).expect("strings, numbers and times serialize");
        if json.len() as u64 <= MAX_SMALL || written.runs.is_empty() {
            return json.into();
        }
        runs = written.runs;
        runs.remove(0);
    }
}

fn decode(json: &[u8]) -> Result<Vec<PastRun>, StateError> {
    match serde_json::from_slice::<Format>(json) {
        Ok(Format { format }) if format > FORMAT => Err(StateError::TooNew),
        Ok(_) => Ok(serde_json::from_slice::<Written>(json).map_or_else(|_| vec![], |w| w.runs)),
        Err(_) => Ok(Vec::new()),
    }
}

impl From<&Counts> for PastCounts {
    fn from(counts: &Counts) -> Self {
        Self {
            members: counts.members,
            exported: counts.exported,
            added: counts.added,
            removed: counts.removed,
            unchanged: counts.unchanged,
            skipped_anonymous: counts.skipped_anonymous,
            skipped_no_identity: counts.skipped_no_identity,
            duplicates: counts.duplicates,
            profiles_created: counts.profiles_created,
            profiles_rejected: counts.profiles_rejected,
            profiles_pending: counts.profiles_pending,
            rejected_codes: counts.rejected_codes.clone(),
            uploaded: counts.uploaded,
        }
    }
}

#[cfg(test)]
mod tests;
