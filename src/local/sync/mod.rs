//! `mixtap sync`: exports from files, without a cluster.
//!
//! ```text
//! pass          what is due, run and told
//!   connectors  the check of credentials
//!   run         claim, export, status: all in the state
//! report        what is said of it, and screen: where
//! ```

mod connectors;
mod pass;
mod report;
mod run;
mod screen;

use std::collections::HashMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use self::pass::Passes;
use self::screen::Screen;
use super::lock::{Lock, Until};
use super::manifests::Objects;
use super::pass::Mode;
use super::session::{self, LocalError, OWNER, Session};
use super::{key, scratch};
use crate::config::SyncArgs;
use crate::domain::{Destination, printable_lines};
use crate::export;
use crate::export::windows::{self, Keeper};
use crate::state::Holder;

/// Between passes that watch, at least and at most: files may have changed.
const PAUSE: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How often what nobody needs is removed while it watches; else once.
const SWEEP: Duration = Duration::from_secs(24 * 3600);

/// One pass, or passes until `shutdown` where that is asked for. Whether everything is as it should
/// be.
///
/// # Errors
/// What keeps it from its work.
pub async fn sync(args: SyncArgs, shutdown: CancellationToken) -> Result<bool, LocalError> {
    // Before anything else is waited for.
    let objects = tokio::select! {
        objects = session::objects(&args.local) => objects?,
        () = shutdown.cancelled() => return Ok(args.watch),
    };
    let state = session::state(&args.local)?;
    key::read(&args.local.state.state_url, false)?;
    state.own(OWNER, args.local.state.adopt_state).await?;
    let taking = Lock::take(&state, args.lock_duration, args.wait, waiting);
    let lock = tokio::select! {
        lock = taking => lock?,
        // Nothing was done, which is what somebody asked for who watches.
        () = shutdown.cancelled() => return Ok(args.watch),
    };
    let done = held(&args, state, lock.until(), objects, &shutdown).await;
    lock.release().await;
    done
}

/// The same while the lock is ours.
async fn held(
    args: &SyncArgs,
    state: crate::state::State,
    until: Until,
    objects: Objects,
    shutdown: &CancellationToken,
) -> Result<bool, LocalError> {
    let key = key::read(&args.local.state.state_url, true)?;
    let scratch = scratch::of_sync(&args.local.state)
        .map_err(|error| LocalError::scratch(&args.local, error))?;
    let session = Session::open(&args.local, state, key, scratch)?;
    export::clean_runs(&session.scratch).await;
    export::clean_shelf(&session.scratch).await;
    let old = windows::load(&session.state, &session.budgets, &Keeper::Owner).await?;
    windows::drop_old(&session.state, &old).await;
    let ours = until.clone();
    let (kept, budgets) = (session.state.clone(), session.budgets.clone());
    let keeping = windows::keep(kept, budgets, Keeper::Owner, move || ours.valid());
    let keeping = tokio::spawn(keeping);
    let passed = passes(args, &session, &until, objects, shutdown).await;
    keeping.abort();
    // What it was writing is written anew.
    let _ = keeping.await;
    if until.valid() {
        windows::keep_now(&session.state, &session.budgets, &Keeper::Owner).await;
    }
    passed
}

async fn passes(
    args: &SyncArgs,
    session: &Session,
    until: &Until,
    mut objects: Objects,
    shutdown: &CancellationToken,
) -> Result<bool, LocalError> {
    let screen = Screen::new(args.output);
    let mut passes = Passes {
        session,
        until,
        shutdown,
        screen: &screen,
        mode: match args.watch {
            true => Mode::Slots,
            false => Mode::Pass,
        },
        waits: HashMap::new(),
    };
    let mut swept: Option<Instant> = None;
    loop {
        let passed = passes.pass(&objects).await?;
        let told = !args.watch || passed.report.tells();
        if told {
            screen.end(&passed.report)?;
        }
        if !until.valid() {
            return Err(LocalError::LockLost);
        }
        if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            sweep(session, &passed.lists).await;
            swept = Some(Instant::now());
        }
        if !args.watch {
            return Ok(passed.report.ok);
        }
        tokio::select! {
            () = shutdown.cancelled() => return Ok(true),
            () = tokio::time::sleep(pause(passed.next)) => {}
        }
        export::clean_shelf(&session.scratch).await;
        // Plans may have asked meanwhile.
        match windows::look(&session.state, &session.budgets, &Keeper::Owner).await {
            Ok(old) => windows::drop_old(&session.state, &old).await,
            Err(error) => tracing::warn!(%error, "what plans have asked isn't known"),
        }
        let read = tokio::select! {
            read = session::read(&args.local) => read,
            () = shutdown.cancelled() => return Ok(true),
        };
        match read {
            Ok(read) => {
                if read.exports.is_empty() && !objects.exports.is_empty() {
                    say("there is no CohortExport any more: waiting for one");
                }
                objects = read;
            }
            Err(error) => say(&format!("{error}\nmixtap: the files as they were go on")),
        }
    }
}

/// What no export has asked for in a month goes. Passes keep no histories.
async fn sweep(session: &Session, lists: &[Destination]) {
    // No pass keeps a history.
    match session.state.sweep(lists, &[], Timestamp::now()).await {
        Ok(0) => {}
        Ok(gone) => tracing::info!(gone, "removed the state of lists that no export refers to"),
        Err(error) => tracing::warn!(%error, "the state can't be swept"),
    }
}

fn pause(next: Option<Timestamp>) -> Duration {
    let Some(next) = next else {
        return LOOK_AGAIN;
    };
    let wait = next.duration_since(Timestamp::now());
    // What was due already takes no time.
    let wait = Duration::try_from(wait).unwrap_or_default();
    wait.clamp(PAUSE, LOOK_AGAIN)
}

fn waiting(holder: &Holder) {
    let Holder { who, since, .. } = holder;
    let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
    say(&format!(
        "another sync works on this state ({who}, since {since}): waiting for its end"
    ));
}

/// On standard error, where nothing is the answer.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "mixtap: {}", printable_lines(text));
}
