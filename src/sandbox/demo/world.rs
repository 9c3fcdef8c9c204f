//! What the vendors of the demo hold: one Mixpanel project with two cohorts, one CleverTap account.

use serde_json::{Map, Value, json};

use super::examples::Credentials;
use crate::domain::counts::thousands;
use crate::sandbox::{
    NotThere, Sandbox,
    clevertap::AccountSettings,
    mixpanel::{CohortChange, CohortSpec, DistinctId, Generator, ProjectSettings, User},
};

/// What `examples/quickstart/` names.
pub const PROJECT: u64 = 1_234_567;
pub const ACCOUNT: &str = "TEST-123-456-789Z";
const CART: (u64, &str) = (4311, "Cart drop off");
const POWER: (u64, &str) = (4312, "Power users");

/// Someone who left their cart for good.
pub const MEMBER: &str = "u-000001";

/// What the examples make of them in CleverTap.
pub const SEGMENTS: [&str; 2] = ["Mixpanel - Cart drop off", "Mixpanel - Power users"];

/// Everyone who is a power user, by number; the first ones left their cart too.
const PEOPLE: u64 = 2400;
/// These left their cart for good. Of the `RING` people after them `WINDOW` did, others each minute,
/// so that no look ever finds more than a fifth of the cohort gone.
const ALWAYS: u64 = 480;
const RING: u64 = 400;
const WINDOW: u64 = 120;
const STEP: u64 = 9;

/// Fills both vendors; what they hold, in lines.
pub fn furnish(sandbox: &Sandbox, credentials: &Credentials) -> Result<[String; 2], NotThere> {
    let Credentials {
        passcode,
        username,
        secret,
    } = credentials;
    let mixpanel = sandbox.mixpanel();
    mixpanel.set_project(PROJECT, ProjectSettings::with_account(username, secret));
    for (id, name) in [CART, POWER] {
        let spec = CohortSpec {
            name: name.to_owned(),
            ..CohortSpec::default()
        };
        mixpanel.put_cohort(PROJECT, id, spec)?;
    }
    mixpanel.generate(PROJECT, POWER.0, people())?;
    let others = others();
    let ids: Vec<_> = others.iter().map(|user| user.distinct_id.clone()).collect();
    mixpanel.put_users(PROJECT, others)?;
    let add = CohortChange {
        add: ids.clone(),
        ..CohortChange::default()
    };
    mixpanel.change_cohort(PROJECT, POWER.0, add)?;
    let set = in_cart(0).chain(ids).collect();
    let set = CohortChange {
        set: Some(set),
        ..CohortChange::default()
    };
    mixpanel.change_cohort(PROJECT, CART.0, set)?;

    let clevertap = sandbox.clevertap();
    clevertap.set_account(ACCOUNT, AccountSettings::with_passcode(passcode));
    // Half of them are users of the app already.
    let known: Vec<_> = (1..=PEOPLE)
        .step_by(2)
        .map(|n| format!("ct-{n:06}"))
        .collect();
    let profiles = known.len();
    clevertap.add_known(ACCOUNT, known)?;
    let members = |id| mixpanel.members(PROJECT, id).map(|m| thousands(m.len()));
    Ok([
        format!(
            "Mixpanel     {} project {PROJECT}: cohorts {:?} ({}) and {:?} ({})",
            sandbox.mixpanel_url(),
            CART.1,
            members(CART.0)?,
            POWER.1,
            members(POWER.0)?
        ),
        format!(
            "CleverTap    {} account {ACCOUNT}: {} profiles, no segment yet",
            sandbox.clevertap_url(),
            thousands(profiles)
        ),
    ])
}

/// Some leave their cart and some return to it; says who.
pub fn change(sandbox: &Sandbox, time: u64) -> Result<String, NotThere> {
    let before: Vec<_> = in_cart(time - 1).collect();
    let after: Vec<_> = in_cart(time).collect();
    let change = CohortChange {
        remove: before
            .iter()
            .filter(|id| !after.contains(id))
            .cloned()
            .collect(),
        add: after
            .iter()
            .filter(|id| !before.contains(id))
            .cloned()
            .collect(),
        ..CohortChange::default()
    };
    let (left, joined) = (change.remove.len(), change.add.len());
    sandbox.mixpanel().change_cohort(PROJECT, CART.0, change)?;
    Ok(format!(
        "Mixpanel: {:?} lost {left} members and gained {joined}; so it goes every minute now",
        CART.1
    ))
}

/// Everyone whose id the generator knows.
fn people() -> Generator {
    let made = Generator::members(PEOPLE);
    let mut properties = made.properties;
    properties.insert("$CleverTap_user_id".to_owned(), "ct-{n}".into());
    Generator { properties, ..made }
}

/// Those of `people` who left their cart, at the given minute.
fn in_cart(minute: u64) -> impl Iterator<Item = DistinctId> {
    // The window breathes, so that those who come aren't as many as those who go.
    let window = WINDOW + minute * 7 % 12;
    let ring = move |k| ALWAYS + 1 + (minute * STEP + k) % RING;
    let numbers = (1..=ALWAYS).chain((0..window).map(ring));
    numbers.map(|n| DistinctId::from(format!("u-{n:06}")))
}

/// Members of both cohorts who need a closer look.
fn others() -> Vec<User> {
    let email = |id: &str| json!({ "$email": format!("{id}@example.com") });
    let without_clevertap_id = (1..=12).map(|n| format!("w-{n:06}"));
    let without_clevertap_id = without_clevertap_id.map(|id| User::new(id.clone(), email(&id)));
    // Another Mixpanel user of the same person.
    let twice = (1..=3).map(|n| {
        User::new(
            format!("x-{n:06}"),
            json!({ "$CleverTap_user_id": format!("ct-{n:06}") }),
        )
    });
    let anonymous =
        (1..=40).map(|n| User::new(format!("$device:{n:06}"), json!({ "$os": "Android" })));
    let without_profile =
        (1..=20).map(|n| User::new(format!("y-{n:06}"), Value::Object(Map::new())));
    without_clevertap_id
        .chain(twice)
        .chain(anonymous)
        .chain(without_profile)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn ids(minute: u64) -> HashSet<String> {
        in_cart(minute).map(|id| id.text()).collect()
    }

    #[test]
    fn the_examples_name_what_is_there() {
        let read = |name: &str| {
            let folder =
                std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            serde_yaml::from_str::<Value>(&text).unwrap()
        };
        let connector = read("connector.yaml");
        assert_eq!(connector["spec"]["projectId"], ACCOUNT);
        assert_eq!(connector["spec"]["mixpanel"]["projectId"], PROJECT);
        assert_eq!(read("dynamic.yaml")["spec"]["cohort"]["name"], CART.1);
        assert_eq!(read("one-time.yaml")["spec"]["cohort"]["id"], POWER.0);
    }

    #[test]
    fn the_member_of_the_hints_stays_in_the_cohort() {
        assert!((0..100).all(|minute| ids(minute).contains(MEMBER)));
    }

    #[test]
    fn each_minute_some_leave_and_some_join() {
        for minute in 0..100 {
            let (before, after) = (ids(minute), ids(minute + 1));
            assert!(before.difference(&after).count() > 0, "minute {minute}");
            assert!(after.difference(&before).count() > 0, "minute {minute}");
        }
    }

    proptest! {
        #[test]
        fn however_long_nobody_looks_no_guard_holds(one in 0..10_000u64, other in 0..10_000u64) {
            let (before, after) = (ids(one), ids(other));
            let lost = before.difference(&after).count();
            prop_assert!(lost * 4 < before.len(), "{lost} of {}", before.len());
            let last = format!("u-{PEOPLE:06}");
            prop_assert!(before.iter().all(|id| *id <= last));
        }
    }
}
