//! What an export costs: the program against the vendors' stand-ins and a real API server.
//!
//! ```text
//! cargo bench                        cohorts of up to a million
//! cargo bench -- --all               everything, ten million and 5,000 exports included
//! cargo bench -- first-100k idle     these, without writing docs/benchmarks.md
//! ```
//!
//! The controller has core 0 for itself; the stand-ins and the API server share core 1. Nothing
//! passes or fails by time.

mod alone;
// A part of what the page's tests do with it.
#[allow(dead_code, unused_imports)]
#[path = "../../tests/page/browser/mod.rs"]
mod browser;
mod load;
mod many;
mod page;
#[path = "../../tests/common/plane.rs"]
mod plane;
mod plot;
mod process;
mod quiet;
mod receive;
mod report;
mod scenarios;
mod single;
mod standins;
#[allow(dead_code)]
#[path = "../../tests/common/viewer.rs"]
mod viewer;
mod watched;
mod world;

use std::{os::unix::process::CommandExt as _, path::Path, process::Command, process::ExitCode};

use process::{OTHERS, can_pin};
use report::Row;
use scenarios::{SCENARIOS, Scenario};

type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What the exports ask Mixpanel for.
const PROPERTIES: &str = r#"["$CleverTap_user_id","$email","$phone","$first_name","$last_name"]"#;
const PINNED: &str = "MIXTAP_BENCH_PINNED";

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    // `cargo bench` adds one of its own.
    let args: Vec<_> = args.into_iter().filter(|arg| arg != "--bench").collect();
    let done = match alone::child(&args) {
        Some(done) => done,
        None => parent(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parent(args: &[String]) -> Fallible<()> {
    let chosen = choose(args)?;
    if can_pin() && std::env::var_os(PINNED).is_none() {
        // The API server inherits the core from here.
        let mut again = Command::new("taskset");
        again
            .args(["-c", &OTHERS.to_string()])
            .arg(std::env::current_exe()?);
        let error = again.args(args).env(PINNED, "1").exec();
        return Err(error.into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let rows = runtime.block_on(all(&chosen))?;
    let table = report::page(&rows, can_pin());
    println!("\n{table}");
    if args.iter().all(|arg| arg.starts_with("--")) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        report::keep(root, &table)?;
        plot::draw(&root.join(report::PLOT), &rows)?;
    }
    Ok(())
}

/// Those named, or all that `--all` or `--quick` mean.
fn choose(args: &[String]) -> Fallible<Vec<&'static Scenario>> {
    let is_all = args.iter().any(|arg| arg == "--all");
    let names: Vec<_> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let flag = args
        .iter()
        .find(|arg| arg.starts_with("--") && !["--all", "--quick"].contains(&arg.as_str()));
    let known = |name: &&&String| !SCENARIOS.iter().any(|scenario| scenario.name == **name);
    if let Some(unknown) = flag.or(names.iter().find(known).copied()) {
        let all: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        return Err(format!(
            "no such scenario: {unknown}; there are --quick, --all, {}",
            all.join(", ")
        )
        .into());
    }
    let chosen = SCENARIOS.iter().filter(|scenario| match names.is_empty() {
        true => is_all || scenario.quick,
        false => names.iter().any(|name| *name == scenario.name),
    });
    Ok(chosen.collect())
}

async fn all(chosen: &[&'static Scenario]) -> Fallible<Vec<(String, Row)>> {
    let Some(plane) = plane::shared().await else {
        return Err("there is no API server to be had".into());
    };
    let dir = tempfile::tempdir()?;
    let standins = standins::StandIns::start(dir.path()).await?;
    let mut rows = vec![];
    for (at, scenario) in chosen.iter().enumerate() {
        eprintln!("{} of {}: {}", at + 1, chosen.len(), scenario.name);
        // Far from each other, for some make many projects.
        let number = 1_000_000 + 1000 * at as u64;
        let measured = scenario.run(plane, &standins, dir.path(), number).await;
        for (name, row) in measured.unwrap_or_else(|why| vec![(String::new(), Row::failed(&why))]) {
            let name = format!("{} {name}", scenario.name).trim().to_owned();
            eprintln!("{}", row.line(&name));
            rows.push((name, row));
        }
    }
    Ok(rows)
}
