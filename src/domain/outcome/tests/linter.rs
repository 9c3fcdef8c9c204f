use super::*;

#[test]
fn the_linter_finds_what_it_is_for() {
    type Break = fn(&mut CohortExportStatus);
    let breaks: [(Break, &str); 16] = [
        (
            |s| s.effective_interval = Some("30m".into()),
            "stand together",
        ),
        (
            |s| s.conditions.retain(|c| c.type_ != READY),
            "Ready is missing",
        ),
        (
            |s| s.conditions.retain(|c| c.type_ != SYNCED),
            "Synced is missing",
        ),
        (|s| s.conditions.reverse(), "out of order"),
        (|s| s.conditions.push(s.conditions[1].clone()), "twice"),
        (
            |s| s.conditions[1].type_ = CONNECTED.into(),
            "no condition of this kind",
        ),
        (
            |s| s.conditions[0].status = "False".into(),
            "neither Stalled nor Reconciling",
        ),
        (
            |s| s.conditions[1].status = "False".into(),
            "Ready=True Synced beside Synced=False",
        ),
        (
            |s| s.conditions[0].reason = "no_such".into(),
            "no such reason",
        ),
        (|s| s.conditions[0].message = " ".into(), "no message"),
        (
            |s| s.conditions[0].message = "a\u{7}".into(),
            "control characters",
        ),
        (
            |s| s.conditions[0].message = "at 2026-01-01T00:00:00Z".into(),
            "a timestamp",
        ),
        (|s| s.conditions[0].observed_generation = Some(0), "older"),
        (|s| s.observed_generation = Some(2), "ahead"),
        (
            |s| s.last_run.as_mut().unwrap().members += 1,
            "exported and skipped",
        ),
        (
            |s| s.last_run.as_mut().unwrap().unchanged -= 1,
            "added and unchanged",
        ),
    ];
    for (broken, word) in breaks {
        let mut status = synced().status;
        broken(&mut status);
        let found = lint::export(&status, Some(1)).join("\n");
        assert!(found.contains(word), "{word}: {found}");
    }
    let mut export = synced();
    export.pass(900);
    let accepted = export.status.conditions.clone();
    export.run(&End::Held(Reason::HeldShrink, 60), 1);
    let status = CohortExportStatus {
        held: None,
        ..export.status.clone()
    };
    assert!(
        lint::export(&status, Some(1))
            .join("")
            .contains("held is missing")
    );
    let mut both = export.status.conditions.clone();
    both.insert(
        1,
        Condition {
            type_: RECONCILING.into(),
            ..both[0].clone()
        },
    );
    let status = CohortExportStatus {
        conditions: both,
        ..export.status.clone()
    };
    assert!(lint::export(&status, Some(1)).join("").contains("both"));
    let mut beside = vec![export.status.conditions[0].clone()];
    beside.extend(accepted);
    let status = CohortExportStatus {
        conditions: beside,
        ..export.status.clone()
    };
    let found = lint::export(&status, Some(1)).join("");
    assert!(
        found.contains("Stalled beside Ready=True") && found.contains("held beside Synced"),
        "{found}"
    );
}
