//! `mixtap plan`: what a sync of these files would do.
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
mod table;

use std::io::{self, Write as _};

use jiff::Timestamp;

use self::report::Report;
use super::session::{self, LocalError, OWNER, Session};
use super::world::World;
use super::{key, scratch};
use crate::config::{PlanArgs, PlanOutput};
use crate::export::windows::{self, Keeper};

/// What a plan found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A sync would change no segment.
    Nothing,
    Changes,
    /// An export can't be planned, or a sync would fail.
    Trouble,
}

/// Prints what a sync would do. Nothing is written but bookings of queries, if at all.
///
/// # Errors
/// What keeps it from its work.
pub async fn plan(args: PlanArgs) -> Result<Found, LocalError> {
    let objects = session::objects(&args.local)?;
    let state = session::state(&args.local)?;
    let key = key::read(&args.local.state.state_url, false)?;
    state.may_read(OWNER).await?;
    let (scratch, _folder) = scratch::of_plan(&args.local.state)
        .map_err(|error| LocalError::scratch(&args.local, error))?;
    let session = Session::open(&args.local, state, key, scratch)?;
    let keeper = Keeper::guest();
    let old = windows::load(&session.state, &session.budgets, &keeper).await?;
    let booking = if args.no_booking {
        None
    } else {
        windows::drop_old(&session.state, &old).await;
        let (state, budgets) = (session.state.clone(), session.budgets.clone());
        let keeping = windows::keep(state, budgets, keeper.clone(), || true);
        Some(tokio::spawn(keeping))
    };
    let looked = async {
        let world = World::load(&objects, &session, Timestamp::now()).await?;
        look::look(&session, world).await
    };
    let report = looked.await;
    if let Some(booking) = booking {
        booking.abort();
        // What it was writing is written anew.
        let _ = booking.await;
        windows::keep_now(&session.state, &session.budgets, &keeper).await;
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
