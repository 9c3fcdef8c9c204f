//! `POST /1/upload`: profiles, a batch a call. 200 isn't success: each record is accepted or
//! rejected [seen].

use std::time::Duration;

use super::client::{Api, Ask, CleverTap, Say};
use super::error::{Ended, Error};
use super::reply::{Fates, Reply};
use super::sealed::Sealed;
use super::settle::Settling;
use super::verdict::{self, unusable};
use crate::http::{Answer, Backoff, Call, Gate, Veil};

const UPLOAD: Call = Call {
    vendor: "clevertap",
    name: "upload",
    limit: 16 << 20,
    idle: Duration::from_secs(60),
    total: Duration::from_secs(120),
};

/// What became of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// CleverTap's code; none where it gave none, or refuses any body with this record.
    Rejected {
        code: Option<u16>,
    },
    /// Not known to have been taken: a server error (555) at every attempt, or one among more bad
    /// records than a run looks for.
    Pending,
}

impl CleverTap {
    /// How many uploads at once are worth starting now: within the connector's share, what the
    /// account seems to permit, and its room for bodies. At least one.
    pub fn concurrent_uploads(&self) -> usize {
        self.share.worth_starting()
    }

    /// Creates or updates profiles until each record is settled. What met a server error is sent
    /// again with back-off; where a failure names no record, or CleverTap takes the body as a
    /// whole for bad, both halves of those in doubt are. The gate is asked before each attempt.
    /// Repeating it converges. Returns one outcome a record, in the order of the batch.
    ///
    /// # Errors
    /// Any [`Error`] but `SegmentExists` and `File`; a part of the profiles may then have been
    /// created.
    pub async fn upload(&self, batch: &Sealed, gate: &Gate<'_>) -> Result<Vec<Outcome>, Error> {
        let _held = self.share.places.room.hold(batch.bytes());
        let (mut settling, mut backoff) = (Settling::new(batch.len()), Backoff::new(self.retry));
        loop {
            while let Some(records) = settling.next() {
                match self.send(batch, &records, gate).await {
                    Ok(fates) => settling.answered(&records, fates),
                    Err(ended) if ended.of_body && settling.refused(&records) => {}
                    Err(ended) => return Err(ended.error),
                }
            }
            let again = settling.met_server_errors();
            if again.is_empty() {
                return Ok(settling.outcomes());
            }
            match backoff.pause(None, gate).await? {
                true => settling.again(again),
                false => settling.give_up(&again),
            }
        }
    }

    /// Sends some records of the batch in one call.
    async fn send(&self, batch: &Sealed, records: &[u32], gate: &Gate<'_>) -> Result<Fates, Ended> {
        let hide = |veil: &mut Veil| batch.hide(records, veil);
        let ask = Ask {
            call: &UPLOAD,
            api: Api::Uploads,
            path: &["1", "upload"],
            body: Some(batch.part(records)),
            repeatable: true,
            // In the midst of a search the next parts tell anyway.
            insist: records.len() == batch.len() || records.len() == 1,
            hide: &hide,
            members: None,
        };
        let read = |answer: &Answer, say: &Say<'_>| {
            let reply: Reply = verdict::body(answer, say, Reply::has_details)?;
            // Counts that don't add up say nothing about any record.
            let identity = |n: usize| batch.identity(records[n]);
            reply.sort(records.len(), identity).ok_or_else(unusable)
        };
        self.call(&ask, gate, read).await
    }
}
