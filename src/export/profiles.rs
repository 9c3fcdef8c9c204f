//! New members as profiles: CleverTap drops from a list whom it doesn't know.

#[cfg(test)]
mod tests;

use std::io::{self, BufReader};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::mpsc::{self, Sender};

use super::before::older_than;
use super::codec;
use super::draft::{Draft, PENDING};
use super::gate::{Watch, patiently};
use super::scratch::{self, Temp, blocking};
use super::snapshot::{Header, ProfileState};
use super::spool::payload;
use super::{RunError, Tools, Warning, WarningReason};
use crate::clevertap::{Batch, CleverTap, Outcome, Pushed, Sealed};
use crate::domain::scalar::Scalar;
use crate::domain::{Counts, Failure, Reason, Shape};

/// A rejected profile is sent again when the shape changes, else with the first upload this long
/// after.
const REJECTED_FOR: Duration = Duration::from_secs(24 * 3600);
/// CleverTap's code of a record that met a server error.
const SERVER_ERROR: u16 = 555;
/// Codes of rejected profiles that are told apart, for they go into a status; the rest is `other`.
const CODES: usize = 64;

/// When rejected profiles were sent last, and whether they are due again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    pub due: bool,
    pub sent: Timestamp,
}

impl Rejected {
    pub(super) fn of(header: Option<&Header>, shape: Shape, now: Timestamp) -> Self {
        let sent = header
            .filter(|header| header.shape == shape.to_string())
            .map(|header| header.rejected_sent)
            .filter(|sent| !older_than(*sent, REJECTED_FOR, now));
        Self {
            due: sent.is_none(),
            sent: sent.unwrap_or(now),
        }
    }
}

/// Members on their way, and the places of their entries.
struct Sending {
    batch: Sealed,
    places: Vec<u64>,
}

/// Sends those that CleverTap isn't known to have, as many calls at once as it permits, and notes
/// in the draft's entries who isn't accepted. A part of them may be there after an error.
pub(super) async fn create(
    tools: &Tools<'_>,
    draft: &mut Draft,
    wanted: &[String],
    watch: &Watch<'_>,
    counts: &mut Counts,
) -> Result<Vec<Warning>, RunError> {
    if draft.fresh_count == 0 {
        return Ok(Vec::new());
    }
    let (clevertap, progress) = (tools.clevertap, tools.progress);
    progress.expect_profiles(draft.fresh_count);
    let fresh = Arc::clone(&draft.fresh);
    let wanted: Arc<[String]> = wanted.into();
    // Of those that wait for a place, one batch is ready and one is being made.
    let (ready, mut batches) = mpsc::channel(1);
    let reading = blocking(move || read(&fresh, &wanted, &ready));
    let mut under_way = FuturesUnordered::new();
    let mut more = true;
    while more || !under_way.is_empty() {
        tokio::select! {
            sending = batches.recv(), if more && under_way.len() < clevertap.concurrent_uploads() => {
                match sending {
                    Some(sending) => under_way.push(upload(clevertap, sending, watch)),
                    None => more = false,
                }
            }
            Some(ended) = under_way.next() => {
                let (places, outcomes) = ended?;
                progress.sent(places.len());
                for (place, outcome) in places.into_iter().zip(outcomes) {
                    note(outcome, place, &draft.entries, counts).map_err(|e| scratch::failed(&e))?;
                }
            }
        }
    }
    drop(under_way);
    let Unsent { dropped, too_large } = reading.await.map_err(|e| scratch::failed(&e))?;
    for place in too_large {
        let outcome = Outcome::Rejected { code: None };
        note(outcome, place, &draft.entries, counts).map_err(|e| scratch::failed(&e))?;
    }
    let ended = counts.profiles_created + counts.profiles_rejected + counts.profiles_pending;
    if ended != draft.fresh_count {
        let message = "CleverTap's answers don't say what became of every profile.";
        return Err(Failure::new(Reason::DestinationUnavailable, message).into());
    }
    let mut warnings: Vec<Warning> = rejections(counts).into_iter().collect();
    if counts.profiles_pending > 0 {
        let message = format!(
            "CleverTap couldn't take {} profiles for now; the next run sends them again.",
            counts.profiles_pending
        );
        warnings.push(Warning {
            reason: WarningReason::ProfilesPending,
            message,
        });
    }
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

/// How many calls it takes to send them, without any.
pub(super) async fn calls(draft: &Draft, wanted: &[String]) -> Result<u64, RunError> {
    let (fresh, wanted): (_, Arc<[String]>) = (Arc::clone(&draft.fresh), wanted.into());
    let (ready, mut batches) = mpsc::channel(1);
    let reading = blocking(move || read(&fresh, &wanted, &ready));
    let mut calls = 0;
    while batches.recv().await.is_some() {
        calls += 1;
    }
    reading.await.map_err(|e| scratch::failed(&e))?;
    Ok(calls)
}

async fn upload(
    clevertap: &CleverTap,
    Sending { batch, places }: Sending,
    watch: &Watch<'_>,
) -> Result<(Vec<u64>, Vec<Outcome>), RunError> {
    let gate = || watch.write();
    let outcomes = patiently(watch, || clevertap.upload(&batch, &gate)).await?;
    Ok((places, outcomes))
}

/// What was left out while batches were made.
#[derive(Default)]
struct Unsent {
    /// Values.
    dropped: u64,
    /// Places of members whom no call can hold.
    too_large: Vec<u64>,
}

/// Makes batches of the members to be sent, until nobody takes them any more. Blocks.
fn read(fresh: &Temp, wanted: &[String], ready: &Sender<Sending>) -> io::Result<Unsent> {
    let mut unsent = Unsent::default();
    let mut file = BufReader::with_capacity(64 << 10, fresh.reader());
    let (mut batch, mut places) = (Batch::new(), Vec::new());
    let mut member = Vec::new();
    while let Some(place) = next(&mut file, &mut member)? {
        let (identity, rest) = payload::read(&member).ok_or(io::ErrorKind::InvalidData)?;
        let mut values = Vec::with_capacity(wanted.len());
        payload::values(rest, &mut values);
        let value = |i: usize| values.get(i).copied().flatten().map(Scalar::parse);
        let mut pushed = batch.push(identity, wanted, value);
        if matches!(pushed, Pushed::Full) {
            let full = Sending {
                batch: std::mem::take(&mut batch).seal(),
                places: std::mem::take(&mut places),
            };
            if ready.blocking_send(full).is_err() {
                return Ok(unsent);
            }
            pushed = batch.push(identity, wanted, value);
        }
        match pushed {
            Pushed::Added { dropped } => {
                unsent.dropped += u64::from(dropped);
                places.push(place);
            }
            Pushed::TooLarge | Pushed::Full => unsent.too_large.push(place),
        }
    }
    if !batch.is_empty() {
        // Nobody waits for it where the run has ended.
        let batch = batch.seal();
        let _ = ready.blocking_send(Sending { batch, places });
    }
    Ok(unsent)
}

/// The next member's place, and its payload into `member`.
fn next(file: &mut impl io::Read, member: &mut Vec<u8>) -> io::Result<Option<u64>> {
    let mut head = [0; 12];
    if file.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    file.read_exact(&mut head[1..])?;
    let (place, length) = head.split_at(8);
    let length = u32::from_be_bytes(length.try_into().expect("4 bytes"));
    member.resize(length as usize, 0);
    file.read_exact(member)?;
    Ok(Some(u64::from_be_bytes(place.try_into().expect("8 bytes"))))
}

fn note(outcome: Outcome, place: u64, entries: &Temp, counts: &mut Counts) -> io::Result<()> {
    let (place, again) = (place & !PENDING, place & PENDING != 0);
    let state = match outcome {
        // As the draft has it.
        Outcome::Accepted => {
            counts.profiles_created += 1;
            return Ok(());
        }
        // Twice in a row, it is set aside like any other poison.
        Outcome::Pending if again => reject(Some(SERVER_ERROR), counts),
        Outcome::Pending => {
            counts.profiles_pending += 1;
            ProfileState::NotSent
        }
        Outcome::Rejected { code } => reject(code, counts),
    };
    entries.patch(&[state as u8], place * codec::ENTRY as u64 + codec::STATE)
}

fn reject(code: Option<u16>, counts: &mut Counts) -> ProfileState {
    counts.profiles_rejected += 1;
    let mut code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
    let codes = &mut counts.rejected_codes;
    if codes.len() >= CODES - 1 && !codes.contains_key(&code) {
        code = "other".to_owned();
    }
    *codes.entry(code).or_default() += 1;
    ProfileState::Rejected
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
