//! Many exports that have nothing to do: at rest, and after a restart.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::{
    Fallible,
    many::{populate, sum, totals},
    process::Meter,
    report::Row,
    watched::is_synced,
    world::{PATIENCE, SHARE, World},
};

/// How long the idle are watched.
const IDLE: Duration = Duration::from_secs(60);

/// So many that have nothing to do.
pub async fn idle(world: &World<'_>, number: u64, pairs: u64, each: u64) -> Fallible<Row> {
    let count = (pairs * each) as usize;
    let pairs = populate(world, number, pairs, each, "9000h", SHARE).await?;
    let controller = world.controller(&[]).await?;
    if count > 0 {
        world
            .watched
            .until(count, PATIENCE, |export| is_synced(export, None))
            .await?;
    }
    for pair in &pairs {
        world.standins.reset(pair).await?;
    }
    let writes = world.watched.writes();
    let settled = controller.program.memory("VmRSS")?;
    let meter = Meter::start(&controller.program)?;
    sleep(IDLE).await;
    let cost = meter.stop(&controller.program)?;
    let (mixpanel, clevertap) = totals(world, &pairs).await?;
    Ok(Row {
        seconds: Some(IDLE.as_secs_f64()),
        cpu: Some(cost.cpu),
        peak: Some(cost.peak.max(settled)),
        requests: Some((sum(&mixpanel) + sum(&clevertap), 0)),
        writes: Some((world.watched.writes() - writes) as f64),
        note: format!("{count} exports; CPU seconds of the whole minute"),
        ..Row::default()
    })
}

/// The controller is killed and another one starts.
pub async fn restart(world: &World<'_>, number: u64, pairs: u64, each: u64) -> Fallible<Row> {
    let count = (pairs * each) as usize;
    let pairs = populate(world, number, pairs, each, "9000h", SHARE).await?;
    let lease = [
        "--lease-duration=3s",
        "--renew-interval=1s",
        "--retry-interval=200ms",
    ];
    let first = world.controller(&lease).await?;
    world
        .watched
        .until(count, PATIENCE, |export| is_synced(export, None))
        .await?;
    drop(first);
    for pair in &pairs {
        world.standins.reset(pair).await?;
    }
    let writes = world.watched.writes();
    let started = Instant::now();
    let controller = world.controller(&lease).await?;
    let ready = started.elapsed();
    let label = "kind=\"CohortExport\",outcome=\"success\"";
    while controller.metric("mixtap_reconciles_total", label).await < count as f64 {
        if started.elapsed() > PATIENCE {
            return Err("the exports were never looked at".into());
        }
        sleep(Duration::from_millis(20)).await;
    }
    let (mixpanel, clevertap) = totals(world, &pairs).await?;
    Ok(Row {
        seconds: Some(started.elapsed().as_secs_f64()),
        cpu: Some(controller.program.cpu()?),
        peak: Some(controller.program.memory("VmHWM")?),
        requests: Some((sum(&mixpanel) + sum(&clevertap), 0)),
        writes: Some((world.watched.writes() - writes) as f64),
        note: format!(
            "{count} exports; it led after {:.1} s, the dead one's lease (3 s) included",
            ready.as_secs_f64()
        ),
        ..Row::default()
    })
}
