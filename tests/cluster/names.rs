//! Which cohort is meant, what its segment is called, and what that costs.

use mixtap::api::CohortExport;
use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::faults::{Action, Fault};
use mixtap::sandbox::mixpanel::{CohortChange, CohortSpec, UnknownCohort};
use serde_json::{Value, json};

use crate::steps::{list, status, synced};
use crate::world::until::says;
use crate::world::{PROJECT, World};

fn named(name: &str, more: &Value) -> Value {
    let mut spec = json!({ "connectorRef": { "name": "main" }, "cohort": { "name": name },
        "syncType": "Dynamic", "interval": "9999h" });
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    spec
}

fn rename(world: &World, id: u64, name: &str) {
    let change = CohortChange {
        name: Some(name.to_owned()),
        ..CohortChange::default()
    };
    let mixpanel = world.sandbox.mixpanel();
    mixpanel
        .change_cohort(PROJECT, id, change)
        .expect("the cohort");
}

/// Counted queries (lists of cohorts, reads) and calls of the App API.
fn queries(world: &World) -> (u64, u64, u64) {
    let calls = [Call::CohortsList, Call::Engage, Call::AppCohort].map(|call| world.calls(call));
    calls.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_cohort_makes_no_second_segment() {
    let Some(world) = World::new("names").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    world.cohort(2, "Power", 5);
    let _controller = world.controller();
    world.until_connected("main", "True", "Connected").await;
    world.reset_calls();
    world.on_demand("by-id", 1, json!({})).await;
    world.until_synced("by-id", "True", "Synced").await;
    world
        .create::<CohortExport>("by-name", named("Power", &json!({})))
        .await;
    world.until_synced("by-name", "True", "Synced").await;
    assert_eq!(
        queries(&world),
        (0, 2, 0),
        "the check's list serves both first runs"
    );

    // By id a later run is one query, by name that and a free call.
    rename(&world, 1, "Trolley");
    world.members(1, 2..=11);
    world.reset_calls();
    let renamed = world.ask("by-id", "renamed").await;
    assert_eq!(status(&renamed).segment.unwrap().name, "Mixpanel - Cart");
    assert_eq!(queries(&world), (0, 1, 0));
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(2..=11)));
    assert_eq!(world.csv("Mixpanel - Trolley"), None);
    world.reset_calls();
    assert!(says(&world.ask("by-name", "same").await, "True", "Synced"));
    assert_eq!(queries(&world), (0, 1, 1));
    // Where the App API can't tell, the list does.
    let faults = world.sandbox.faults();
    let broken = faults.add(Fault::new(Action::answer(500, "")).call(Call::AppCohort));
    world.reset_calls();
    assert!(says(
        &world.ask("by-name", "broken").await,
        "True",
        "Synced"
    ));
    assert_eq!(
        (world.calls(Call::Engage), world.calls(Call::AppCohort)),
        (1, 1)
    );
    assert!(world.calls(Call::CohortsList) <= 1);
    faults.remove(broken);

    // A restarted controller knows the name from status.
    drop(_controller);
    let _controller = world.controller();
    world.members(1, 3..=12);
    world.ask("by-id", "restarted").await;
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(3..=12)));

    // By name, a renamed cohort is gone, and its segment stays.
    rename(&world, 2, "Weak");
    let gone = world.ask("by-name", "gone").await;
    assert!(says(&gone, "False", "CohortNotFound"), "{gone:?}");
    assert_eq!(world.csv("Mixpanel - Power"), Some(list(1..=5)));
    // Under another id, the name's segment is the same.
    world.cohort(3, "Power", 6);
    assert!(says(&world.ask("by-name", "back").await, "True", "Synced"));
    assert_eq!(world.csv("Mixpanel - Power"), Some(list(1..=6)));
}

/// Whatever the name that was given begins with.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_out_of_the_spec_gives_way_to_the_default() {
    let Some(world) = World::new("names-default").await else {
        return;
    };
    world.cohort(1, "Cart", 10);
    let _controller = world.controller();
    let given = "Mixpanel - Given";
    world
        .on_demand("cart", 1, json!({ "segmentName": given }))
        .await;
    let named = world.until_synced("cart", "True", "Synced").await;
    assert_eq!(status(&named).segment.expect("a segment").name, given);
    let unnamed = json!({ "spec": { "segmentName": null } });
    world.patch::<CohortExport>("cart", unnamed).await;
    let is = |name: &'static str| {
        move |o: &CohortExport| {
            says(o, "True", "Synced") && status(o).segment.is_some_and(|s| s.name == name)
        }
    };
    world
        .until("cart", "the default", is("Mixpanel - Cart"))
        .await;
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(1..=10)));
    // And the default stays, though the cohort is renamed and another shape of it is exported.
    rename(&world, 1, "Trolley");
    world.members(1, 2..=11);
    let shape = json!({ "spec": { "identityProperty": "another" } });
    world.patch::<CohortExport>("cart", shape).await;
    let asked = world.ask("cart", "renamed").await;
    assert!(is("Mixpanel - Cart")(&asked), "{asked:?}");
    assert_eq!(world.csv("Mixpanel - Cart"), Some(list(2..=11)));
    assert_eq!(world.csv("Mixpanel - Trolley"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cohort_that_is_not_one_of_users_is_told_apart() {
    let Some(world) = World::new("names-wrong").await else {
        return;
    };
    world.cohort(1, "Twin", 10);
    world.cohort(2, "Twin", 20);
    let group = CohortSpec {
        name: "Firms".into(),
        data_group_id: Some(7),
        ..CohortSpec::default()
    };
    world
        .sandbox
        .mixpanel()
        .put_cohort(PROJECT, 3, group)
        .expect("the project");
    let long = "x".repeat(200);
    world.cohort(4, &long, 2);
    let _controller = world.controller();
    world
        .create::<CohortExport>("twin", named("Twin", &json!({})))
        .await;
    world
        .create::<CohortExport>("firms", named("Firms", &json!({})))
        .await;
    world
        .create::<CohortExport>("nobody", named("Nobody", &json!({})))
        .await;
    world.on_demand("firms-id", 3, json!({})).await;
    world.on_demand("nobody-id", 99, json!({})).await;
    let twin = world.until_synced("twin", "False", "CohortAmbiguous").await;
    let message = synced(&twin).2;
    assert!(message.contains('1') && message.contains('2'), "{message}");
    for name in ["firms", "firms-id"] {
        world.until_synced(name, "False", "GroupCohort").await;
    }
    for name in ["nobody", "nobody-id"] {
        world.until_synced(name, "False", "CohortNotFound").await;
    }
    assert_eq!(world.calls(Call::Engage), 0, "none of them is read");
    assert_eq!(world.calls(Call::ListComplete), 0);
    // At most one list for those that come with the first answer, and one for each unknown cohort.
    assert!(world.calls(Call::CohortsList) <= 4, "{:?}", queries(&world));

    // A name that is too long for CleverTap is cut, and told apart by the cohort's id.
    world.on_demand("long", 4, json!({})).await;
    let long = world.until_synced("long", "True", "Synced").await;
    let name = status(&long).segment.expect("a segment").name;
    assert_eq!(name.chars().count(), 128);
    assert!(
        name.starts_with("Mixpanel - xxx") && name.ends_with("x (4)"),
        "{name}"
    );
    assert_eq!(world.csv(&name), Some(list(1..=2)));
    // An id in place of the ambiguous name mends it at once.
    let mended = json!({ "spec": { "cohort": { "id": 2, "name": null } } });
    world.patch::<CohortExport>("twin", mended).await;
    world.until_synced("twin", "True", "Synced").await;
    assert_eq!(world.csv("Mixpanel - Twin"), Some(list(1..=20)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_cohort_is_never_taken_for_an_empty_one() {
    let Some(world) = World::new("names-gone").await else {
        return;
    };
    let ways = [
        UnknownCohort::BadRequest,
        UnknownCohort::NotFound,
        UnknownCohort::Empty,
    ];
    let _controller = world.controller();
    for (at, policy) in ["Hold", "Export"].into_iter().enumerate() {
        let id = at as u64 + 1;
        world.cohort(id, policy, 10);
        let spec = json!({ "onEmpty": policy, "maxShrinkPercent": 100 });
        world.on_demand(&policy.to_lowercase(), id, spec).await;
        world
            .until_synced(&policy.to_lowercase(), "True", "Synced")
            .await;
        world
            .sandbox
            .mixpanel()
            .delete_cohort(PROJECT, id)
            .expect("the cohort");
    }
    for way in ways {
        let mixpanel = world.sandbox.mixpanel();
        let set = mixpanel.update_project(PROJECT, |project| project.unknown_cohort = way);
        set.expect("the project");
        for name in ["hold", "export"] {
            world.reset_calls();
            let gone = world.ask(name, &format!("{way:?}")).await;
            assert!(says(&gone, "False", "CohortNotFound"), "{way:?}: {gone:?}");
            assert_eq!(queries(&world), (0, 1, 1), "{way:?}");
            assert_eq!(world.calls_of(Vendor::Clevertap), 0);
        }
    }
    for policy in ["Hold", "Export"] {
        assert_eq!(
            world.csv(&format!("Mixpanel - {policy}")),
            Some(list(1..=10))
        );
    }
    // Where nobody can say whether it exists, it isn't said to be gone.
    let faults = world.sandbox.faults();
    faults.add(Fault::new(Action::answer(500, "")).call(Call::AppCohort));
    faults.add(Fault::new(Action::answer(400, "{}")).call(Call::CohortsList));
    let unknown = world.ask("export", "unprovable").await;
    assert!(says(&unknown, "False", "SourceUnavailable"), "{unknown:?}");
    assert_eq!(world.csv("Mixpanel - Export"), Some(list(1..=10)));
}
