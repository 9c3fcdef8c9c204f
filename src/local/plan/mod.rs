//! `mixtap plan`: what a sync of these files would do, or of what is applied in a cluster.
//!
//! ```text
//! look     each export as a sync would find it, previewed where it would run
//! report   the answer, whatever its form: each export planned, and the total
//!   table, markdown   for people; JSON and YAML are the report itself
//! ```

mod look;
mod markdown;
mod planned;
mod report;
mod sizes;
mod table;

use std::io::{self, Write as _};

use jiff::Timestamp;

use self::report::Report;
use super::applied::{Applied, LastLists};
use super::manifests::Objects;
use super::session::{self, LocalError, OWNER, Session};
use super::world::World;
use super::{key, scratch};
use crate::config::{PlanArgs, PlanOutput};
use crate::export::windows;

/// What a plan found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A sync would change no segment.
    Nothing,
    Changes,
    /// An export can't be planned, or a sync would fail.
    Trouble,
}

/// What is planned.
enum Subject {
    Files(Objects),
    Cluster(Applied),
}

/// Prints what a sync would do: of the files, unless something is `applied`. Nothing is written but
/// bookings of queries, if at all.
///
/// # Errors
/// What keeps it from its work.
pub async fn plan(
    args: PlanArgs,
    applied: Option<(Applied, LastLists)>,
) -> Result<Found, LocalError> {
    let open = || session::state(&args.local);
    let (state, subject, key, sizes) = match applied {
        None => {
            // Before anything is made.
            let objects = session::objects(&args.local)?;
            let state = open()?;
            let key = key::read(&args.local.state.state_url, false)?;
            state.may_read(OWNER).await?;
            (state, Subject::Files(objects), key, None)
        }
        Some((applied, lists)) => {
            let state = open()?;
            if state.is_owned_by(OWNER).await? {
                return Err(LocalError::NoControllers);
            }
            let (key, sizes) = match lists {
                LastLists::Kept(key) => (key, None),
                LastLists::Sizes(sizes) => (key::random()?, Some(sizes)),
            };
            (state, Subject::Cluster(applied), key, sizes)
        }
    };
    let dir = &args.local.state.scratch_dir;
    let failed = |error| LocalError::Scratch(dir.display().to_string(), error);
    let (scratch, _folder) = scratch::of_plan(&args.local.state).map_err(failed)?;
    let session = Session::open(&args.local, state, key, scratch)?;
    windows::load(&session.state, &session.budgets).await?;
    let (kept, budgets) = (session.state.clone(), session.budgets.clone());
    let booking = (!args.no_booking).then(|| tokio::spawn(windows::keep(kept, budgets, || true)));
    let looked = async {
        let world = match subject {
            Subject::Files(objects) => World::load(&objects, &session, Timestamp::now()).await?,
            Subject::Cluster(applied) => World::applied(applied, &session),
        };
        look::look(&session, world, sizes.as_ref()).await
    };
    let report = looked.await;
    if let Some(booking) = booking {
        booking.abort();
        // What it was writing is written anew.
        let _ = booking.await;
        windows::keep_now(&session.state, &session.budgets).await;
    }
    let report = report?;
    print(&report, args.output)?;
    Ok(report.found())
}

fn print(report: &Report, output: PlanOutput) -> io::Result<()> {
    let text = match output {
        PlanOutput::Table => table::table(report),
        PlanOutput::Markdown => markdown::markdown(report),
        PlanOutput::Json => serde_json::to_string_pretty(report).map_err(io::Error::other)? + "\n",
        PlanOutput::Yaml => serde_yaml::to_string(report).map_err(io::Error::other)?,
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
