//! Which cohort a spec means, and which segment is its own.

use mixtap::api::ExistingSegment;
use mixtap::domain::{CohortRef, Reason};
use mixtap::export::RunError;
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use mixtap::sandbox::mixpanel::{CohortChange, CohortSpec, User};
use serde_json::json;

use crate::world::{COHORT, SEGMENT, World, sandbox};

#[tokio::test]
async fn a_renamed_cohort_makes_no_second_segment() {
    let world = World::new(&["a", "b"]);
    world.run(&world.request()).await.unwrap();
    let renamed = CohortChange {
        name: Some("Renamed".to_owned()),
        ..CohortChange::default()
    };
    sandbox()
        .mixpanel()
        .change_cohort(world.project, COHORT, renamed)
        .unwrap();
    world.members(&["a"]);
    let done = world.run(&world.later()).await.unwrap();
    assert_eq!(done.segment.0, SEGMENT);
    assert_eq!(
        sandbox()
            .clevertap()
            .view(&world.account)
            .unwrap()
            .segments
            .len(),
        1
    );
}

#[tokio::test]
async fn a_cohort_by_name_is_confirmed_without_a_query_or_found_anew() {
    let mut world = World::new(&["a"]);
    world.plan.cohort = CohortRef::Name("Cart drop off".to_owned());
    world.run(&world.request()).await.unwrap();
    world.run(&world.later()).await.unwrap();
    assert_eq!(
        (world.calls(Call::CohortsList), world.calls(Call::AppCohort)),
        (1, 1)
    );
    // Another cohort has the name now.
    let mixpanel = sandbox().mixpanel();
    mixpanel.delete_cohort(world.project, COHORT).unwrap();
    let spec = CohortSpec {
        name: "Cart drop off".to_owned(),
        members: vec!["a".into(), "x".into()],
        ..CohortSpec::default()
    };
    mixpanel.put_cohort(world.project, 1, spec.clone()).unwrap();
    mixpanel
        .put_users(world.project, vec![User::new("x", json!({"k": 1}))])
        .unwrap();
    let done = world.run(&world.later()).await.unwrap();
    assert_eq!(done.cohort.0, 1);
    assert_eq!(world.segment(), ["a", "x"]);
    mixpanel.put_cohort(world.project, 2, spec).unwrap();
    let error = world.run(&world.request()).await.unwrap_err();
    let RunError::Failed(failure) = error else {
        panic!("{error:?}")
    };
    assert_eq!(failure.reason, Reason::CohortAmbiguous);
}

#[tokio::test]
async fn refuse_makes_a_segment_and_never_takes_one() {
    let mut world = World::new(&["a"]);
    world.run(&world.request()).await.unwrap();
    // The state is lost, and the spec asks for a segment of its own.
    std::fs::remove_dir_all(world.disk.path().join("state")).unwrap();
    world.plan.existing_segment = ExistingSegment::Refuse;
    world.members(&["b"]);
    for _ in 0..2 {
        let error = world.run(&world.request()).await.unwrap_err();
        let RunError::Failed(failure) = error else {
            panic!("{error:?}")
        };
        assert_eq!(failure.reason, Reason::SegmentExists);
        assert_eq!(world.segment(), ["a"]);
        assert_eq!(
            world.state().unconfirmed(&world.list()).await.unwrap(),
            None
        );
    }
    // Storage that can't be reached leaves no trace that would let the next run take it.
    let fault = Fault::new(Action::answer(400, ""));
    let fault = fault.call(Call::ListPut).times(1);
    sandbox().faults().add(fault.scope(&world.account));
    world.run(&world.request()).await.unwrap_err();
    world.run(&world.request()).await.unwrap_err();
    assert_eq!(world.segment(), ["a"]);
    // Nor does a refusal in any words.
    let refusal = r#"{"status":"fail","error":"this name is in use","code":400}"#;
    world.fault(Call::ListComplete, 1, Action::answer(400, refusal));
    world.run(&world.request()).await.unwrap_err();
    world.run(&world.request()).await.unwrap_err();
    assert_eq!(world.segment(), ["a"]);
    // Where there is none of the name, it is made, and replaced from then on.
    world.plan.segment_name = Some("Own".to_owned());
    world.run(&world.request()).await.unwrap();
    world.members(&["c"]);
    world.plan.max_shrink_percent = 100;
    world.run(&world.request()).await.unwrap();
    let own = sandbox()
        .clevertap()
        .segment(&world.account, "Own")
        .unwrap();
    assert_eq!(own.members, ["c"]);
}

#[tokio::test]
async fn the_connectors_name_is_the_lists_creator() {
    for (name, creator) in [(None, "mixtap"), (Some("Growth team"), "Growth team")] {
        let mut world = World::new(&["a"]);
        world.connector.display_name = name.map(str::to_owned);
        let requests = sandbox().requests();
        requests.keep_bodies(&world.account, true);
        world.run(&world.request()).await.unwrap();
        let log = requests.log(&world.account);
        let complete = log.iter().find(|call| call.call == Call::ListComplete);
        let body = complete.unwrap().body.as_deref().unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["creator"], creator);
    }
}
