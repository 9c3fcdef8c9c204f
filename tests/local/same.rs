//! What a plan says is what the sync after it does: over random cohorts, specs and faults.

use fastrand::Rng;
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault};
use mixtap::sandbox::mixpanel::User;
use serde_json::{Value, json};

use crate::world::{World, of, sandbox};

const WORLDS: u64 = 12;
const ROUNDS: u32 = 4;
const COHORTS: [(u64, &str); 2] = [(11, "One"), (12, "Two")];
const EXPORTS: [&str; 4] = ["a", "b", "c", "once"];

/// Faults that pass, and one that lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    Passing(Call),
    Lasting(Call),
}

fn trouble(rng: &mut Rng) -> Trouble {
    let calls = [
        Call::Engage,
        Call::Upload,
        Call::ListUrl,
        Call::ListComplete,
        Call::CohortsList,
    ];
    match rng.u8(..6) {
        0 => Trouble::Passing(calls[rng.usize(..calls.len())]),
        1 => Trouble::Lasting(Call::Engage),
        _ => Trouble::None,
    }
}

fn members(rng: &mut Rng) -> Vec<User> {
    let count = match rng.u8(..8) {
        0 => 0,
        _ => rng.usize(1..40),
    };
    let ids = std::iter::repeat_with(|| rng.u32(..60)).take(count);
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let user = |n: u32| match n % 7 {
        0 => User::new(format!("$device:{n}"), json!({})),
        // Two Mixpanel users of one person.
        1 => User::new(
            format!("u-{n}"),
            json!({ "$CleverTap_user_id": format!("ct-{}", n % 5) }),
        ),
        _ => User::new(
            format!("u-{n}"),
            json!({ "$email": format!("u{n}@example.com") }),
        ),
    };
    ids.into_iter().map(user).collect()
}

fn spec(rng: &mut Rng, name: &str) -> Value {
    let (id, cohort) = COHORTS[rng.usize(..COHORTS.len())];
    let mut spec = match rng.bool() {
        true => json!({ "cohort": { "id": id } }),
        false => json!({ "cohort": { "name": cohort } }),
    };
    spec["syncType"] = if name == "once" { "OneTime" } else { "Dynamic" }.into();
    spec["segmentName"] = format!("Segment {name}").into();
    for (field, value) in [
        ("missingProfiles", json!("Skip")),
        ("identityFallback", json!("Skip")),
        ("onEmpty", json!("Export")),
        ("maxShrinkPercent", json!(100)),
        ("refreshInterval", json!("0s")),
        ("profileProperties", json!(["$email"])),
        ("suspend", json!(true)),
    ] {
        if rng.u8(..4) == 0 {
            spec[field] = value;
        }
    }
    spec
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn a_plan_is_what_the_sync_after_it_does() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds = seed.map_or_else(|| (0..WORLDS).collect(), |seed| vec![seed]);
    let ran: u64 = std::thread::scope(|scope| {
        let worlds: Vec<_> = seeds
            .into_iter()
            .map(|seed| scope.spawn(move || play(seed)))
            .collect();
        worlds.into_iter().map(|world| world.join().unwrap()).sum()
    });
    assert!(seed.is_some() || ran > 20, "{ran} runs say little");
}

/// Plays one world; how many runs were compared.
fn play(seed: u64) -> u64 {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::new(&[]);
    std::fs::remove_file(world.files().join("cart.yaml")).unwrap();
    world
        .variables
        .insert("MIXTAP_RETRY_TOTAL".into(), "30ms".into());
    world
        .variables
        .insert("MIXTAP_MIN_INTERVAL".into(), "1s".into());
    COHORTS
        .iter()
        .for_each(|(id, name)| world.cohort(*id, name, &[]));
    let mut ran = 0;
    for round in 0..ROUNDS {
        for (id, _) in COHORTS {
            if rng.bool() {
                world.users(id, members(&mut rng));
            }
        }
        for name in EXPORTS {
            if round == 0 || rng.u8(..4) == 0 {
                world.export(name, spec(&mut rng, name));
            }
        }
        let trouble = trouble(&mut rng);
        ran += compare(
            &world,
            trouble,
            &format!("SEED={seed}, round {round}, {trouble:?}"),
        );
        sandbox().faults().clear(Some(&world.scope(Call::Engage)));
        sandbox().faults().clear(Some(&world.scope(Call::Upload)));
    }
    ran
}

fn add(world: &World, call: Call, status: u16, times: u64) {
    let fault = Fault::new(Action::answer(status, "{}"));
    let fault = fault.call(call).times(times);
    sandbox().faults().add(fault.scope(world.scope(call)));
}

fn compare(world: &World, trouble: Trouble, context: &str) -> u64 {
    if let Trouble::Lasting(call) = trouble {
        add(world, call, 400, 1000);
    }
    let clevertap = world.clevertap_calls();
    let before = state(world);
    let planned = world.run(&["plan", "-o", "json"]);
    assert_eq!(state(world), before, "{context}");
    assert_eq!(world.clevertap_calls(), clevertap, "{context}");
    let plan: Value = serde_json::from_str(&planned.stdout)
        .unwrap_or_else(|e| panic!("{context}: {e} {planned:?}"));
    if let Trouble::Passing(call) = trouble {
        add(world, call, 503, 1);
    }
    let calls = [
        Call::Engage,
        Call::CohortsList,
        Call::Upload,
        Call::ListComplete,
    ];
    let counts = || calls.map(|call| world.calls(call));
    let (before, clevertap) = (counts(), world.clevertap_calls());
    let synced = world.run(&["sync", "-o", "json"]);
    let sync: Value = serde_json::from_str(&synced.stdout)
        .unwrap_or_else(|e| panic!("{context}: {e} {synced:?}"));
    let mut ran = 0;
    for name in EXPORTS {
        let (plan, sync) = (of(&plan, name), of(&sync, name));
        let both = || format!("{context}, {name}: {plan:#} {sync:#}");
        match plan["outcome"].as_str().unwrap() {
            "Changes" | "Unchanged" => {
                same_counts(plan, sync, &both);
                ran += 1;
            }
            "Held" => assert_eq!(sync["reason"], plan["guard"]["decision"], "{}", both()),
            "Failed" => assert_eq!(sync["reason"], plan["reason"], "{}", both()),
            "Rests" | "Suspended" => assert_eq!(sync["ran"], false, "{}", both()),
            other => panic!("{other}"),
        }
    }
    let total = &plan["total"];
    let codes = (planned.code, synced.code);
    let (held, failed) = (number(&total["held"]), number(&total["failed"]));
    let changes = number(&total["changes"]) + held;
    let plan_code = if failed > 0 {
        1
    } else {
        2 * i32::from(changes > 0)
    };
    let sync_code = i32::from(held + failed > 0);
    assert_eq!(
        codes,
        (Some(plan_code), Some(sync_code)),
        "{context}: {total:#}"
    );
    if trouble == Trouble::None {
        let made: Vec<_> = counts()
            .iter()
            .zip(before)
            .map(|(now, then)| now - then)
            .collect();
        let lists = number(&total["calls"]["listCalls"]);
        let expected = [
            number(&total["calls"]["reads"]),
            number(&total["cohortLists"]),
            number(&total["calls"]["profileUploads"]),
            lists / 3,
        ];
        assert_eq!(made, expected, "{context}: {plan:#} {sync:#}");
        let sent = number(&total["calls"]["profileUploads"]) + lists + number(&total["checks"]);
        assert_eq!(
            world.clevertap_calls() - clevertap,
            sent,
            "{context}: {total:#}"
        );
    }
    ran
}

fn same_counts(plan: &Value, sync: &Value, both: &dyn Fn() -> String) {
    assert_eq!(plan["members"], sync["members"], "{}", both());
    let profiles = &plan["calls"]["profiles"];
    assert_eq!(*profiles, sync["sent"]["profilesCreated"], "{}", both());
    let sends = number(&plan["calls"]["listCalls"]) > 0;
    assert_eq!(sync["sent"]["list"], sends, "{}", both());
}

/// All of the state but the bookings of queries: names, and what they hold.
fn state(world: &World) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![world.state()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with("budget") => {}
                true => folders.push(path),
                false => found.push((path.clone(), std::fs::read(&path).unwrap())),
            }
        }
    }
    found.sort();
    found
}
