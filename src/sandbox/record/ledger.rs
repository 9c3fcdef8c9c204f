//! The counts of one project or account.

use std::{
    collections::{BTreeMap, VecDeque},
    time::SystemTime,
};

use bytes::Bytes;

use super::{InFlight, RequestRecord, Span};
use crate::sandbox::calls::{Call, Group, Seen};

/// The latest so many requests of a project or account are kept.
const MAX_RECORDS: usize = 200;
/// Bodies kept for one project or account, in bytes; the oldest go first.
const MAX_BODY_BYTES: usize = 64 << 20;

#[derive(Default)]
pub(super) struct Ledger {
    pub arrived: BTreeMap<Call, u64>,
    pub answered: BTreeMap<(Call, u16), u64>,
    pub calls: BTreeMap<Call, InFlight>,
    pub groups: BTreeMap<Group, InFlight>,
    pub spans: BTreeMap<Call, Span>,
    pub records: VecDeque<(RequestRecord, Bytes)>,
    pub keep_bodies: bool,
    pub body_bytes: usize,
}

impl Ledger {
    pub fn arrive(&mut self, seq: u64, seen: &Seen) {
        *self.arrived.entry(seen.call).or_default() += 1;
        let arrived = now();
        self.spans.entry(seen.call).or_insert(Span {
            first_arrived: arrived,
            last_answered: None,
        });
        for flight in self.flights(seen.call) {
            flight.now += 1;
            flight.max = flight.max.max(flight.now);
        }
        let body = if self.keep_bodies {
            seen.body.clone()
        } else {
            Bytes::new()
        };
        self.body_bytes += body.len();
        let (call, page, bytes) = (seen.call, seen.page, seen.bytes);
        let record = RequestRecord {
            seq,
            call,
            page,
            arrived,
            status: None,
            bytes,
            body: None,
        };
        self.records.push_back((record, body));
        if self.records.len() > MAX_RECORDS
            && let Some((_, body)) = self.records.pop_front()
        {
            self.body_bytes -= body.len();
        }
        for (_, body) in &mut self.records {
            if self.body_bytes <= MAX_BODY_BYTES {
                break;
            }
            self.body_bytes -= std::mem::take(body).len();
        }
    }

    fn flights(&mut self, call: Call) -> [&mut InFlight; 2] {
        [
            self.calls.entry(call).or_default(),
            self.groups.entry(call.group()).or_default(),
        ]
    }

    pub fn leave(&mut self, call: Call, seq: u64, status: u16) {
        *self.answered.entry((call, status)).or_default() += 1;
        if let Some(span) = self.spans.get_mut(&call) {
            span.last_answered = Some(now());
        }
        for flight in self.flights(call) {
            flight.now = flight.now.saturating_sub(1);
        }
        let mut records = self.records.iter_mut().rev().map(|(record, _)| record);
        if let Some(record) = records.find(|record| record.seq == seq) {
            record.status = Some(status);
        }
    }

    pub fn log(&self) -> Vec<RequestRecord> {
        let with_body = |(record, body): &(RequestRecord, Bytes)| RequestRecord {
            body: (!body.is_empty()).then(|| String::from_utf8_lossy(body).into_owned()),
            ..record.clone()
        };
        self.records.iter().map(with_body).collect()
    }

    /// Starts the counts anew; what is in flight stays so.
    pub fn reset(&mut self) {
        let restart = |flight: &mut InFlight| flight.max = flight.now;
        self.calls.values_mut().for_each(restart);
        self.groups.values_mut().for_each(restart);
        *self = Ledger {
            calls: std::mem::take(&mut self.calls),
            groups: std::mem::take(&mut self.groups),
            keep_bodies: self.keep_bodies,
            ..Ledger::default()
        };
    }
}

/// Milliseconds since the epoch.
fn now() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
