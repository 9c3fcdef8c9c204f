//! One export at a time: first ones, slow vendors, churn, limits that move, bad records.

use std::time::Duration;

use mixtap::sandbox::{
    calls::Call, clevertap::AccountSettings, mixpanel::Generator, record::Summary,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    Fallible,
    process::Meter,
    report::Row,
    standins::{PASSCODE, Pair},
    watched::is_synced,
    world::{Controller, SHARE, World},
};

const COHORT: u64 = 1;
const NAME: &str = "export";
const PAGE: u64 = 1000;
const BATCH: u64 = 1000;
/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(300);
/// The controller's, with what whole seconds add to it.
const MIN_INTERVAL: Duration = Duration::from_secs(2);
/// Pages and uploads at once that the controller permits itself.
const PAGES_AT_ONCE: u64 = 4;
const UPLOADS_AT_ONCE: u64 = 12;

/// How a scenario differs from the plain one.
#[derive(Clone, Copy, Default)]
pub struct Plain {
    pub members: u64,
    /// Lists only: no profiles are sent.
    pub list_only: bool,
    pub latency_ms: u64,
    /// One in so many records is bad.
    pub refuse_every: u64,
    /// The account's limit falls from 15 to 2 and rises again.
    pub moving: bool,
}

/// A world with a connector that is connected, and its controller.
async fn stage(world: &World<'_>, pair: &Pair) -> Fallible<Controller> {
    world.connector("main", pair, SHARE).await?;
    let controller = world.controller(&[]).await?;
    world.connected(1).await?;
    world.standins.reset(pair).await?;
    Ok(controller)
}

fn account(plain: Plain) -> AccountSettings {
    AccountSettings {
        forget_profiles: true,
        knows_everyone: plain.list_only,
        latency_ms: plain.latency_ms,
        refuse_every: plain.refuse_every,
        ..AccountSettings::with_passcode(PASSCODE)
    }
}

/// The first export of a cohort, from its first request to its last answer.
pub async fn first(world: &World<'_>, number: u64, plain: Plain) -> Fallible<Row> {
    let standins = world.standins;
    let slow = |settings: &mut mixtap::sandbox::mixpanel::ProjectSettings| {
        settings.latency_ms = plain.latency_ms;
    };
    let pair = standins
        .furnish(number, slow, |settings| *settings = account(plain))
        .await?;
    standins
        .cohort(&pair, COHORT, Generator::members(plain.members))
        .await?;
    let controller = stage(world, &pair).await?;
    let meter = Meter::start(&controller.program)?;
    world
        .export(NAME, "main", COHORT, &spec(plain.list_only))
        .await?;
    let moved = async {
        if plain.moving {
            move_limit(world, &pair, plain).await?;
        }
        Ok(())
    };
    let synced = world
        .watched
        .until(1, PATIENCE, |export| is_synced(export, None));
    tokio::try_join!(synced, moved)?;
    let cost = meter.stop(&controller.program)?;
    let [mixpanel, clevertap] = standins.summaries(&pair).await?;
    standins.settled(&pair).await?;
    let in_list = standins.segment(&pair, NAME).await?.history;
    let uploads = if plain.list_only {
        0
    } else {
        plain.members.div_ceil(BATCH)
    };
    let pages = plain.members.div_ceil(PAGE);
    let mut notes = vec![];
    let seconds = seconds(&mixpanel, &clevertap);
    if plain.latency_ms > 0 && !plain.moving {
        let waits = 1 + (pages - 1).div_ceil(PAGES_AT_ONCE) + uploads.div_ceil(UPLOADS_AT_ONCE) + 3;
        let bound = (waits * plain.latency_ms) as f64 / 1000.0;
        notes.push(format!(
            "{:.2} x the bound of {bound:.2} s",
            seconds / bound
        ));
    }
    if plain.moving {
        let limited = answered(&clevertap, Call::Upload, 429);
        let all = clevertap.arrived.get(&Call::Upload).copied().unwrap_or(0);
        notes.push(format!("{limited} of {all} uploads were answered 429"));
    }
    let rejected = last_run(world).map_or(0, |run| run.profiles_rejected);
    if plain.refuse_every > 0 {
        notes.push(format!("{rejected} records rejected"));
    }
    let missing = plain.members.saturating_sub(rejected as u64) as usize;
    if in_list != [missing] {
        notes.push(format!("**{in_list:?} in the list, not {missing}**"));
    }
    Ok(Row {
        members: Some(plain.members),
        seconds: Some(seconds),
        cpu: Some(cost.cpu),
        peak: Some(cost.peak),
        requests: Some((requests(&mixpanel, &clevertap), pages + uploads + 3)),
        // The first version is our own.
        writes: Some(world.watched.writes().saturating_sub(1) as f64),
        note: notes.join("; "),
    })
}

/// A tick with this share of churn, after two that made the list and confirmed it.
pub async fn churn(world: &World<'_>, number: u64, members: u64) -> Fallible<Vec<(String, Row)>> {
    let standins = world.standins;
    let pair = standins.furnish(number, |_| {}, |_| {}).await?;
    let moved = |by: u64| Generator {
        start: 1 + by,
        ..Generator::members(members)
    };
    standins.cohort(&pair, COHORT, moved(0)).await?;
    let controller = stage(world, &pair).await?;
    world.export(NAME, "main", COHORT, &spec(false)).await?;
    let synced = |token: Option<&'static str>| {
        world
            .watched
            .until(1, PATIENCE, move |export| is_synced(export, token))
    };
    synced(None).await?;
    world.request(NAME, "confirm").await?;
    synced(Some("confirm")).await?;
    let mut rows = vec![];
    for (token, new) in [("0 %", 0), ("0.1 %", members / 1000), ("5 %", members / 20)] {
        standins.settled(&pair).await?;
        standins.cohort(&pair, COHORT, moved(new)).await?;
        standins.reset(&pair).await?;
        // Sooner than `--min-interval` after a run, a request is put off, which is one more write.
        sleep(MIN_INTERVAL).await;
        let writes = world.watched.writes();
        let meter = Meter::start(&controller.program)?;
        world.request(NAME, token).await?;
        synced(Some(token)).await?;
        let cost = meter.stop(&controller.program)?;
        let [mixpanel, clevertap] = standins.summaries(&pair).await?;
        let minimum = match new {
            0 => members.div_ceil(PAGE),
            new => members.div_ceil(PAGE) + new.div_ceil(BATCH) + 3,
        };
        let row = Row {
            members: Some(members),
            seconds: Some(seconds(&mixpanel, &clevertap)),
            cpu: Some(cost.cpu),
            peak: Some(cost.peak),
            requests: Some((requests(&mixpanel, &clevertap), minimum)),
            // One of them is the request itself.
            writes: Some((world.watched.writes() - writes).saturating_sub(1) as f64),
            note: last_run(world).map_or(String::new(), |run| {
                format!("{} added, {} removed", run.added, run.removed)
            }),
        };
        rows.push((token.to_owned(), row));
    }
    Ok(rows)
}

/// 15, then 2 for the middle third of the uploads, then 15 again.
async fn move_limit(world: &World<'_>, pair: &Pair, plain: Plain) -> Fallible<()> {
    let third = plain.members.div_ceil(BATCH) / 3;
    for (uploads, limit) in [(third, 2), (2 * third, 15)] {
        while !world.standins.wait(pair, Call::Upload, uploads).await? {}
        let settings = AccountSettings {
            upload_concurrency: limit,
            ..account(plain)
        };
        world.standins.set_account(pair, &settings).await?;
    }
    Ok(())
}

fn spec(list_only: bool) -> Value {
    let missing = if list_only { "Skip" } else { "Create" };
    json!({ "missingProfiles": missing })
}

fn last_run(world: &World<'_>) -> Option<mixtap::api::LastRun> {
    world.watched.all().pop()?.status?.last_run
}

/// From the first page's arrival to the last answer of either vendor.
fn seconds(mixpanel: &Summary, clevertap: &Summary) -> f64 {
    let first = mixpanel
        .spans
        .get(&Call::Engage)
        .map(|span| span.first_arrived);
    let calls = [Call::Engage, Call::EngagePage, Call::ListComplete];
    let ends = calls
        .iter()
        .flat_map(|call| [mixpanel.spans.get(call), clevertap.spans.get(call)]);
    let last = ends.flatten().filter_map(|span| span.last_answered).max();
    let (first, last) = (first.unwrap_or(0), last.unwrap_or(0));
    last.saturating_sub(first) as f64 / 1000.0
}

fn requests(mixpanel: &Summary, clevertap: &Summary) -> u64 {
    let all = mixpanel.arrived.values().chain(clevertap.arrived.values());
    all.sum()
}

fn answered(summary: &Summary, call: Call, status: u16) -> u64 {
    let counts = summary.answered.iter();
    let counts = counts.filter(|count| (count.call, count.status) == (call, status));
    counts.map(|count| count.count).sum()
}
