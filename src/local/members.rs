//! Whom a list holds, in numbers: planned and done alike.

use serde::Serialize;

use crate::domain::Counts;
use crate::domain::counts::thousands;

/// Of identities but for `eligible`, which counts members as they are read:
/// eligible = exported + the skipped.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    pub eligible: u64,
    pub exported: u64,
    pub added: u64,
    pub removed: u64,
    pub unchanged: u64,
    pub skipped: Skipped,
}

/// Members who don't go over, by reason.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    pub anonymous: u64,
    pub no_identity: u64,
    pub duplicates: u64,
}

impl Members {
    pub fn of(counts: &Counts) -> Self {
        Self {
            eligible: counts.members,
            exported: counts.exported,
            added: counts.added,
            removed: counts.removed,
            unchanged: counts.unchanged,
            skipped: Skipped {
                anonymous: counts.skipped_anonymous,
                no_identity: counts.skipped_no_identity,
                duplicates: counts.duplicates,
            },
        }
    }

    /// For people: what was read, and how it differs from the last list.
    pub fn words(&self) -> String {
        let skipped = match self.skipped.words() {
            none if none.is_empty() => none,
            skipped => format!(", left out {skipped}"),
        };
        let [read, added, removed, unchanged] =
            [self.eligible, self.added, self.removed, self.unchanged].map(thousands);
        format!("read {read}{skipped}; {added} added, {removed} removed, {unchanged} unchanged")
    }
}

impl Skipped {
    pub fn all(&self) -> u64 {
        self.anonymous + self.no_identity + self.duplicates
    }

    /// For people: how many of which; empty where there are none.
    pub fn words(&self) -> String {
        let parts = [
            (self.anonymous, "anonymous"),
            (self.no_identity, "without an identity"),
            (self.duplicates, "duplicates"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, what)| format!("{} {what}", thousands(count)))
            .collect();
        parts.join(", ")
    }
}
