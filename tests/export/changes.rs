//! What goes over when nothing goes wrong.

use mixtap::api::IdentityFallback;
use mixtap::domain::Counts;
use mixtap::export::WarningReason;
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::clevertap::Which;
use mixtap::sandbox::mixpanel::User;
use serde_json::json;

use crate::world::{COHORT, SEGMENT, World, sandbox};

#[tokio::test]
async fn a_first_run_sends_profiles_and_the_whole_list_byte_for_byte() {
    let mut world = World::new(&[]);
    world.users(vec![
        User::new("u-2", json!({"$email": "a@example.com"})),
        User::new(
            "z",
            json!({"$CleverTap_user_id": "comma, \"quoted\"\nline"}),
        ),
        User::new(
            "u-3",
            json!({"$CleverTap_user_id": 9_007_199_254_740_993_u64}),
        ),
        User::new(17, json!({"plan": "pro"})),
        User::new("ü-4", json!({"$CleverTap_user_id": " 🦀 Ab "})),
        User::new("u-5", json!({"$CleverTap_user_id": "u-2"})),
        User::new("$device:1", json!({"$CleverTap_user_id": "known"})),
        User::new("u-6", json!({})),
    ]);
    world.plan.profile_properties = vec!["$email".to_owned()];
    let done = world.run(&world.request()).await.unwrap();
    let csv = sandbox()
        .clevertap()
        .csv(&world.account, SEGMENT, Which::Processed)
        .unwrap();
    let mut members = [
        ("17", "17"),
        ("9007199254740993", "9007199254740993"),
        ("comma, \"quoted\"\nline", "\"comma, \"\"quoted\"\"\nline\""),
        ("u-2", "u-2"),
        ("🦀 Ab", "🦀 Ab"),
    ];
    // In the order of their fingerprints.
    members.sort_by_key(|(identity, _)| world.key.fingerprint(identity));
    let rows = members.map(|(_, row)| format!("i,{row}\n"));
    assert_eq!(csv, format!("Type,Identity\n{}", rows.concat()));
    // The profile-less user isn't read at all.
    let counts = Counts {
        members: 7,
        exported: 5,
        added: 5,
        skipped_anonymous: 1,
        duplicates: 1,
        profiles_created: 5,
        uploaded: true,
        ..Counts::default()
    };
    assert_eq!(done.counts, counts);
    assert_eq!(done.cohort, (COHORT as i64, "Cart drop off".to_owned()));
    let segment = sandbox()
        .clevertap()
        .segment(&world.account, SEGMENT)
        .unwrap();
    assert_eq!(
        done.segment,
        (SEGMENT.to_owned(), Some(segment.id.to_string()))
    );
    assert_eq!(segment.members.len(), 5);
    let profile = sandbox()
        .clevertap()
        .profile(&world.account, "u-2")
        .unwrap();
    assert_eq!(profile["Email"], "a@example.com");
    assert_eq!(
        sandbox().clevertap().mails(&world.account).unwrap()[0].to,
        "lists@example.com"
    );
}

#[tokio::test]
async fn an_unchanged_list_makes_no_call_once_it_is_confirmed() {
    let world = World::new(&["a", "b"]);
    world.run(&world.request()).await.unwrap();
    let confirming = world.run(&world.later()).await.unwrap();
    assert!(
        confirming.counts.uploaded,
        "profiles were created just before"
    );
    assert_eq!(confirming.counts.profiles_created, 0);
    let (calls, queries) = (world.clevertap_calls(), world.calls(Call::Engage));
    let third = world.run(&world.later()).await.unwrap();
    assert_eq!(world.clevertap_calls(), calls);
    assert_eq!(world.calls(Call::Engage), queries + 1);
    assert_eq!((third.counts.unchanged, third.counts.uploaded), (2, false));
    assert_eq!(third.segment, confirming.segment);
    assert_eq!(
        world.calls(Call::CohortsList),
        1,
        "the cohort is known by its id"
    );
}

#[tokio::test]
async fn a_changed_list_sends_new_profiles_only() {
    let world = World::new(&["a", "b", "c"]);
    world.run(&world.request()).await.unwrap();
    world.members(&["b", "c", "d"]);
    sandbox().requests().keep_bodies(&world.account, true);
    let done = world.run(&world.later()).await.unwrap();
    assert_eq!(world.segment(), ["b", "c", "d"]);
    let Counts {
        added,
        removed,
        unchanged,
        profiles_created,
        ..
    } = done.counts;
    assert_eq!((added, removed, unchanged, profiles_created), (1, 1, 2, 1));
    let sent = sandbox().requests().log(&world.account);
    let upload = sent
        .iter()
        .rfind(|request| request.call == Call::Upload)
        .unwrap();
    let body: serde_json::Value = serde_json::from_str(upload.body.as_ref().unwrap()).unwrap();
    assert_eq!(body["d"].as_array().unwrap().len(), 1);
    assert_eq!(body["d"][0]["identity"], "d");
}

#[tokio::test]
async fn an_old_upload_is_refreshed_and_another_shape_is_sent() {
    let mut world = World::new(&["a"]);
    world.plan.create_profiles = false;
    world.run(&world.request()).await.unwrap();
    assert!(!world.run(&world.later()).await.unwrap().counts.uploaded);
    world.plan.refresh_interval = Some(jiff::SignedDuration::from_nanos(1));
    assert!(world.run(&world.later()).await.unwrap().counts.uploaded);
    world.plan.refresh_interval = None;
    assert!(!world.run(&world.later()).await.unwrap().counts.uploaded);
    world.plan.create_profiles = true;
    let done = world.run(&world.later()).await.unwrap();
    assert!(done.counts.uploaded);
    assert_eq!(done.counts.profiles_created, 1);
}

#[tokio::test]
async fn skip_leaves_members_without_the_property_out() {
    let mut world = World::new(&[]);
    world.plan.identity.fallback = IdentityFallback::Skip;
    world.plan.create_profiles = false;
    world.users(vec![
        User::new("a", json!({"$CleverTap_user_id": "1"})),
        User::new("b", json!({"$CleverTap_user_id": 1.5})),
        User::new("c", json!({"other": 1})),
    ]);
    let done = world.run(&world.request()).await.unwrap();
    assert_eq!(done.counts.skipped_no_identity, 2);
    assert_eq!(world.calls(Call::Upload), 0);
    assert_eq!(world.segment(), ["1"]);
}

#[tokio::test]
async fn hidden_properties_and_rejected_profiles_are_told() {
    let world = World::new(&[]);
    world.users(vec![User::new("a", json!({"plan": "pro"}))]);
    let fault = mixtap::sandbox::faults::Action::FailRecord {
        record: 1,
        code: 520,
    };
    world.fault(Call::Upload, 1, fault);
    let done = world.run(&world.request()).await.unwrap();
    let reasons: Vec<_> = done.warnings.iter().map(|warning| warning.reason).collect();
    assert_eq!(
        reasons,
        [
            WarningReason::PropertiesHidden,
            WarningReason::ProfilesRejected
        ]
    );
    assert_eq!(done.counts.rejected_codes, [("520".to_owned(), 1)].into());
    let calls = world.calls(Call::Upload);
    world.members(&["a", "b"]);
    let done = world.run(&world.later()).await.unwrap();
    assert_eq!(done.counts.profiles_created, 1, "the rejected one waits");
    assert_eq!(world.calls(Call::Upload), calls + 1);
}
