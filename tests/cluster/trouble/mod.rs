//! Faults in the middle of an export: one row a fault, each in a lane of its own.

mod play;

use std::sync::Arc;

use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::faults::{Action, Fault};
use tokio::task::{JoinError, JoinSet};

use crate::lane::Lane;
use crate::process::Controller;
use crate::world::World;

/// Requests of an undisturbed run: three pages, the new profiles, and the list in three steps.
pub const PLAIN: u64 = 7;
/// Attempts of one call, the first included, whatever it meets.
pub const TRIES: u64 = 8;
/// Attempts more where refusals show that an account permits fewer calls at once: each time less is
/// tried, the call begins anew.
pub const NARROWED: u64 = 4;
/// Those of them that may count as a query of Mixpanel's hourly budget.
pub const QUERIES: u64 = 3;

/// How the run that meets a fault ends.
#[derive(Clone, Copy)]
pub enum End {
    /// By itself, as if nothing had been.
    Heals,
    /// With this reason, and the segment as it was.
    Fails(&'static str),
    /// With this reason, though CleverTap has the new list: only the answer was lost.
    Lost(&'static str),
    /// Well, but one new profile was rejected with this code.
    Rejects(u16),
    /// Well, but CleverTap couldn't take one new profile; the next run sends it again.
    Pends,
    /// The connector says this, the export that the connector isn't ready; the segment as it was.
    Refused(&'static str),
}

/// What a test does to a lane.
type Act = Box<dyn Fn(&Lane) + Send + Sync>;

/// A fault, and what is asked of the run that meets it.
pub struct Row {
    pub name: String,
    faults: Vec<Fault>,
    /// What changes at the vendors beside the faults, and what makes it good again.
    spoil: Act,
    mend: Act,
    end: End,
    /// Requests to both vendors until that end, at most.
    most: u64,
}

/// A row whose name is an object's as well.
pub fn row(name: impl Into<String>, end: End, most: u64) -> Row {
    Row {
        name: name.into(),
        faults: vec![],
        spoil: Box::new(|_| {}),
        mend: Box::new(|_| {}),
        end,
        most,
    }
}

impl Row {
    /// The first such call goes wrong.
    pub fn once(self, call: Call, action: Action) -> Self {
        self.with(Fault::new(action).call(call).times(1))
    }

    /// Every such call goes wrong.
    pub fn always(self, call: Call, action: Action) -> Self {
        self.with(Fault::new(action).call(call))
    }

    /// Every call of the vendor goes wrong.
    pub fn all(self, vendor: Vendor, action: Action) -> Self {
        let mut fault = Fault::new(action);
        fault.on.vendor = Some(vendor);
        self.with(fault)
    }

    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    pub fn world(
        mut self,
        spoil: impl Fn(&Lane) + Send + Sync + 'static,
        mend: impl Fn(&Lane) + Send + Sync + 'static,
    ) -> Self {
        (self.spoil, self.mend) = (Box::new(spoil), Box::new(mend));
        self
    }
}

/// Plays one test in a lane of its own.
pub async fn in_a_lane(prefix: &str, act: impl AsyncFnOnce(Lane, &Controller)) {
    let Some(world) = World::new(prefix).await else {
        return;
    };
    let world = Arc::new(world);
    let controller = world.controller();
    act(Lane::new(&world, 1, "lane").await, &controller).await;
}

/// Plays all rows at once in one world, each in the middle of an export; names those that fail.
pub async fn play(prefix: &str, rows: Vec<Row>) {
    in_lanes(prefix, rows, false).await;
}

/// The same in the very first run, of a one-time export.
pub async fn play_first(prefix: &str, rows: Vec<Row>) {
    in_lanes(prefix, rows, true).await;
}

async fn in_lanes(prefix: &str, rows: Vec<Row>, first: bool) {
    let Some(world) = World::new(prefix).await else {
        return;
    };
    let world = Arc::new(world);
    let _controller = world.controller_with(&["--concurrency=100"]);
    let mut lanes = JoinSet::new();
    for (number, row) in (1..).zip(rows) {
        let (name, world) = (row.name.clone(), world.clone());
        let played = tokio::spawn(async move {
            let lane = Lane::new(&world, number, &row.name).await;
            if first {
                play::at_first(&lane, &row).await
            } else {
                play::in_the_middle(&lane, &row).await
            }
        });
        lanes.spawn(async move { (name, played.await) });
    }
    let mut failed = vec![];
    while let Some(lane) = lanes.join_next().await {
        let (name, played) = lane.expect("a lane is waited for");
        failed.extend(played.err().map(|error| format!("{name}: {}", why(error))));
    }
    assert!(
        failed.is_empty(),
        "{} rows failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// The beginning of what a panic said.
fn why(error: JoinError) -> String {
    let said = error.into_panic();
    let text = said
        .downcast_ref::<String>()
        .map(String::as_str)
        .or(said.downcast_ref::<&str>().copied());
    text.unwrap_or_default()
        .lines()
        .take(12)
        .collect::<Vec<_>>()
        .join("\n    ")
}
