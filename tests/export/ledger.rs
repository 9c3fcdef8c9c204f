//! What became of every member, whatever went wrong: accepted, rejected with a code, or pending, and
//! the three sum to the plan. Thousands of runs under random faults; a seed tells which.

use fastrand::Rng;
use mixtap::domain::Counts;
use mixtap::export::{Done, RunError};
use mixtap::http::Http;
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::{Action, Fault, Moment};

use crate::process::client;
use crate::world::{World, sandbox};

const RUNS: u64 = 2_000;
const CALLS: [Call; 6] = [
    Call::Engage,
    Call::EngagePage,
    Call::Upload,
    Call::ListUrl,
    Call::ListPut,
    Call::ListComplete,
];

fn action(rng: &mut Rng, call: Call, members: usize) -> Action {
    let at = [Moment::BeforeWork, Moment::AfterWork][rng.usize(..2)];
    if call == Call::Upload && rng.bool() {
        // A server error at every attempt: the record is the first one once it is sent alone.
        let (record, code) = match rng.u8(..5) {
            0 | 1 => (1, 555),
            n => (rng.usize(1..=members), [512, 515, 516][usize::from(n) - 2]),
        };
        return Action::FailRecord { record, code };
    }
    match rng.u8(..8) {
        0 => Action::Reset { at },
        1 => Action::CutBody {
            after: rng.usize(..60),
        },
        2 => Action::answer(503, ""),
        3 => Action::answer_after_work(500, ""),
        4 => Action::garbage(),
        5 if call == Call::EngagePage => Action::LoseSession,
        6 if call == Call::EngagePage => Action::DuplicatePage,
        7 if call == Call::EngagePage => Action::ShiftRows { by: 1 },
        _ => Action::answer(429, ""),
    }
}

/// Most pass after one request, which may be the first or a later one; some stay.
fn fault(rng: &mut Rng, world: &World, members: usize) -> Fault {
    let call = CALLS[rng.usize(..CALLS.len())];
    let action = action(rng, call, members);
    let fault = Fault::new(action.clone())
        .call(call)
        .scope(world.scope(call));
    match action {
        Action::FailRecord { .. } if rng.bool() => fault,
        _ if rng.u8(..16) == 0 => fault,
        _ => fault.nth(rng.u64(1..=3)),
    }
}

/// Every member has one end, and what isn't accepted is told by its code.
fn adds_up(counts: &Counts, plan: u64, seed: u64) {
    let ends = [
        counts.profiles_created,
        counts.profiles_rejected,
        counts.profiles_pending,
    ];
    assert_eq!(ends.iter().sum::<u64>(), plan, "seed {seed}: {counts:?}");
    let codes: i64 = counts.rejected_codes.values().sum();
    assert_eq!(codes as u64, counts.profiles_rejected, "seed {seed}");
    assert_eq!(counts.members, counts.exported, "seed {seed}");
}

/// Members whom CleverTap has a profile of.
fn profiles(world: &World, ids: &[String]) -> u64 {
    let has = |id: &&String| sandbox().clevertap().profile(&world.account, id).is_ok();
    ids.iter().filter(has).count() as u64
}

async fn play(seed: u64, http: &Http) -> Result<Done, RunError> {
    let mut rng = Rng::with_seed(seed);
    let count = rng.usize(1..=24);
    let ids: Vec<String> = (0..count).map(|n| format!("u-{n}")).collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut world = World::new(&names);
    world.http = Some(http.clone());
    let page = rng.usize(3..=30);
    let settings = move |project: &mut mixtap::sandbox::mixpanel::ProjectSettings| {
        project.page_size = page;
    };
    let mixpanel = sandbox().mixpanel();
    mixpanel.update_project(world.project, settings).unwrap();
    for _ in 0..rng.usize(1..=4) {
        sandbox().faults().add(fault(&mut rng, &world, count));
    }
    let first = world.run(&world.request()).await;
    for scope in [world.project.to_string(), world.account.clone()] {
        sandbox().faults().clear(Some(&scope));
    }
    let mut rejected = 0;
    if let Ok(done) = &first {
        adds_up(&done.counts, count as u64, seed);
        assert_eq!(world.segment().len(), count, "seed {seed}");
        assert!(
            profiles(&world, &ids) >= done.counts.profiles_created,
            "seed {seed}"
        );
        rejected = done.counts.profiles_rejected;
    }
    // Undisturbed, the next run settles all that isn't rejected; that waits for its day.
    let next = world.run(&world.later()).await.unwrap();
    let pending = first
        .as_ref()
        .map_or(count as u64, |done| done.counts.profiles_pending);
    adds_up_next(&next.counts, pending, seed);
    assert!(
        profiles(&world, &ids) >= count as u64 - rejected,
        "seed {seed}"
    );
    assert_eq!(world.segment().len(), count, "seed {seed}");
    first
}

fn adds_up_next(counts: &Counts, plan: u64, seed: u64) {
    assert_eq!(counts.profiles_created, plan, "seed {seed}: {counts:?}");
    assert_eq!((counts.profiles_rejected, counts.profiles_pending), (0, 0));
}

#[tokio::test]
async fn every_member_has_one_end_under_any_mix_of_faults() {
    let http = client();
    let (mut good, mut bad, mut pending, mut rejected) = (0, 0, 0, 0);
    for seed in 0..RUNS {
        match play(seed, &http).await {
            Ok(done) => {
                good += 1;
                pending += u64::from(done.counts.profiles_pending > 0);
                rejected += u64::from(done.counts.profiles_rejected > 0);
            }
            Err(_) => bad += 1,
        }
    }
    // A mix that never does one of these would show nothing of it.
    let ends = [good, bad, pending, rejected];
    assert!(ends.iter().all(|runs| *runs >= RUNS / 200), "{ends:?}");
}
