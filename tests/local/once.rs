//! Once means once, and never empty a segment by accident: across syncs, by what the state remembers.

use mixtap::sandbox::calls::Call;
use serde_json::json;

use crate::world::{COHORT, SEGMENT, World, of};

fn one_time() -> serde_json::Value {
    json!({ "cohort": { "id": COHORT }, "syncType": "OneTime" })
}

#[test]
fn a_one_time_export_runs_once_until_it_is_asked_again() {
    let world = World::new(&["u-1", "u-2"]);
    world.export("cart", one_time());
    let first = world.json(0, "sync");
    assert_eq!(of(&first, "cart")["reason"], "Completed");
    world.cohort(COHORT, "Cart drop off", &["u-1", "u-2", "u-3"]);
    let reads = world.calls(Call::Engage);
    assert_eq!(of(&world.json(0, "plan"), "cart")["outcome"], "Rests");
    let second = world.json(0, "sync");
    assert_eq!(of(&second, "cart")["ran"], false);
    assert_eq!(world.calls(Call::Engage), reads, "nothing was read");
    let asked = json!({ "mixtap.dev/requested-at": "again" });
    world.annotated("cart", one_time(), asked.clone());
    assert_eq!(of(&world.json(2, "plan"), "cart")["members"]["added"], 1);
    // A token is answered a minute after the last run at the earliest.
    world.ends(0, &["sync", "--min-interval", "1ms"]);
    assert_eq!(world.segment(SEGMENT), ["u-1", "u-2", "u-3"]);
    assert_eq!(of(&world.json(0, "sync"), "cart")["ran"], false);
}

#[test]
fn an_export_that_the_state_forgot_is_found_done() {
    let world = World::new(&["u-1"]);
    world.export("cart", one_time());
    world.ends(0, &["sync"]);
    std::fs::remove_dir_all(world.state().join("local")).unwrap();
    let reads = world.calls(Call::Engage);
    assert_eq!(
        of(&world.json(0, "plan"), "cart")["reason"],
        "AlreadyExported"
    );
    assert_eq!(
        of(&world.json(0, "sync"), "cart")["reason"],
        "AlreadyExported"
    );
    assert_eq!(world.calls(Call::Engage), reads);
}

#[test]
fn what_the_state_forgot_is_read_again() {
    let world = World::new(&["u-1", "u-2", "u-3"]);
    let local = world.state().join("local");
    world.ends(0, &["sync"]);
    std::fs::remove_dir_all(&local).unwrap();
    world.cohort(COHORT, "Cart drop off", &["u-1", "u-2"]);
    let report = world.json(0, "sync");
    assert_eq!(of(&report, "cart")["members"]["removed"], 1, "{report:#}");
    assert_eq!(world.segment(SEGMENT), ["u-1", "u-2"]);
    for record in std::fs::read_dir(&local).unwrap() {
        std::fs::write(record.unwrap().path(), "damaged").unwrap();
    }
    world.cohort(COHORT, "Cart drop off", &["u-1", "u-2", "u-4"]);
    world.ends(0, &["sync"]);
    assert_eq!(world.segment(SEGMENT), ["u-1", "u-2", "u-4"]);
}

#[test]
fn the_list_of_new_profiles_is_sent_once_more() {
    let world = World::new(&["u-1"]);
    world.export("cart", one_time());
    world.ends(0, &["sync"]);
    let (reads, lists) = (world.calls(Call::Engage), world.calls(Call::ListComplete));
    let later = ["--confirm-delay", "1ms"];
    let plan = world.ends(0, &["plan", later[0], later[1], "-o", "json"]);
    let plan = serde_json::from_str(&plan).unwrap();
    assert_eq!(of(&plan, "cart")["calls"]["listCalls"], 3, "{plan:#}");
    world.ends(0, &["sync", later[0], later[1]]);
    assert_eq!(world.calls(Call::ListComplete), lists + 1);
    world.ends(0, &["sync", later[0], later[1]]);
    assert_eq!(world.calls(Call::ListComplete), lists + 1);
    assert_eq!(world.calls(Call::Engage), reads, "no member was read again");
}

#[test]
fn a_hold_passes_once_a_person_says_so() {
    let world = World::new(&["u-1", "u-2", "u-3", "u-4"]);
    world.ends(0, &["sync"]);
    world.cohort(COHORT, "Cart drop off", &["u-1"]);
    let plan = world.json(2, "plan");
    let planned = of(&plan, "cart");
    assert_eq!(planned["outcome"], "Held");
    assert_eq!(planned["guard"]["decision"], "HeldShrink");
    assert_eq!(planned["guard"]["removed"], 3);
    assert_eq!(planned["calls"]["listCalls"], 0);
    let lists = world.clevertap_calls();
    let said = world.ends(1, &["sync"]);
    assert!(said.contains("cohortexport/cart  HeldShrink"), "{said}");
    assert_eq!(world.clevertap_calls(), lists);
    let (_, id) = said.trim().rsplit_once("mixtap.dev/release-hold=").unwrap();
    let release = json!({ "mixtap.dev/release-hold": id });
    let spec = json!({ "cohort": { "id": COHORT }, "syncType": "Dynamic" });
    world.annotated("cart", spec, release);
    assert_eq!(of(&world.json(2, "plan"), "cart")["outcome"], "Changes");
    world.ends(0, &["sync"]);
    assert_eq!(world.segment(SEGMENT), ["u-1"]);
}

#[test]
fn a_lost_state_never_opens_the_guard_of_an_empty_read() {
    let world = World::new(&["u-1"]);
    world.ends(0, &["sync"]);
    std::fs::remove_dir_all(world.state()).unwrap();
    world.cohort(COHORT, "Cart drop off", &[]);
    let said = world.ends(1, &["sync"]);
    assert!(said.contains("HeldEmpty"), "{said}");
    assert_eq!(world.segment(SEGMENT), ["u-1"]);
}

#[test]
fn two_exports_of_one_segment_are_told() {
    let world = World::new(&["u-1"]);
    let spec = json!({ "cohort": { "id": COHORT }, "syncType": "Dynamic", "segmentName": SEGMENT });
    world.ends(0, &["sync"]);
    world.export("second", spec);
    let report = world.json(1, "sync");
    assert_eq!(of(&report, "cart")["reason"], "Synced");
    assert_eq!(of(&report, "second")["reason"], "SegmentConflict");
    assert_eq!(
        of(&world.json(1, "plan"), "second")["reason"],
        "SegmentConflict"
    );
}
