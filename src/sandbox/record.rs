//! What was called, how often, with which answers and how many at once.

mod ledger;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::calls::{Call, Group, Seen};
use ledger::Ledger;

/// More projects and accounts than this are counted together, under an empty scope.
const MAX_SCOPES: usize = 4096;

/// How often a call was answered with a status; 0 is a connection that was reset instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub call: Call,
    pub status: u16,
    pub count: u64,
}

/// Requests at once: now and at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    pub now: u64,
    pub max: u64,
}

/// From when to when a call was in use, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub first_arrived: u64,
    pub last_answered: Option<u64>,
}

/// The counts of one project or account since its last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Requests that came in, answered or not.
    pub arrived: BTreeMap<Call, u64>,
    pub answered: Vec<Count>,
    pub in_flight: BTreeMap<Call, InFlight>,
    pub in_flight_together: BTreeMap<Group, InFlight>,
    pub spans: BTreeMap<Call, Span>,
}

/// One request, in the order of arrival.
#[derive(Clone, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Rises over all projects and accounts.
    pub seq: u64,
    pub call: Call,
    pub page: Option<u64>,
    /// When it came in, in milliseconds since the epoch.
    pub arrived: u64,
    /// Absent while it is under way; 0 where the connection was reset.
    pub status: Option<u16>,
    /// The body's length.
    pub bytes: u64,
    /// Only where bodies are kept.
    pub body: Option<String>,
}

/// Cheap to clone; all clones are one record.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Inner>);

#[derive(Default)]
struct Inner {
    books: Mutex<Books>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Books {
    last_seq: u64,
    scopes: HashMap<String, Ledger>,
}

impl Recorder {
    pub fn summary(&self, scope: impl ToString) -> Summary {
        let books = self.books();
        let Some(ledger) = books.scopes.get(&scope.to_string()) else {
            return Summary::default();
        };
        let count = |(&(call, status), &count)| Count {
            call,
            status,
            count,
        };
        Summary {
            arrived: ledger.arrived.clone(),
            answered: ledger.answered.iter().map(count).collect(),
            in_flight: ledger.calls.clone(),
            in_flight_together: ledger.groups.clone(),
            spans: ledger.spans.clone(),
        }
    }

    /// Requests of this call that came in, answered or not.
    pub fn count(&self, scope: impl ToString, call: Call) -> u64 {
        self.summary(scope).arrived.get(&call).copied().unwrap_or(0)
    }

    /// Requests of this call that were answered with this status.
    pub fn count_answered(&self, scope: impl ToString, call: Call, status: u16) -> u64 {
        let answered = self.summary(scope).answered;
        let found = answered
            .iter()
            .find(|count| (count.call, count.status) == (call, status));
        found.map_or(0, |count| count.count)
    }

    /// Most requests at once that counted against one limit.
    pub fn max_in_flight(&self, scope: impl ToString, group: Group) -> u64 {
        self.summary(scope)
            .in_flight_together
            .get(&group)
            .map_or(0, |flight| flight.max)
    }

    /// The latest requests, oldest first.
    pub fn log(&self, scope: impl ToString) -> Vec<RequestRecord> {
        let books = self.books();
        let ledger = books.scopes.get(&scope.to_string());
        ledger.map_or_else(Vec::new, Ledger::log)
    }

    /// Keeps the bodies of what comes in from now on, or no longer.
    pub fn keep_bodies(&self, scope: impl ToString, keep: bool) {
        self.books().ledger(&scope.to_string()).keep_bodies = keep;
    }

    /// Starts the counts anew; what is in flight stays so.
    pub fn reset(&self, scope: impl ToString) {
        if let Some(ledger) = self.books().scopes.get_mut(&scope.to_string()) {
            ledger.reset();
        }
    }

    /// Waits until so many requests of this call came in since the last reset.
    pub async fn wait_for(&self, scope: impl ToString, call: Call, count: u64) {
        let scope = scope.to_string();
        let mut changed = self.0.changed.subscribe();
        // An error would say that the sender is gone, and `self` has it.
        let _ = changed
            .wait_for(|()| self.count(&scope, call) >= count)
            .await;
    }

    /// Waits until so many requests of this call were answered with this status.
    pub async fn wait_answered(&self, scope: impl ToString, call: Call, status: u16, count: u64) {
        let scope = scope.to_string();
        let mut changed = self.0.changed.subscribe();
        let reached = || self.count_answered(&scope, call, status) >= count;
        // As above.
        let _ = changed.wait_for(|()| reached()).await;
    }

    pub(super) fn arrive(&self, seen: &Seen) -> Visit {
        let mut books = self.books();
        books.last_seq += 1;
        let seq = books.last_seq;
        books.ledger(&seen.scope).arrive(seq, seen);
        drop(books);
        self.0.changed.send_replace(());
        Visit {
            recorder: self.clone(),
            scope: seen.scope.clone(),
            call: seen.call,
            seq,
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn ledger(&mut self, scope: &str) -> &mut Ledger {
        let known = self.scopes.contains_key(scope) || self.scopes.len() < MAX_SCOPES;
        self.scopes
            .entry(if known { scope } else { "" }.to_owned())
            .or_default()
    }
}

/// A request under way.
pub(super) struct Visit {
    recorder: Recorder,
    scope: String,
    call: Call,
    seq: u64,
}

impl Visit {
    pub fn leave(self, status: u16) {
        let mut books = self.recorder.books();
        let ledger = books.ledger(&self.scope);
        ledger.leave(self.call, self.seq, status);
        drop(books);
        self.recorder.0.changed.send_replace(());
    }
}
