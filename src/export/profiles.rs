//! New members as profiles: CleverTap drops from a list whom it doesn't know.

use std::time::Duration;

use jiff::Timestamp;

use super::before::older_than;
use super::gate::{Watch, patiently};
use super::roster::Properties;
use super::snapshot::{Entry, ProfileState, Snapshot};
use super::{RunError, Warning, WarningReason};
use crate::clevertap::{CleverTap, Outcome, Profile, profile_data};
use crate::domain::{Counts, Shape};

/// A rejected profile is sent again when the shape changes, else with the first upload this long
/// after.
const REJECTED_FOR: Duration = Duration::from_secs(24 * 3600);
/// Codes of rejected profiles that are told apart, for they go into a status; the rest is `other`.
const CODES: usize = 64;

/// When rejected profiles were sent last, and whether they are due again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    pub due: bool,
    pub sent: Timestamp,
}

impl Rejected {
    pub(super) fn of(snapshot: Option<&Snapshot>, shape: Shape, now: Timestamp) -> Self {
        let sent = snapshot
            .map(|snapshot| &snapshot.header)
            .filter(|header| header.shape == shape.to_string())
            .map(|header| header.rejected_sent)
            .filter(|sent| !older_than(*sent, REJECTED_FOR, now));
        Self {
            due: sent.is_none(),
            sent: sent.unwrap_or(now),
        }
    }
}

/// Sends those that CleverTap isn't known to have, and notes in `entries` what became of them.
/// `entries` are in the order of the members.
pub(super) async fn create<'a>(
    clevertap: &CleverTap,
    members: impl Iterator<Item = (&'a String, &'a Properties)>,
    entries: &mut [Entry],
    wanted: &[String],
    rejected: Rejected,
    watch: &Watch<'_>,
    counts: &mut Counts,
) -> Result<Vec<Warning>, RunError> {
    let (mut profiles, mut places, mut dropped) = (Vec::new(), Vec::new(), 0_u64);
    for ((identity, properties), entry) in members.zip(entries) {
        let send = match entry.profile {
            ProfileState::NotSent => true,
            ProfileState::Accepted => false,
            ProfileState::Rejected => rejected.due,
        };
        if send {
            let (data, lost) = profile_data(properties, wanted);
            dropped += u64::from(lost);
            let identity = identity.clone();
            profiles.push(Profile { identity, data });
            places.push(&mut entry.profile);
        }
    }
    if profiles.is_empty() {
        return Ok(Vec::new());
    }
    let gate = || watch.write();
    let report = patiently(watch, || clevertap.create_profiles(&profiles, &gate)).await?;
    for (place, outcome) in places.into_iter().zip(&report.outcomes) {
        *place = note(*outcome, counts);
    }
    let mut warnings: Vec<Warning> = rejections(counts).into_iter().collect();
    if dropped > 0 {
        let message = format!(
            "{dropped} values were left out of profiles, since CleverTap would refuse them: \
             e-mails or phone numbers (+<country><number>) that are malformed, values that are no \
             scalars, or too long."
        );
        warnings.push(Warning {
            reason: WarningReason::ValuesDropped,
            message,
        });
    }
    Ok(warnings)
}

fn note(outcome: Outcome, counts: &mut Counts) -> ProfileState {
    match outcome {
        Outcome::Accepted => {
            counts.profiles_created += 1;
            ProfileState::Accepted
        }
        Outcome::Rejected { code } => {
            counts.profiles_rejected += 1;
            let mut code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
            let codes = &mut counts.rejected_codes;
            if codes.len() >= CODES - 1 && !codes.contains_key(&code) {
                code = "other".to_owned();
            }
            *codes.entry(code).or_default() += 1;
            ProfileState::Rejected
        }
        Outcome::Pending => ProfileState::NotSent,
    }
}

/// What to tell of rejected profiles.
pub(super) fn rejections(counts: &Counts) -> Option<Warning> {
    if counts.profiles_rejected == 0 {
        return None;
    }
    let codes: Vec<String> = counts
        .rejected_codes
        .iter()
        .map(|(code, count)| format!("{code} ({count})"))
        .collect();
    let message = format!(
        "CleverTap rejected {} profiles, by code: {}. Those it doesn't know otherwise are missing \
         from the segment.",
        counts.profiles_rejected,
        codes.join(", ")
    );
    Some(Warning {
        reason: WarningReason::ProfilesRejected,
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fingerprint::FingerprintKey;
    use super::super::snapshot::tests::snapshot_of;
    use super::*;

    const SHAPE: Shape = Shape { basis: 1, whole: 2 };

    #[test]
    fn rejected_profiles_wait_a_day_or_for_a_new_shape() {
        let snapshot = snapshot_of(SHAPE, &FingerprintKey::new([1; 32]), vec![]);
        let sent = snapshot.header.rejected_sent;
        let at = |shape, now| Rejected::of(Some(&snapshot), shape, now);
        let early = sent + Duration::from_secs(3600);
        assert_eq!(at(SHAPE, early), Rejected { due: false, sent });
        let late = sent + REJECTED_FOR;
        let now = Rejected {
            due: true,
            sent: late,
        };
        assert_eq!(at(SHAPE, late), now);
        let whole = Shape { whole: 3, ..SHAPE };
        assert!(at(whole, early).due);
        assert!(Rejected::of(None, SHAPE, early).due);
    }

    #[test]
    fn outcomes_are_counted_by_code() {
        let mut counts = Counts::default();
        let rejected = |code| Outcome::Rejected { code };
        for (outcome, state) in [
            (Outcome::Accepted, ProfileState::Accepted),
            (rejected(Some(515)), ProfileState::Rejected),
            (rejected(Some(515)), ProfileState::Rejected),
            (rejected(None), ProfileState::Rejected),
        ] {
            assert_eq!(note(outcome, &mut counts), state);
        }
        assert_eq!((counts.profiles_created, counts.profiles_rejected), (1, 3));
        let warning = rejections(&counts).unwrap();
        assert!(warning.message.contains("515 (2), none (1)"), "{warning:?}");
        assert_eq!(rejections(&Counts::default()), None);
    }

    #[test]
    fn codes_beyond_the_bound_are_counted_together() {
        let mut counts = Counts::default();
        for code in (0..1000).chain(0..10) {
            let code = Some(code);
            note(Outcome::Rejected { code }, &mut counts);
        }
        assert_eq!(counts.rejected_codes.len(), CODES);
        assert_eq!(counts.rejected_codes["other"], 1000 - (CODES as i64 - 1));
        assert_eq!(counts.rejected_codes["9"], 2);
        assert_eq!(counts.rejected_codes.values().sum::<i64>(), 1010);
    }
}
