//! Who reaches CleverTap, and by which identity.

use std::collections::BTreeSet;

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::mixpanel::User;
use serde_json::{Value, json};

use crate::rows::sorted;
use crate::world::{ACCOUNT, PROJECT, World};

const OWN: &str = "$CleverTap_user_id";

fn user(distinct_id: &str, properties: Value) -> User {
    User::new(distinct_id, properties)
}

/// One of each kind. Comments tell what becomes of it.
fn all_kinds() -> Vec<User> {
    let email = |name: &str| json!({ "$email": format!("{name}@example.com") });
    vec![
        user("plain", email("plain")),
        // By the property, before the distinct id; two of one value are one.
        user(
            "distinct-1",
            json!({ OWN: "own-1", "$first_name": "Test", "$last_name": "Person" }),
        ),
        user("distinct-2", json!({ OWN: "own-1" })),
        user("distinct-3", json!({ OWN: "  padded\t" })),
        user("distinct-4", json!({ OWN: 9_007_199_254_740_993_u64 })),
        // No identity: the distinct id counts.
        user("blank", json!({ OWN: " " })),
        user("fraction", json!({ OWN: 1.5 })),
        // Another member's property is this one's distinct id.
        user("own-1", email("own")),
        User::new(13793_u64, email("number")),
        user("Case", email("upper")),
        user("case", email("lower")),
        user("zoë 🦀", email("unicode")),
        user("comma,id", email("comma")),
        user("quote\"id", email("quote")),
        user("two\nlines", email("newline")),
        // A profile that has none of the wanted properties.
        User {
            has_profile: Some(true),
            ..user("bare", json!({}))
        },
        // Never identified.
        user("$device:1", email("device")),
        user("$device:2", json!({ OWN: "own-of-a-device" })),
        // No profile.
        user("ghost-1", json!({})),
        user("ghost-2", json!({})),
    ]
}

/// 18 of 20 are read, in 5 pages of 4; 1 upload of 14 profiles, 3 calls for the list.
#[tokio::test(flavor = "multi_thread")]
async fn identified_members_only_and_each_once() {
    let Some(world) = World::new("members").await else {
        return;
    };
    world
        .sandbox
        .mixpanel()
        .update_project(PROJECT, |project| project.page_size = 4)
        .expect("the project");
    world.cohort_of(1, "All kinds", all_kinds());
    world.keep_bodies();
    let _controller = world.controller();
    world.one_time("all-kinds", 1, json!({})).await;
    let run = world
        .until_synced("all-kinds", "True", "Completed")
        .await
        .status
        .unwrap_or_default()
        .last_run
        .expect("a run");
    assert_eq!((run.members, run.exported), (18, 14));
    assert_eq!(
        (
            run.skipped_anonymous,
            run.skipped_no_identity,
            run.duplicates
        ),
        (2, 0, 2)
    );
    assert_eq!((run.profiles_created, run.profiles_rejected), (14, 0));
    let calls = [
        Call::Engage,
        Call::EngagePage,
        Call::Upload,
        Call::ListPut,
        Call::ListComplete,
    ]
    .map(|c| world.calls(c));
    assert_eq!(calls, [1, 4, 1, 1, 1]);

    let expected = "Type,Identity\n\
        i,13793\n\
        i,9007199254740993\n\
        i,Case\n\
        i,bare\n\
        i,blank\n\
        i,case\n\
        i,\"comma,id\"\n\
        i,fraction\n\
        i,own-1\n\
        i,padded\n\
        i,plain\n\
        i,\"quote\"\"id\"\n\
        i,\"two\nlines\"\n\
        i,zoë 🦀\n";
    assert_eq!(
        world.file("Mixpanel - All kinds"),
        sorted(expected.as_bytes())
    );

    // Of the others CleverTap has heard nothing.
    let view = world
        .sandbox
        .clevertap()
        .view(ACCOUNT)
        .expect("the account");
    let known: BTreeSet<_> = view.profiles.keys().map(String::as_str).collect();
    let identities = [
        "13793",
        "9007199254740993",
        "Case",
        "bare",
        "blank",
        "case",
        "comma,id",
        "fraction",
        "own-1",
        "padded",
        "plain",
        "quote\"id",
        "two\nlines",
        "zoë 🦀",
    ];
    assert_eq!(known, BTreeSet::from(identities));
    let uploads = Value::from(world.bodies(Call::Upload)).to_string();
    for absent in ["device", "ghost", "distinct-"] {
        assert!(!uploads.contains(absent), "{absent}");
    }
    // Of two members with one identity the first one's profile goes over.
    let profile = world
        .sandbox
        .clevertap()
        .profile(ACCOUNT, "own-1")
        .expect("a profile");
    assert_eq!(Value::Object(profile), json!({ "Name": "Test Person" }));
}

/// Of the 18 the 3 that have an identity of their own; no profiles: 0 uploads.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_fallback_only_own_identities_count() {
    let Some(world) = World::new("skip").await else {
        return;
    };
    world.cohort_of(1, "All kinds", all_kinds());
    world
        .sandbox
        .clevertap()
        .add_known(ACCOUNT, ["own-1", "padded", "9007199254740993"])
        .expect("the account");
    let _controller = world.controller();
    world.one_time("skip", 1, json!({ "identityFallback": "Skip", "missingProfiles": "Skip", "segmentName": "Own only" })).await;
    let run = world
        .until_synced("skip", "True", "Completed")
        .await
        .status
        .unwrap_or_default()
        .last_run
        .expect("a run");
    assert_eq!((run.members, run.exported, run.duplicates), (18, 3, 1));
    assert_eq!((run.skipped_anonymous, run.skipped_no_identity), (2, 12));
    assert_eq!(
        world.file("Own only"),
        "Type,Identity\ni,9007199254740993\ni,own-1\ni,padded\n"
    );
    assert_eq!((world.calls(Call::Upload), run.profiles_created), (0, 0));

    // Another property is another identity.
    world.cohort_of(
        2,
        "By customer",
        vec![
            user("a", json!({ "customer": "c-1", OWN: "x" })),
            user("b", json!({ OWN: "y" })),
        ],
    );
    world
        .one_time(
            "customers",
            2,
            json!({ "identityProperty": "customer", "identityFallback": "DistinctId" }),
        )
        .await;
    world.until_synced("customers", "True", "Completed").await;
    assert_eq!(
        world.file("Mixpanel - By customer"),
        "Type,Identity\ni,b\ni,c-1\n"
    );
}

/// 2,500 members: 1 query, 2 more pages, 3 uploads of at most 1,000 profiles, 3 calls for the list.
#[tokio::test(flavor = "multi_thread")]
async fn many_members_arrive_whole() {
    let Some(world) = World::new("many").await else {
        return;
    };
    world.cohort(1, "Many", 2500);
    let _controller = world.controller();
    world.one_time("many", 1, json!({})).await;
    let status = world
        .until_synced("many", "True", "Completed")
        .await
        .status
        .unwrap_or_default();
    let run = status.last_run.expect("a run");
    assert_eq!(
        (run.members, run.exported, run.added, run.profiles_created),
        (2500, 2500, 2500, 2500)
    );
    let message =
        mixtap::api::conditions::find(&status.conditions, "Synced").map(|c| c.message.clone());
    assert!(
        message.is_some_and(|m| m.starts_with("2,500 members accepted by CleverTap as segment "))
    );
    let mut expected = String::from("Type,Identity\n");
    expected.extend((1..=2500).map(|n| format!("i,u-{n:06}\n")));
    assert!(world.file("Mixpanel - Many") == expected);
    assert_eq!(world.size("Mixpanel - Many"), 2500);
    let calls = [
        Call::Engage,
        Call::EngagePage,
        Call::Upload,
        Call::ListPut,
        Call::ListComplete,
    ]
    .map(|c| world.calls(c));
    assert_eq!(calls, [1, 2, 3, 1, 1]);
}
