use super::*;

#[test]
fn a_token_runs_once_moves_no_slot_and_keeps_the_shortest_interval() {
    let mut export = dynamic();
    export.token = Some("from the first".into());
    export.run(&End::Done(0), 5);
    let slot = export.now + secs(export.wait().unwrap());
    assert_eq!(export.status.last_handled_request, export.token);
    assert_ne!(export.why(), Some(Why::Requested));
    until_due(&mut export);
    export.run(&End::Done(0), 5);

    export.token = Some("a".into());
    assert_eq!(export.wait(), Some(MIN_INTERVAL - 5));
    export.pass(MIN_INTERVAL - 5);
    assert_eq!(export.why(), Some(Why::Requested));
    let run = export.claim();
    export.token = Some("b".into());
    export.end(&run, &failed(Reason::SourceUnavailable));
    assert_eq!(export.status.last_handled_request.as_deref(), Some("a"));
    assert_eq!(
        export.wait(),
        Some(10),
        "the retry comes before the token may"
    );
    export.pass(10);
    export.run(&End::Done(0), 1);
    assert_eq!(export.status.last_handled_request.as_deref(), Some("b"));
    assert_eq!(
        export.now + secs(export.wait().unwrap()),
        slot + secs(QUARTER)
    );
}

#[test]
fn a_stopped_run_leaves_its_token() {
    let mut export = one_time();
    export.run(&End::Done(0), 1);
    export.token = Some("again".into());
    export.pass(3600);
    export.run(&End::Stopped, 1);
    assert_eq!(export.status.last_handled_request, None);
    export.pass(MIN_INTERVAL);
    assert!(export.why().is_some());
    export.run(&End::Done(0), 1);
    assert_eq!(export.status.last_handled_request, export.token);
    assert_eq!(export.due(), Due::Never);
}

#[test]
fn a_new_shape_runs_at_once_and_moves_no_slot_and_any_other_change_of_spec_runs_nothing() {
    let mut export = dynamic();
    export.run(&End::Done(0), 1);
    let slot = export.now + secs(export.wait().unwrap());
    export.generation = 2;
    assert_eq!(export.now + secs(export.wait().unwrap()), slot);
    export.settle();
    export.shape = shape(2);
    export.generation = 3;
    assert_eq!(export.why(), Some(Why::NewShape));
    export.run(&End::Done(0), 1);
    let phase = |time: Timestamp| time.as_second() % QUARTER;
    assert_eq!(
        phase(export.now + secs(export.wait().unwrap())),
        phase(slot)
    );
}

#[test]
fn a_run_that_failed_with_another_shape_is_settled_by_one_of_this_shape() {
    let mut export = one_time();
    export.run(&End::Done(0), 1);
    export.shape = shape(2);
    export.run(&failed(Reason::DestinationUnavailable), 1);
    export.shape = shape(1);
    assert_eq!(export.why(), Some(Why::NewShape));
    export.run(&End::Done(0), 1);
    assert_eq!(export.due(), Due::Never);
}

#[test]
fn a_hold_is_released_by_its_id_alone() {
    let mut export = dynamic();
    export.run(&End::Done(0), 1);
    until_due(&mut export);
    let held = export.run(&End::Held(Reason::HeldShrink, 60), 1);
    let id = export.status.held.clone().unwrap().id;
    assert_eq!(id, held.id);
    export.release = Some("another".into());
    assert_ne!(export.why(), Some(Why::Released));
    export.token = Some(id.clone());
    export.pass(MIN_INTERVAL);
    assert_eq!(export.why(), Some(Why::Requested));
    export.run(&End::Held(Reason::HeldShrink, 59), 1);
    assert_eq!(
        export.status.held.clone().unwrap().id,
        id,
        "no greater: the same hold"
    );
    export.release = Some(id.clone());
    assert_eq!(export.why(), Some(Why::Released));
    export.run(&failed(Reason::SourceUnavailable), 1);
    assert_eq!(export.wait(), Some(10), "a release hurries no retry");
    export.pass(10);
    export.run(&End::Held(Reason::HeldShrink, 61), 1);
    assert_ne!(
        export.status.held.clone().unwrap().id,
        id,
        "a greater one is another"
    );
    assert_ne!(export.why(), Some(Why::Released));
    export.release = Some(export.status.held.clone().unwrap().id);
    export.run(&End::Held(Reason::HeldShrink, 61), 1);
    assert_ne!(export.why(), Some(Why::Released), "a release is used once");
    export.shape = shape(2);
    export.run(&End::Crash, 1);
    assert_eq!(export.status.held, None);
}

#[test]
fn a_spec_change_lets_a_failed_run_try_again() {
    let mut export = dynamic();
    export.run(&End::Held(Reason::HeldEmpty, 100), 1);
    export.generation = 2;
    assert_eq!(export.why(), Some(Why::SpecChanged));
    export.run(&End::Held(Reason::HeldEmpty, 100), 1);
    assert!(export.wait() > Some(0));
}
