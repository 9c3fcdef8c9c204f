//! The rows of both tables of outcomes, and the events that they make.

mod between;
mod checks;
mod linter;
mod runs;

use jiff::Timestamp;
use proptest::prelude::*;

use super::connector::{self, Check, check_due};
use super::*;
use crate::api::conditions::{CONNECTED, INTERVAL_STRETCHED, SYNCED};
use crate::api::{CleverTapConnectorStatus, CohortExportStatus, ObservedSecrets, SyncType};
use crate::domain::Failure;
use crate::domain::schedule::model::{End, Export, secs, shape};

fn told(conditions: &[Condition]) -> Vec<String> {
    let tell = |c: &Condition| format!("{}={} {}", c.type_, c.status, c.reason);
    conditions.iter().map(tell).collect()
}

#[track_caller]
fn says<const N: usize>(conditions: &[Condition], want: [&str; N]) {
    assert_eq!(told(conditions), want);
}

fn new(sync_type: SyncType) -> Export {
    Export::new(sync_type, 900, 0)
}

fn synced() -> Export {
    let mut export = new(SyncType::Dynamic);
    export.run(&End::Done(0), 1);
    export
}

fn failure(reason: Reason) -> Failure {
    Failure::new(reason, "What to do.")
}
