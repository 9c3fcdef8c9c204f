//! The two ends by themselves: what the stand-ins serve, and what one core can receive.

use std::{io::Read as _, path::Path, process::Stdio, time::Instant};

use mixtap::sandbox::mixpanel::Generator;
use url::Url;

use crate::{
    Fallible, load,
    process::{CONTROLLER, Meter, Pinned},
    receive,
    report::Row,
    standins::StandIns,
};

const COHORT: u64 = 1;
const CHILD: &str = "--child";

/// Does what a child of this program is for; `None` if this isn't one.
pub fn child(args: &[String]) -> Option<Fallible<()>> {
    let rest: Vec<_> = args.iter().map(String::as_str).collect();
    let [CHILD, what, base, scope, number] = rest[..] else {
        return None;
    };
    let work = || {
        let (base, number): (Url, u64) = (base.parse()?, number.parse()?);
        let rate = match what {
            "pages" => load::pages(&base, scope.parse()?, COHORT, number)?,
            "uploads" => load::uploads(&base, scope, number)?,
            _ => {
                let runtime = tokio::runtime::Runtime::new()?;
                let started = Instant::now();
                let read = receive::receive(base, scope.parse()?, COHORT as i64);
                let members = runtime.block_on(read)?;
                if members as u64 != number {
                    return Err(format!("{members} of {number} members were received").into());
                }
                number as f64 / started.elapsed().as_secs_f64()
            }
        };
        println!("{rate}");
        Ok(())
    };
    Some(work())
}

/// What one of the stand-ins serves to a client that does nothing else.
pub async fn serve(
    standins: &StandIns,
    number: u64,
    what: &str,
    members: u64,
    dir: &Path,
) -> Fallible<Row> {
    let pair = standins.furnish(number, |_| {}, |_| {}).await?;
    let (base, scope) = match what {
        "uploads" => (&standins.urls.clevertap, pair.account()),
        _ => (&standins.urls.mixpanel, number.to_string()),
    };
    standins
        .cohort(&pair, COHORT, Generator::members(members))
        .await?;
    let meter = Meter::start(&standins.program)?;
    let (rate, _) = ask(what, base, &scope, members, dir).await?;
    let cost = meter.stop(&standins.program)?;
    Ok(Row {
        members: Some(members),
        seconds: Some(members as f64 / rate),
        cpu: Some(cost.cpu),
        peak: Some(cost.peak),
        note: "CPU and memory are the stand-ins'".to_owned(),
        ..Row::default()
    })
}

/// What our client receives and parses, on the controller's core.
pub async fn receives(standins: &StandIns, number: u64, members: u64, dir: &Path) -> Fallible<Row> {
    let pair = standins.furnish(number, |_| {}, |_| {}).await?;
    standins
        .cohort(&pair, COHORT, Generator::members(members))
        .await?;
    let base = &standins.urls.mixpanel;
    let (rate, peak) = ask("receive", base, &number.to_string(), members, dir).await?;
    Ok(Row {
        members: Some(members),
        seconds: Some(members as f64 / rate),
        peak: Some(peak),
        ..Row::default()
    })
}

/// The rate that a child of this program measured, and the most memory that it was seen with.
async fn ask(what: &str, base: &Url, scope: &str, number: u64, dir: &Path) -> Fallible<(f64, u64)> {
    let this = std::env::current_exe()?;
    let this = this.to_str().ok_or("a path that isn't text")?;
    let program = [this, CHILD, what, base.as_str(), scope, &number.to_string()];
    let log = dir.join("children.log");
    let mut child = Pinned::start(CONTROLLER, &program, &[], Stdio::piped(), &log)?;
    let mut output = child.stdout().ok_or("no pipe")?;
    let said = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let mut peak = 0;
    while !said.is_finished() {
        // It may end at any moment.
        peak = peak.max(child.memory("VmHWM").unwrap_or(0));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let said = said.await??;
    let failed = || std::fs::read_to_string(&log).unwrap_or_default();
    let rate = said
        .trim()
        .parse()
        .map_err(|_| format!("{what} failed: {}", failed().trim()))?;
    Ok((rate, peak))
}
