//! What goes wrong in the world of the alerts, each in a project or account of its own, beside what
//! goes well.

use mixtap::api::{CleverTapConnector, CohortExport, conditions};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::clevertap::AccountSettings;
use mixtap::sandbox::faults::{Action, Fault};
use mixtap::sandbox::mixpanel::{CohortSpec, Generator, ProjectSettings};
use serde_json::{Value, json};

use crate::steps::condition;
use crate::world::{ACCOUNT, PASSCODE, PROJECT, SECRET, USERNAME, World};

/// Of the connectors `stale`, `budget` and `rejected`.
const STALE: u64 = PROJECT + 1;
pub const BUDGET: u64 = PROJECT + 2;
const REJECTING: &str = "TEST-CAN-ARY-003Z";
/// Queries an hour that no test uses up.
const PLENTY: u32 = 10_000;

/// Everything that the alerts speak of, but for a missing leader. Returns once all of it has come to
/// pass; a controller must be at work.
pub async fn all(world: &World) {
    plenty(world, PROJECT);
    let more = json!({ "spec": { "mixpanel": { "queriesPerHour": PLENTY } } });
    world.patch::<CleverTapConnector>("main", more).await;
    tokio::join!(
        fine(world),
        suspended(world),
        held(world),
        failing(world),
        down(world),
        stale(world),
        budget(world),
        rejected(world),
    );
}

/// A dynamic export that keeps its interval, and a one-time one that is done.
async fn fine(world: &World) {
    world.cohort(1, "Fine", 20);
    world.dynamic("fine", 1, json!({ "interval": "30s" })).await;
    world.one_time("once", 1, segment("Once")).await;
    world.until_synced("fine", "True", "Synced").await;
    world.until_synced("once", "True", "Completed").await;
}

/// Its last success soon is many intervals old.
async fn suspended(world: &World) {
    world.cohort(2, "Suspended", 20);
    world
        .dynamic("suspended", 2, json!({ "interval": "2s" }))
        .await;
    world.until_synced("suspended", "True", "Synced").await;
    let suspend = json!({ "spec": { "suspend": true } });
    world.patch::<CohortExport>("suspended", suspend).await;
    let says = Some(("True".to_owned(), "Suspended".to_owned()));
    let is = |object: &CohortExport| condition(object, conditions::READY) == says;
    world.until("suspended", "suspended", is).await;
}

/// Nine in ten members leave its cohort.
async fn held(world: &World) {
    world.cohort(3, "Held", 200);
    world.dynamic("held", 3, json!({ "interval": "5s" })).await;
    world.until_synced("held", "True", "Synced").await;
    world.members(3, 1..=20);
    world.until_synced("held", "False", "HeldShrink").await;
}

async fn failing(world: &World) {
    world.on_demand("failing", 404, segment("Failing")).await;
    world
        .until_synced("failing", "False", "CohortNotFound")
        .await;
}

/// A wrong passcode, and an export that waits for it.
async fn down(world: &World) {
    world
        .put_secret("wrong", "no-passcode", USERNAME, SECRET)
        .await;
    let spec = |spec: &mut Value| spec["passcodeSecretRef"]["name"] = "wrong".into();
    connector(world, "down", spec).await;
    by("down", world, 1, segment("Blocked")).await;
    world
        .until_connected("down", "False", "InvalidCredentials")
        .await;
    world
        .until_synced("down", "Unknown", "ConnectorNotReady")
        .await;
}

/// Mixpanel has trouble with its queries, once a first one was answered.
async fn stale(world: &World) {
    plenty(world, STALE);
    cohort(world, STALE);
    connector(world, "stale", |spec| {
        spec["mixpanel"]["projectId"] = STALE.into();
        spec["mixpanel"]["queriesPerHour"] = PLENTY.into();
    })
    .await;
    by(
        "stale",
        world,
        1,
        json!({ "segmentName": "Stale", "interval": "2s" }),
    )
    .await;
    world.until_synced("stale", "True", "Synced").await;
    let trouble = Fault::new(Action::answer(500, "trouble"))
        .call(Call::Engage)
        .scope(STALE);
    world.sandbox.faults().add(trouble);
    world
        .until_synced("stale", "False", "SourceUnavailable")
        .await;
}

/// The check and a read are all that it may ask in an hour.
async fn budget(world: &World) {
    plenty(world, BUDGET);
    cohort(world, BUDGET);
    connector(world, "budget", |spec| {
        spec["mixpanel"]["projectId"] = BUDGET.into();
        spec["mixpanel"]["queriesPerHour"] = 2.into();
    })
    .await;
    by("budget", world, 1, segment("Budget")).await;
    world.until_synced("budget", "True", "Synced").await;
}

/// CleverTap refuses some of the members that come later.
async fn rejected(world: &World) {
    let settings = AccountSettings::with_passcode(PASSCODE);
    let account = world.sandbox.clevertap();
    account.set_account(REJECTING, settings);
    world.cohort(4, "Rejected", 40);
    connector(world, "rejected", |spec| {
        spec["projectId"] = REJECTING.into()
    })
    .await;
    by("rejected", world, 4, segment("Rejected")).await;
    world.until_synced("rejected", "True", "Synced").await;
    let refuse = |settings: &mut AccountSettings| settings.refuse_every = 3;
    account
        .update_account(REJECTING, refuse)
        .expect("the account");
    world.members(4, 1..=80);
    let ran = world.ask("rejected", "more").await;
    let rejected = crate::steps::last_run(&ran).profiles_rejected;
    assert!(rejected > 4, "{rejected} of 40");
}

fn segment(name: &str) -> Value {
    json!({ "segmentName": name })
}

/// A project that answers as much as is asked.
fn plenty(world: &World, project: u64) {
    let settings = ProjectSettings {
        query_limit: PLENTY as usize,
        ..ProjectSettings::with_account(USERNAME, SECRET)
    };
    world.sandbox.mixpanel().set_project(project, settings);
}

fn cohort(world: &World, project: u64) {
    let mixpanel = world.sandbox.mixpanel();
    let put = mixpanel.put_cohort(project, 1, CohortSpec::default());
    put.expect("the project");
    let generated = mixpanel.generate(project, 1, Generator::members(20));
    generated.expect("the cohort");
}

/// A connector like `main`, but for a change.
async fn connector(world: &World, name: &str, change: impl FnOnce(&mut Value)) {
    let mut spec = world.connector_spec();
    spec["projectId"] = ACCOUNT.into();
    spec["mixpanel"]["queriesPerHour"] = PLENTY.into();
    change(&mut spec);
    world.create::<CleverTapConnector>(name, spec).await;
}

/// A dynamic export by the connector of the same name, which runs when it is asked to unless `more`
/// says otherwise.
async fn by(name: &str, world: &World, cohort: u64, mut more: Value) {
    more["connectorRef"] = json!({ "name": name });
    world.on_demand(name, cohort, more).await;
}
