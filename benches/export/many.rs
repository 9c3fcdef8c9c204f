//! Many exports at a time: a burst, and a project that they share.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use kube::ResourceExt as _;
use mixtap::{
    api::CohortExport,
    sandbox::{calls::Call, mixpanel::Generator, record::Summary},
};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    Fallible,
    process::Meter,
    report::Row,
    standins::Pair,
    watched::{condition, is_synced},
    world::{PATIENCE, SHARE, World},
};

/// How long a project that is out of queries is watched.
const SHORT_OF_QUERIES: Duration = Duration::from_secs(45);
/// The interval of the burst, in seconds.
const TICK: u64 = 60;
const MEMBERS: u64 = 20;
/// A share of so many queries an hour that a tick of a minute is never stretched.
pub const AMPLE: usize = 8000;

/// Exports of small cohorts, evenly over the pairs; none runs before there is a controller. A connector's
/// share is four fifths of what its project answers an hour, as by default.
pub async fn populate(
    world: &World<'_>,
    number: u64,
    pairs: u64,
    each: u64,
    interval: &str,
    share: usize,
) -> Fallible<Vec<Pair>> {
    let (mut made, mut exports) = (vec![], vec![]);
    for pair in number..number + pairs {
        let project = |project: &mut mixtap::sandbox::mixpanel::ProjectSettings| {
            project.query_limit = share * 5 / 4;
        };
        let settings = |account: &mut mixtap::sandbox::clevertap::AccountSettings| {
            account.knows_everyone = true;
        };
        let pair = world.standins.furnish(pair, project, settings).await?;
        let connector = format!("c-{}", pair.0);
        world.connector(&connector, &pair, share).await?;
        for cohort in 1..=each {
            world
                .standins
                .cohort(&pair, cohort, Generator::members(MEMBERS))
                .await?;
            exports.push((format!("e-{}-{cohort}", pair.0), connector.clone(), cohort));
        }
        made.push(pair);
    }
    let more = json!({ "missingProfiles": "Skip", "interval": interval });
    world.exports(&exports, &more).await?;
    Ok(made)
}

/// All of them due in one tick, and the tick after it.
pub async fn burst(world: &World<'_>, number: u64, pairs: u64, each: u64) -> Fallible<Row> {
    let count = (pairs * each) as usize;
    let pairs = populate(world, number, pairs, each, &format!("{TICK}s"), AMPLE).await?;
    let before = world.watched.writes();
    let controller = world.controller(&[]).await?;
    let meter = Meter::start(&controller.program)?;
    let started = Instant::now();
    world
        .watched
        .until(count, PATIENCE, |export| is_synced(export, None))
        .await?;
    let first = started.elapsed();
    let slots: HashMap<_, _> = world.watched.all().into_iter().filter_map(slot).collect();
    // By when the watch showed the claim: times in a status are whole seconds.
    let late = Mutex::new(HashMap::new());
    let claimed = |export: &CohortExport| {
        let name = export.name_any();
        let Some((slot, started)) = slots.get(&name).zip(last_start(export)) else {
            return false;
        };
        let mut late = late.lock().unwrap_or_else(PoisonError::into_inner);
        if started < *slot {
            return false;
        }
        late.entry(name)
            .or_insert_with(|| Timestamp::now().duration_since(*slot).as_millis());
        true
    };
    world.watched.until(count, PATIENCE, claimed).await?;
    let cost = meter.stop(&controller.program)?;
    let late = late.into_inner().unwrap_or_else(PoisonError::into_inner);
    let latest = late.into_values().max().unwrap_or(0);
    let (mixpanel, clevertap) = totals(world, &pairs).await?;
    let runs = mixpanel.get(&(Call::Engage, 200)).copied().unwrap_or(0);
    let writes = (world.watched.writes() - before) as f64 / runs.max(1) as f64;
    Ok(Row {
        seconds: Some(first.as_secs_f64()),
        cpu: Some(cost.cpu),
        peak: Some(cost.peak),
        requests: Some((sum(&mixpanel) + sum(&clevertap), runs + count as u64 * 3)),
        writes: Some(writes),
        note: format!(
            "{count} first runs in that time; in the tick after, the latest start was {latest} ms after its slot"
        ),
        ..Row::default()
    })
}

/// More exports on one project than its budget permits.
pub async fn shared(world: &World<'_>, number: u64, each: u64) -> Fallible<Row> {
    let pairs = populate(world, number, 1, each, "15m", SHARE).await?;
    let controller = world.controller(&[]).await?;
    let meter = Meter::start(&controller.program)?;
    let started = Instant::now();
    let queued = |export: &CohortExport| {
        is_synced(export, None) || condition(export, "Synced").is_some_and(|c| c.1 == "Queued")
    };
    world.watched.until(each as usize, PATIENCE, queued).await?;
    let took = started.elapsed();
    sleep(SHORT_OF_QUERIES).await;
    let cost = meter.stop(&controller.program)?;
    let all = world.watched.all();
    let synced = all.iter().filter(|export| is_synced(export, None)).count();
    let failed = all.iter().filter(|export| !queued(export)).count();
    let (mixpanel, clevertap) = totals(world, &pairs).await?;
    let limited: u64 = mixpanel
        .iter()
        .filter(|((_, status), _)| *status == 429)
        .map(|(_, n)| n)
        .sum();
    let spent: usize = world
        .standins
        .get(&format!("/mixpanel/{number}/queries"))
        .await?;
    Ok(Row {
        seconds: Some(took.as_secs_f64()),
        cpu: Some(cost.cpu),
        peak: Some(cost.peak),
        requests: Some((sum(&mixpanel) + sum(&clevertap), 0)),
        note: format!(
            "{spent} of 48 queries spent, {limited} answers 429; {synced} synced, {} wait their turn, {failed} failed",
            all.len() - synced - failed
        ),
        ..Row::default()
    })
}

pub type Answers = HashMap<(Call, u16), u64>;

/// Answers of all pairs together, by vendor.
pub async fn totals(world: &World<'_>, pairs: &[Pair]) -> Fallible<(Answers, Answers)> {
    let mut totals = (Answers::new(), Answers::new());
    let add = |to: &mut Answers, summary: Summary| {
        for count in summary.answered {
            *to.entry((count.call, count.status)).or_default() += count.count;
        }
    };
    for pair in pairs {
        let [mixpanel, clevertap] = world.standins.summaries(pair).await?;
        add(&mut totals.0, mixpanel);
        add(&mut totals.1, clevertap);
    }
    Ok(totals)
}

pub fn sum(answers: &Answers) -> u64 {
    answers.values().sum()
}

/// When the latest run was claimed.
fn last_start(export: &CohortExport) -> Option<Timestamp> {
    let status = export.status.as_ref()?;
    let current = status.current_run.as_ref().map(|run| run.started_time.0);
    let last = status.last_run.as_ref().map(|run| run.started_time.0);
    current.max(last)
}

fn slot(export: CohortExport) -> Option<(String, Timestamp)> {
    let next = export.status.as_ref()?.next_sync_time.as_ref()?.0;
    Some((export.name_any(), next))
}
