//! The two ends by themselves: what the stand-ins serve, and what one core can receive.

use std::{io::Read as _, path::Path, process::Stdio, time::SystemTime};

use mixtap::sandbox::{calls::Call, mixpanel::Generator};
use url::Url;

use crate::{
    Fallible, load,
    process::{CONTROLLER, Meter, Pinned, memory},
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
                let read = receive::receive(base, scope.parse()?, COHORT as i64);
                let members = runtime.block_on(read)?;
                if members as u64 != number {
                    return Err(format!("{members} of {number} members were received").into());
                }
                // Judged from outside: it begins with the first request.
                0.0
            }
        };
        let ended = SystemTime::UNIX_EPOCH.elapsed()?.as_millis();
        println!("{rate} {ended} {}", memory(std::process::id(), "VmHWM")?);
        Ok(())
    };
    Some(work())
}

/// What a child says of itself.
struct Said {
    rate: f64,
    /// When it was done, in milliseconds since the epoch.
    ended: u64,
    /// The most memory that it had, in KiB.
    peak: u64,
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
    let Said { rate, .. } = ask(what, base, &scope, members, dir).await?;
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
    let said = ask("receive", base, &number.to_string(), members, dir).await?;
    let [mixpanel, _] = standins.summaries(&pair).await?;
    let first = mixpanel.spans.get(&Call::Engage).ok_or("no request")?;
    let took = said.ended.saturating_sub(first.first_arrived);
    Ok(Row {
        members: Some(members),
        seconds: Some(took as f64 / 1000.0),
        peak: Some(said.peak),
        ..Row::default()
    })
}

/// Runs a child of this program on the controller's core.
async fn ask(what: &str, base: &Url, scope: &str, number: u64, dir: &Path) -> Fallible<Said> {
    let this = std::env::current_exe()?;
    let this = this.to_str().ok_or("a path that isn't text")?;
    let program = [this, CHILD, what, base.as_str(), scope, &number.to_string()];
    let log = dir.join("children.log");
    let mut child = Pinned::start(CONTROLLER, &program, &[], Stdio::piped(), &log)?;
    let mut output = child.stdout().ok_or("no pipe")?;
    let text = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let text = text.await??;
    let said = || {
        let mut words = text.split_whitespace();
        Some(Said {
            rate: words.next()?.parse().ok()?,
            ended: words.next()?.parse().ok()?,
            peak: words.next()?.parse().ok()?,
        })
    };
    let failed = || std::fs::read_to_string(&log).unwrap_or_default();
    Ok(said().ok_or_else(|| format!("{what} failed: {}", failed().trim()))?)
}
