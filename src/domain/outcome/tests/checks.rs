use super::*;

const GENERATION: i64 = 4;

fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap()
}

fn secrets(version: &str) -> ObservedSecrets {
    ObservedSecrets {
        passcode: Some(version.into()),
        service_account: Some(version.into()),
    }
}

fn write(old: &CleverTapConnectorStatus) -> connector::Write<'_> {
    connector::Write {
        old,
        generation: GENERATION,
        now: now(),
    }
}

fn clean(status: CleverTapConnectorStatus) -> CleverTapConnectorStatus {
    assert_eq!(
        lint::connector(&status, Some(GENERATION)),
        Vec::<String>::new(),
        "{status:#?}"
    );
    status
}

fn connected() -> CleverTapConnectorStatus {
    let old = CleverTapConnectorStatus::default();
    clean(write(&old).connected_both(secrets("1"), now()))
}

fn due(
    status: &CleverTapConnectorStatus,
    secrets: &ObservedSecrets,
    asked: bool,
    now: Timestamp,
) -> Check {
    check_due(status, GENERATION, secrets, asked, "uid-1", secs(3600), now)
}

#[test]
fn every_outcome_of_a_check_has_its_row() {
    use Reason::*;
    let rows: [(&[Reason], &str, &str); 3] = [
        (
            &[InvalidCredentials, PlanWithoutApi, Forbidden, InvalidSpec],
            "Stalled",
            "False",
        ),
        (&[SecretNotFound, SecretKeyMissing], "Reconciling", "False"),
        (&[Unreachable, RateLimited], "Reconciling", "Unknown"),
    ];
    for (reasons, mark, value) in rows {
        for reason in reasons {
            for old in [CleverTapConnectorStatus::default(), connected()] {
                let status = clean(write(&old).failed(&failure(*reason), Some(secrets("1"))));
                let row = [
                    format!("{mark}=True"),
                    "Ready=False".into(),
                    format!("Connected={value}"),
                ];
                assert_eq!(
                    told(&status.conditions),
                    row.map(|c| format!("{c} {reason:?}"))
                );
                assert_eq!(status.last_check_time, Some(seconds(now())));
                assert_eq!(
                    status.consecutive_failures,
                    (mark == "Reconciling").then_some(1)
                );
            }
        }
    }
    let status = connected();
    says(
        &status.conditions,
        ["Ready=True Connected", "Connected=True Connected"],
    );
    assert_eq!(status.observed_secrets, Some(secrets("1")));
    let suspended = clean(write(&status).suspended());
    says(
        &suspended.conditions,
        ["Ready=True Suspended", "Connected=True Connected"],
    );
    let suspended = clean(write(&CleverTapConnectorStatus::default()).suspended());
    says(
        &suspended.conditions,
        ["Ready=True Suspended", "Connected=Unknown Suspended"],
    );
    let unasked = clean(write(&status).failed(&failure(SecretNotFound), None));
    assert_eq!(
        (unasked.last_check_time, unasked.observed_secrets),
        (status.last_check_time, None)
    );
    assert_eq!(
        note(&status.conditions, &suspended.conditions, CONNECTED).map(|n| n.reason),
        Some("Suspended".into())
    );
}

#[test]
fn a_change_a_refusal_and_a_wrong_clock_make_a_check_due() {
    let status = connected();
    let later = now() + secs(60);
    assert!(matches!(
        due(&status, &secrets("1"), false, later),
        Check::At(_)
    ));
    assert_eq!(due(&status, &secrets("2"), false, later), Check::Now);
    assert_eq!(due(&status, &secrets("1"), true, later), Check::Now);
    assert_eq!(
        due(&status, &secrets("1"), false, now() - secs(60)),
        Check::Now
    );
    assert_eq!(
        due(
            &CleverTapConnectorStatus::default(),
            &secrets("1"),
            false,
            now()
        ),
        Check::Now
    );
    let changed = CleverTapConnectorStatus {
        observed_generation: Some(GENERATION - 1),
        ..status
    };
    assert_eq!(due(&changed, &secrets("1"), false, later), Check::Now);
}

#[test]
fn an_unreachable_vendor_is_asked_again_with_back_off_and_a_refusing_one_in_its_slot() {
    let mut status = connected();
    for wait in [10, 20, 40] {
        status = clean(write(&status).failed(&failure(Reason::Unreachable), Some(secrets("1"))));
        assert_eq!(
            due(&status, &secrets("1"), false, now()),
            Check::At(now() + secs(wait))
        );
    }
    status = clean(write(&status).failed(&failure(Reason::Forbidden), Some(secrets("1"))));
    let Check::At(slot) = due(&status, &secrets("1"), false, now()) else {
        panic!("due at once")
    };
    assert!(slot >= now() + secs(1800) && slot <= now() + secs(5400));
}

proptest! {
    #[test]
    fn any_sequence_of_checks_leaves_a_clean_status(
        steps in prop::collection::vec((0_usize..11, any::<bool>()), 1..20),
    ) {
        use Reason::*;
        let reasons = [InvalidCredentials, PlanWithoutApi, Forbidden, SecretNotFound, SecretKeyMissing, Unreachable, RateLimited, InvalidSpec];
        let mut status = CleverTapConnectorStatus::default();
        for (step, asked) in steps {
            let write = write(&status);
            status = clean(match (step, reasons.get(step)) {
                (_, Some(reason)) => write.failed(&failure(*reason), asked.then(|| secrets("1"))),
                (8, None) => write.suspended(),
                _ => write.connected_both(secrets("1"), now()),
            });
        }
    }
}
