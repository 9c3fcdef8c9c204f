//! The page: open in many browsers while much changes, and opened with many exports on it.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::ResourceExt as _;
use mixtap::api::CohortExport;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, copy, sink},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    Fallible,
    browser::Browser,
    many::{AMPLE, populate},
    process::Meter,
    report::Row,
    viewer::get,
    watched::is_synced,
    world::{Controller, PATIENCE, SHARE, World},
};

/// Exports of a batch: projects, and of each so many.
const BATCH: (u64, u64) = (10, 10);
/// Exports that never run, which are changed in turn.
const CHANGED: u64 = 200;
const CHANGES_A_SECOND: u64 = 100;
const PATCHES_AT_ONCE: usize = 16;
/// How long they are changed.
const STORM: Duration = Duration::from_secs(30);
/// How often the index is fetched.
const TIMES: usize = 21;
/// How often a browser opens it.
const PAINTS: usize = 5;

/// A controller with a page, and its address.
async fn served(world: &World<'_>) -> Fallible<(Controller, String)> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let flag = format!("--page-address={address}");
    let controller = world.controller(&[&flag]).await?;
    while get(&address, "/").await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
    Ok((controller, address))
}

/// What it costs that so many watch a hundred changes a second, and what a batch of exports takes
/// meanwhile: first with nobody there.
pub async fn watched(
    world: &World<'_>,
    number: u64,
    viewers: usize,
) -> Fallible<Vec<(String, Row)>> {
    let (pairs, each) = BATCH;
    let pairs = populate(world, number, pairs, each, "9000h", AMPLE).await?;
    let idle = (0..CHANGED).map(|at| (changed(at), format!("c-{}", pairs[0].0), 1));
    let idle: Vec<_> = idle.collect();
    world.exports(&idle, &json!({ "suspend": true })).await?;
    let (controller, address) = served(world).await?;
    until_synced(world, None).await?;
    let alone = phase(world, &controller, "alone").await?;
    let settled = controller.program.memory("VmRSS")?;

    let mut streams = JoinSet::new();
    for _ in 0..viewers {
        let mut stream = get(&address, "/events?since=").await?;
        streams.spawn(async move { copy(&mut stream, &mut sink()).await });
    }
    let mut watched = phase(world, &controller, "watched").await?;
    let ended = std::iter::from_fn(|| streams.try_join_next()).count();
    let now = controller.program.memory("VmRSS")?;
    let ratio = watched.seconds.zip(alone.seconds).map(|(w, a)| w / a);
    watched.note = format!(
        "{}; {:.2} x as long as alone; {:.1} MiB more resident at the end; {ended} streams ended",
        watched.note,
        ratio.unwrap_or_default(),
        (now as f64 - settled as f64) / 1024.0
    );
    Ok(vec![
        ("alone".to_owned(), alone),
        ("watched".to_owned(), watched),
    ])
}

fn changed(at: u64) -> String {
    format!("s-{at}")
}

async fn until_synced(world: &World<'_>, token: Option<&str>) -> Fallible<()> {
    let count = (BATCH.0 * BATCH.1 + CHANGED) as usize;
    let synced =
        |export: &CohortExport| export.name_any().starts_with("s-") || is_synced(export, token);
    world.watched.until(count, PATIENCE, synced).await
}

/// The changes, and a batch of exports in their midst.
async fn phase(world: &World<'_>, controller: &Controller, token: &str) -> Fallible<Row> {
    let meter = Meter::start(&controller.program)?;
    let started = Instant::now();
    let mut ticks = interval(Duration::from_secs(1) / CHANGES_A_SECOND as u32);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let changes = stream::unfold((0, ticks), async |(change, mut ticks)| {
        ticks.tick().await;
        (started.elapsed() < STORM).then_some((change, (change + 1, ticks)))
    });
    let patches = changes.map(async |change: u64| {
        // Another than before, in both phases.
        let hours = 1 + change / CHANGED;
        let spec = json!({ "spec": { "interval": format!("{hours}h") } });
        world.patch(&changed(change % CHANGED), spec).await
    });
    let patched = patches
        .buffer_unordered(PATCHES_AT_ONCE)
        .try_fold(0, async |count, ()| Ok(count + 1));
    let batch = async {
        sleep(STORM / 3).await;
        let asked = Instant::now();
        let all = world
            .watched
            .all()
            .into_iter()
            .map(|export| export.name_any());
        let names = all.filter(|name| name.starts_with("e-"));
        stream::iter(names)
            .map(Ok)
            .try_for_each_concurrent(PATCHES_AT_ONCE, async |name: String| {
                world.request(&name, token).await
            })
            .await?;
        until_synced(world, Some(token)).await?;
        Fallible::Ok(asked.elapsed())
    };
    let (count, took) = tokio::try_join!(patched, batch)?;
    let cost = meter.stop(&controller.program)?;
    Ok(Row {
        seconds: Some(took.as_secs_f64()),
        cpu: Some(cost.cpu),
        peak: Some(cost.peak),
        note: format!(
            "{} exports in that time; CPU seconds of {} s with {:.0} changes a second",
            BATCH.0 * BATCH.1,
            STORM.as_secs(),
            f64::from(count) / STORM.as_secs_f64()
        ),
        ..Row::default()
    })
}

/// The index with so many exports.
pub async fn index(world: &World<'_>, number: u64, pairs: u64, each: u64) -> Fallible<Row> {
    let count = (pairs * each) as usize;
    populate(world, number, pairs, each, "9000h", SHARE).await?;
    let (controller, address) = served(world).await?;
    world
        .watched
        .until(count, PATIENCE, |export| is_synced(export, None))
        .await?;
    let meter = Meter::start(&controller.program)?;
    let (mut times, mut bytes) = (vec![], 0);
    for _ in 0..TIMES {
        let started = Instant::now();
        let mut page = vec![];
        get(&address, "/").await?.read_to_end(&mut page).await?;
        times.push(started.elapsed().as_secs_f64());
        bytes = page.len();
    }
    let cost = meter.stop(&controller.program)?;
    let paint = match Browser::open(&format!("http://{address}")).await {
        Some(browser) => format!("{:.0} ms", median(paints(&browser).await)),
        None => "not measured: there is no Chromium".to_owned(),
    };
    Ok(Row {
        seconds: Some(median(times)),
        cpu: Some(cost.cpu),
        peak: Some(cost.peak),
        note: format!(
            "{count} exports, {} KiB; CPU seconds of {TIMES} times; first contentful paint: {paint}",
            bytes / 1024
        ),
        ..Row::default()
    })
}

/// From the beginning of the navigation, in milliseconds.
async fn paints(browser: &Browser) -> Vec<f64> {
    const PAINT: &str = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
    let mut paints = vec![];
    for _ in 0..PAINTS {
        browser.goto("/").await;
        browser.until("a paint", &format!("{PAINT} > 0")).await;
        paints.extend(browser.js(PAINT).await.as_f64());
    }
    paints
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
