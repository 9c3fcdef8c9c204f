//! Exports of one connector on one cohort read it once.

use jiff::Timestamp;
use mixtap::export::{Done, Request, RunError, Shared};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::clevertap::Which;
use mixtap::sandbox::faults::Action;
use mixtap::sandbox::mixpanel::User;
use serde_json::json;

use crate::world::{World, sandbox};

/// A cohort whose members carry two identities, and exports by either of them.
fn world() -> (World, [Request; 2]) {
    let mut world = World::new(&[]);
    let user = |n: u32| {
        let properties = json!({"a": format!("a-{n}"), "b": format!("b-{n}"),
                                "$email": format!("{n}@example.com"), "plan": "pro"});
        User::new(format!("u-{n}"), properties)
    };
    world.users((0..7).map(user).collect());
    let requests = ["a", "b"].map(|property| {
        world.plan.identity.property = property.to_owned();
        world.plan.segment_name = Some(format!("By {property}"));
        world.plan.profile_properties = match property {
            "a" => vec!["$email".to_owned()],
            _ => vec!["plan".to_owned()],
        };
        world.request()
    });
    (world, requests)
}

/// As two exports that know of each other ask, due since then.
fn due(requests: &[Request; 2], since: Timestamp) -> [Request; 2] {
    requests.clone().map(|mut request| {
        let properties = ["$email", "a", "b", "plan"].map(str::to_owned);
        request.shared = Some(Shared {
            reader: mixtap::export::reader("uid", &request.connector),
            properties: properties.to_vec(),
            since,
        });
        request
    })
}

fn ids(world: &World, segment: &str) -> Vec<String> {
    let csv = sandbox()
        .clevertap()
        .csv(&world.account, segment, Which::Processed);
    let csv = String::from_utf8(csv.unwrap().to_vec()).unwrap();
    let mut ids: Vec<_> = csv.lines().skip(1).map(str::to_owned).collect();
    ids.sort_unstable();
    ids
}

fn are_right(world: &World, ended: &[Result<Done, RunError>]) {
    assert!(ended.iter().all(|done| done.is_ok()), "{ended:?}");
    for (letter, property, value) in [("a", "Email", "3@example.com"), ("b", "plan", "pro")] {
        let expected: Vec<_> = (0..7).map(|n| format!("i,{letter}-{n}")).collect();
        assert_eq!(ids(world, &format!("By {letter}")), expected);
        let clevertap = sandbox().clevertap();
        let profile = clevertap
            .profile(&world.account, &format!("{letter}-3"))
            .unwrap();
        assert_eq!(profile[property], value);
        assert_eq!(profile.len(), 1, "what its own export asks for");
    }
}

#[tokio::test]
async fn those_that_are_due_together_cost_one_query() {
    let (world, requests) = world();
    let ended = world.run_together(&due(&requests, Timestamp::now())).await;
    are_right(&world, &ended);
    assert_eq!(world.calls(Call::Engage), 1);
}

#[tokio::test]
async fn who_is_due_later_takes_no_older_read() {
    let (world, requests) = world();
    // Whichever reads first began before the other one is due.
    let hour = std::time::Duration::from_secs(3600);
    let requests = due(&requests, Timestamp::now() + hour);
    let ended = world.run_together(&requests).await;
    are_right(&world, &ended);
    assert_eq!(world.calls(Call::Engage), 2);
}

#[tokio::test]
async fn a_read_that_fails_is_made_by_another() {
    let (world, requests) = world();
    let settings = |project: &mut mixtap::sandbox::mixpanel::ProjectSettings| project.page_size = 2;
    let mixpanel = sandbox().mixpanel();
    mixpanel.update_project(world.project, settings).unwrap();
    world.fault(Call::Engage, 1, Action::error_in_200("broken"));
    let ended = world.run_together(&due(&requests, Timestamp::now())).await;
    let (failed, done): (Vec<_>, Vec<_>) = ended.into_iter().partition(Result::is_err);
    assert_eq!((failed.len(), done.len()), (1, 1));
    assert_eq!(world.calls(Call::Engage), 2);
}

#[tokio::test]
async fn a_session_that_is_lost_costs_all_of_them_one_more() {
    let (world, requests) = world();
    let settings = |project: &mut mixtap::sandbox::mixpanel::ProjectSettings| project.page_size = 2;
    let mixpanel = sandbox().mixpanel();
    mixpanel.update_project(world.project, settings).unwrap();
    world.fault(Call::EngagePage, 1, Action::DuplicatePage);
    let ended = world.run_together(&due(&requests, Timestamp::now())).await;
    are_right(&world, &ended);
    assert_eq!(world.calls(Call::Engage), 2);
}

#[tokio::test]
async fn the_read_is_told_of_once_before_anything_is_sent() {
    let world = World::new(&["a", "b"]);
    let told = std::sync::Mutex::new(Vec::new());
    let read = || {
        let calls = (world.calls(Call::Engage), world.clevertap_calls());
        told.lock().unwrap().push(calls);
    };
    world.run_telling(&world.request(), &read).await.unwrap();
    assert_eq!(*told.lock().unwrap(), [(1, 0)]);
    // A cohort that can't be read is never told of.
    world.fault(Call::Engage, 1, Action::answer(401, ""));
    let failed = world.run_telling(&world.later(), &read).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(told.lock().unwrap().len(), 1);
}
