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
    /// These three where the last list is known, or that there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<u64>,
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
            added: Some(counts.added),
            removed: Some(counts.removed),
            unchanged: Some(counts.unchanged),
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
        let read = thousands(self.eligible);
        let [added, removed, unchanged] = [self.added, self.removed, self.unchanged]
            .map(|count| thousands(count.unwrap_or_default()));
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
