use super::*;
use crate::domain::outcome::export::Write;

#[test]
fn a_hold_tells_its_loss_and_how_to_release_it() {
    for (reason, what) in [
        (
            Reason::HeldShrink,
            "The segment would lose 60 of its 100 members",
        ),
        (
            Reason::HeldEmpty,
            "The cohort read without a member to export",
        ),
    ] {
        let mut export = synced();
        export.pass(900);
        export.run(&End::Held(reason, 60), 1);
        let row =
            ["Stalled=True", "Ready=False", "Synced=False"].map(|c| format!("{c} {reason:?}"));
        assert_eq!(told(&export.status.conditions), row);
        let held = export.status.held.clone().unwrap();
        assert_eq!((held.previous, held.members, held.removed), (100, 40, 60));
        let message = &conditions::find(&export.status.conditions, SYNCED)
            .unwrap()
            .message;
        assert!(
            message.starts_with(what) && message.ends_with(&held.id),
            "{message}"
        );
        export.put(|w| w.blocked(&failure(Reason::ConnectorNotReady)));
        assert_eq!(export.status.held, Some(held), "hidden, not gone");
    }
}

#[test]
fn suspension_keeps_what_was_said() {
    let mut export = new(SyncType::Dynamic);
    export.put(|w| w.suspended());
    says(
        &export.status.conditions,
        ["Ready=True Suspended", "Synced=Unknown Suspended"],
    );
    export.generation = 2;
    let run = export.claim();
    export.end(&run, &End::Stopped);
    export.put(|w| w.suspended());
    says(
        &export.status.conditions,
        ["Ready=True Suspended", "Synced=Unknown Suspended"],
    );
    export.pass(900);
    export.claim();
    let row = ["Reconciling=True", "Ready=Unknown", "Synced=Unknown"];
    assert_eq!(
        told(&export.status.conditions),
        row.map(|c| format!("{c} Exporting"))
    );

    let mut export = synced();
    export.generation = 2;
    export.put(|w| w.suspended());
    says(
        &export.status.conditions,
        ["Ready=True Suspended", "Synced=True Synced"],
    );
    assert!(
        export
            .status
            .conditions
            .iter()
            .all(|c| c.observed_generation == Some(2))
    );
    export.pass(900);
    export.claim();
    says(
        &export.status.conditions,
        ["Ready=True Synced", "Synced=True Synced"],
    );
}

#[test]
fn an_interrupted_run_says_so_while_it_waits() {
    let mut export = synced();
    export.pass(900);
    export.run(&End::Crash, 1);
    export.run(&End::Crash, 1);
    export.settle();
    let row = ["Reconciling=True", "Ready=False", "Synced=False"];
    assert_eq!(
        told(&export.status.conditions),
        row.map(|c| format!("{c} RunInterrupted"))
    );
    assert!(export.status.current_run.is_some() && export.status.next_sync_time.is_some());
}

#[test]
fn a_failure_without_its_conditions_is_told_again() {
    let mut export = new(SyncType::Dynamic);
    export.run(&End::Failed(Reason::CohortNotFound, None), 1);
    export.status.conditions.clear();
    export.settle();
    let row = ["Stalled=True", "Ready=False", "Synced=False"];
    assert_eq!(
        told(&export.status.conditions),
        row.map(|c| format!("{c} CohortNotFound"))
    );
}

#[test]
fn other_conditions_stay_and_keep_up() {
    let mut export = stretched();
    export.generation = 2;
    export.shape = shape(2);
    export.claim();
    let stretched = conditions::find(&export.status.conditions, INTERVAL_STRETCHED).unwrap();
    assert_eq!(stretched.observed_generation, Some(2));
}

/// One that its budget lets run once in 125 minutes.
fn stretched() -> Export {
    let mut export = new(SyncType::Dynamic);
    export.cycle = Some(secs(7441));
    export.run(&End::Done(0), 1);
    export
}

#[test]
fn a_stretched_interval_is_told_until_it_is_no_more() {
    let mut export = stretched();
    let told = conditions::find(&export.status.conditions, INTERVAL_STRETCHED).unwrap();
    assert_eq!(
        (told.status.as_str(), told.reason.as_str()),
        ("True", "QueryBudget")
    );
    assert!(
        told.message.contains("a run every 2h5m: raise"),
        "{}",
        told.message
    );
    assert_eq!(export.status.effective_interval.as_deref(), Some("2h5m"));
    // Not due before its turn, as far as is shown; its slots stay what they are.
    let start = export.status.last_attempt_time.clone().unwrap().0;
    let next = export.status.next_sync_time.clone().unwrap().0;
    assert_eq!(next, start + secs(125 * 60));
    assert!(export.wait().unwrap() <= 2 * 900);
    let before = export.status.clone();
    export.settle();
    assert_eq!(export.status, before, "a look changes nothing");
    export.pass(export.wait().unwrap());
    export.run(&End::Failed(Reason::SourceUnavailable, None), 1);
    let retry = export.status.next_sync_time.clone().unwrap().0;
    assert_eq!(retry, export.now + secs(10), "a retry is shown as it is");
    assert!(export.status.effective_interval.is_some());
    for put in [
        (|w: &Write<'_>| w.suspended()) as fn(&Write<'_>) -> CohortExportStatus,
        |w| w.blocked(&failure(Reason::ConnectorNotReady)),
    ] {
        let mut export = stretched();
        export.put(put);
        assert_eq!(export.status.effective_interval, None);
    }
    export.cycle = Some(secs(600));
    export.pass(10);
    export.run(&End::Done(0), 1);
    assert_eq!(
        conditions::find(&export.status.conditions, INTERVAL_STRETCHED),
        None
    );
}

#[test]
fn events_tell_changes_of_reason_only() {
    let mut export = new(SyncType::Dynamic);
    let mut seen = Vec::new();
    let mut step = |export: &mut Export, what: &dyn Fn(&mut Export)| {
        let before = export.status.conditions.clone();
        what(export);
        let note = note(&before, &export.status.conditions, SYNCED);
        seen.push(note.map(|n| format!("{}{}", if n.warning { "!" } else { "" }, n.reason)));
    };
    let end = |end: End| {
        move |export: &mut Export| {
            let run = export.status.current_run.clone().unwrap();
            export.end(&run, &end);
        }
    };
    let later = |export: &mut Export| export.pass(900);
    let claim = |export: &mut Export| drop(export.claim());
    step(&mut export, &claim);
    step(&mut export, &end(End::Done(0)));
    step(&mut export, &later);
    step(&mut export, &claim);
    step(&mut export, &end(End::Done(1)));
    step(&mut export, &later);
    step(&mut export, &claim);
    step(&mut export, &end(End::Failed(Reason::RateLimited, None)));
    step(&mut export, &|e| e.put(|w| w.suspended()));
    let want = [
        Some("Exporting"),
        Some("Synced"),
        None,
        None,
        None,
        None,
        None,
        Some("!RateLimited"),
        Some("Suspended"),
    ];
    assert_eq!(seen, want.map(|w| w.map(str::to_owned)));
}
