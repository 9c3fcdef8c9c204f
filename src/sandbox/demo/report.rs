//! What a finished run did, at both vendors.

use super::world::{ACCOUNT, PROJECT};
use crate::{
    api::LastRun,
    domain::counts::thousands,
    sandbox::{Sandbox, calls::Call, record::Summary},
};

/// What a run did.
pub fn did(run: &LastRun) -> String {
    let n = |count: i64| thousands(count);
    let mut parts = vec![format!("read {}", n(run.members))];
    for (count, why) in [
        (run.skipped_anonymous, "anonymous left out"),
        (run.skipped_no_identity, "without identity left out"),
        (run.duplicates, "duplicates left out"),
    ] {
        if count > 0 {
            parts.push(format!("{} {why}", n(count)));
        }
    }
    let (added, removed, unchanged) = (n(run.added), n(run.removed), n(run.unchanged));
    let sent = match (run.uploaded, run.profiles_created) {
        (false, _) => "nothing to send".to_owned(),
        (true, 0) => "list sent".to_owned(),
        (true, profiles) => format!("{} profiles and the list sent", n(profiles)),
    };
    format!(
        "{}; {added} added, {removed} removed, {unchanged} unchanged; {sent}",
        parts.join(", ")
    )
}

/// The segment as the CleverTap dashboard would show it.
pub fn holds(sandbox: &Sandbox, name: &str) -> Option<String> {
    let segment = sandbox.clevertap().segment(ACCOUNT, name).ok()?;
    let members = thousands(segment.members.len());
    Some(format!(
        "CleverTap now shows {name:?}: {members} members, Type {}",
        segment.kind
    ))
}

/// What the vendors were asked so far.
pub fn calls(sandbox: &Sandbox) -> String {
    let (mixpanel, clevertap) = (
        sandbox.requests().summary(PROJECT),
        sandbox.requests().summary(ACCOUNT),
    );
    let all = |summary: &Summary| summary.arrived.values().sum::<u64>();
    let queries = sandbox.mixpanel().spent_queries(PROJECT).unwrap_or(0);
    let of = |call| clevertap.arrived.get(&call).copied().unwrap_or(0);
    format!(
        "calls so far: Mixpanel {} ({queries} of the 60 queries an hour), CleverTap {} (profile uploads {}, lists {})",
        all(&mixpanel),
        all(&clevertap),
        of(Call::Upload),
        of(Call::ListComplete)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_is_told_by_its_counts() {
        let run = json!({
            "id": "r", "reason": "First", "startedTime": "2026-01-01T00:00:00Z",
            "finishedTime": "2026-01-01T00:00:01Z", "generation": 1, "members": 1204,
            "exported": 1200, "added": 1200, "removed": 0, "unchanged": 0, "skippedAnonymous": 4,
            "skippedNoIdentity": 0, "duplicates": 0, "profilesCreated": 7, "profilesRejected": 0,
            "uploaded": true,
        });
        let mut run: LastRun = serde_json::from_value(run).unwrap();
        let read = "read 1,204, 4 anonymous left out; 1,200 added, 0 removed, 0 unchanged; ";
        assert_eq!(did(&run), format!("{read}7 profiles and the list sent"));
        run.profiles_created = 0;
        assert_eq!(did(&run), format!("{read}list sent"));
        run.uploaded = false;
        assert_eq!(did(&run), format!("{read}nothing to send"));
    }
}
