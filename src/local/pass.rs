//! What each export is to do now: the rules of `domain`, on what the files say and the state
//! remembers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::lists::Lists;
use super::session::Session;
use super::world::{Connector, Export, Ready, World};
use crate::api::{CurrentRun, conditions};
use crate::domain::outcome::connector::{Check, check_due};
use crate::domain::schedule::{self, Due, Input, Why};
use crate::domain::{Failure, Reason};
use crate::export::{self, OneTime, Shared};
use crate::state::OneTimeRecord;

/// When exports run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All that don't rest: somebody asked for this pass.
    Pass,
    /// Each at its slots.
    Slots,
}

/// What an export is to do.
pub enum Next {
    Suspended,
    Blocked(Failure),
    /// The state holds this one-time export as done.
    AlreadyExported(Box<OneTimeRecord>),
    /// Nothing now; when next, if ever of itself.
    Rests(Option<Timestamp>),
    Run(Box<Task>),
}

/// A run that is due.
pub struct Task {
    pub run: CurrentRun,
    pub ready: Ready,
    /// A first run, or the first of a new shape.
    pub first: bool,
}

/// What this export is to do at `now`.
pub async fn next(
    session: &Session,
    world: &World,
    lists: &Lists,
    export: &Export,
    mode: Mode,
    now: Timestamp,
) -> Next {
    if export.object.spec.suspend == Some(true) {
        return Next::Suspended;
    }
    let ready = match &export.ready {
        Ok(ready) if ready.suspended => return Next::Suspended,
        Ok(ready) => ready,
        Err(failure) => return Next::Blocked(failure.clone()),
    };
    let refused = world.connector(export).and_then(|c| refused(c, now));
    let conflict = || lists.conflict(&export.id.uid());
    if let Some(failure) = refused.or_else(conflict) {
        return Next::Blocked(failure);
    }
    let once = OneTime {
        state: &session.state,
        connector: &ready.connector,
        plan: &ready.plan,
        shape: ready.shape,
    };
    let status = &export.record.status;
    match once.already(Some(status), export.token()).await {
        None => {}
        Some(Ok(record)) => return Next::AlreadyExported(Box::new(record)),
        Some(Err(failure)) => return Next::Blocked(failure),
    }
    // Generations of an object that the state forgot begin anew: its runs mustn't be taken for those of
    // the first one, which are done.
    let uid = format!("{} since {}", export.id.uid(), export.record.created);
    let input = input(session, export, ready, &uid);
    let due = match mode {
        Mode::Pass => schedule::due_in_pass(&input, now),
        Mode::Slots => schedule::due(&input, now),
    };
    match due {
        Due::Now { why, key } => Next::Run(Box::new(Task {
            run: schedule::claim(&input, why, &key, now),
            ready: ready.clone(),
            first: matches!(why, Why::First | Why::NewShape),
        })),
        Due::At(when) => Next::Rests(Some(when)),
        Due::Never => Next::Rests(None),
    }
}

fn input<'a>(session: &Session, export: &'a Export, ready: &'a Ready, uid: &'a str) -> Input<'a> {
    Input {
        uid,
        group: &ready.group,
        generation: export.record.generation,
        plan: &ready.plan,
        shape: ready.shape,
        status: &export.record.status,
        token: export.token(),
        release: export.release(),
        min_interval: schedule::signed(session.min_interval),
        confirm_delay: schedule::signed(session.confirm_delay),
    }
}

/// Whether the credentials are to be checked.
pub fn check(connector: &Connector, now: Timestamp) -> Check {
    let (Ok(plan), Ok(credentials)) = (&connector.plan, &connector.credentials) else {
        return Check::Now;
    };
    check_due(
        &connector.record.status,
        connector.record.generation,
        &credentials.versions,
        false,
        &connector.id.uid(),
        plan.check_interval,
        now,
    )
}

/// Why no export of this connector runs: it has no credentials, or a check that still counts found
/// them refused.
fn refused(connector: &Connector, now: Timestamp) -> Option<Failure> {
    let because = |what: &str| {
        let message = format!("CleverTapConnector {}: {what}", connector.id.name);
        Failure::new(Reason::ConnectorNotReady, message)
    };
    if let Err(failure) = &connector.credentials {
        return Some(because(&failure.message));
    }
    let found = &connector.record.status.conditions;
    let connected = conditions::find(found, conditions::CONNECTED)?;
    let counts = check(connector, now) != Check::Now;
    (connected.status == "False" && counts).then(|| because(&connected.message))
}

/// What the runs of each group ask Mixpanel for together, by group; for those that are alone in it
/// too, so that each group costs one read.
pub fn shared<'a>(
    tasks: impl Iterator<Item = (&'a Export, &'a Task)>,
    since: Timestamp,
) -> BTreeMap<String, Shared> {
    let mut groups: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for (export, task) in tasks.filter(|(_, task)| reads(task)) {
        let ready = &task.ready;
        let place = (&export.id.namespace, &export.object.spec.connector_ref.name);
        let reader = export::reader(&format!("{}/{}", place.0, place.1), &ready.connector);
        let group = groups.entry(ready.group.clone());
        let (_, properties) = group.or_insert_with(|| (reader, BTreeSet::new()));
        properties.extend(ready.plan.properties().cloned());
    }
    let shared = groups.into_iter().map(|(group, (reader, properties))| {
        let properties = properties.into_iter().collect();
        let shared = Shared {
            reader,
            properties,
            since,
        };
        (group, shared)
    });
    shared.collect()
}

/// Whether a run reads its cohort: all but a confirming upload do.
pub fn reads(task: &Task) -> bool {
    task.run.reason != Why::Confirming.as_str()
}

/// In which order runs begin: those of a group together, groups by how long ago any of them was
/// tried, so that a small query budget serves all of them in turn.
pub fn order(tasks: &mut [(Export, Box<Task>)]) {
    let last = |export: &Export| {
        let last = export.record.status.last_attempt_time.as_ref();
        last.map(|time| time.0)
    };
    let mut first: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
    for (export, task) in tasks.iter() {
        let tried = first
            .entry(task.ready.group.clone())
            .or_insert_with(|| last(export));
        *tried = last(export).min(*tried);
    }
    tasks.sort_by_cached_key(|(export, task)| {
        let group = &task.ready.group;
        (first[group], group.clone(), export.id.to_string())
    });
}
