mod failures;
mod once;
mod requests;
mod slots;

use jiff::Timestamp;
use proptest::prelude::*;

use super::model::*;
use super::*;
use crate::domain::Failure;

const DAY: i64 = 24 * 3600;
const QUARTER: i64 = 900;

fn dynamic() -> Export {
    Export::new(SyncType::Dynamic, QUARTER, 100)
}

fn one_time() -> Export {
    Export::new(SyncType::OneTime, QUARTER, 100)
}

fn failed(reason: Reason) -> End {
    End::Failed(reason, None)
}

/// Waits until something is due; seconds waited.
fn until_due(export: &mut Export) -> i64 {
    let wait = export.wait().expect("never due");
    if wait > 0 {
        export.settle();
        export.pass(wait);
    }
    wait
}
