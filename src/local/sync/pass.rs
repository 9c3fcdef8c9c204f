//! One pass over all objects of the files.

use std::collections::{BTreeMap, HashMap};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::connectors;
use super::report::{Line, Report};
use super::run::{Ended, Pass};
use super::screen::Screen;
use crate::api::{CohortStatus, SegmentStatus, SyncType, conditions};
use crate::domain::outcome::connector::Check;
use crate::domain::outcome::export::Write;
use crate::domain::{Destination, Reason, schedule};
use crate::export::{OneTime, Progress};
use crate::local::lists::Lists;
use crate::local::lock::Until;
use crate::local::manifests::Objects;
use crate::local::pass::{self, Mode, Next, Task};
use crate::local::session::{LocalError, Session};
use crate::local::world::{Connector, Export, World};
use crate::state::StateError;

/// Passes by one session, one after the other.
pub struct Passes<'a> {
    pub session: &'a Session,
    pub until: &'a Until,
    pub shutdown: &'a CancellationToken,
    pub screen: &'a Screen,
    pub mode: Mode,
    /// Until when runs wait for the query budget, by uid of the export.
    pub waits: HashMap<String, Timestamp>,
}

/// A pass that came to its end.
pub struct Passed {
    pub report: Report,
    /// When something is due next, if anything ever is.
    pub next: Option<Timestamp>,
    /// The lists that exports ask for.
    pub lists: Vec<Destination>,
}

impl Passes<'_> {
    /// Checks connectors, runs what is due, and says how each object stands.
    ///
    /// # Errors
    /// The state can't be used, or standard output.
    pub async fn pass(&mut self, objects: &Objects) -> Result<Passed, LocalError> {
        let (session, now) = (self.session, Timestamp::now());
        let mut world = World::load(objects, session, now).await?;
        let checked = connectors::check(session, &mut world).await?;
        checked.iter().try_for_each(|line| self.tell(line))?;
        let lists = Lists::of(&world);
        let mut nexts = Vec::new();
        for export in &world.exports {
            let next = pass::next(session, &world, &lists, export, self.mode, now).await;
            nexts.push(self.unless_waiting(export, next, now));
        }
        let World {
            mut connectors,
            exports,
        } = world;
        let checks = connectors.values().filter_map(|c| check_time(c, now));
        let mut wakes: Vec<Timestamp> = checks.collect();
        let (mut lines, mut tasks) = (Vec::new(), Vec::new());
        for (mut export, next) in exports.into_iter().zip(nexts) {
            if let Next::Run(task) = next {
                tasks.push((export, task));
                continue;
            }
            rest(session, &mut export, &next).await?;
            if let Next::Rests(when) = next {
                wakes.extend(when);
            }
            let line = Line::of_export(&export);
            self.tell(&line)?;
            lines.push(line);
        }
        pass::order(&mut tasks);
        for (export, ended) in self.run(&lists, &connectors, tasks, now).await? {
            wakes.extend(ended.waits.or_else(|| wake(session, &export)));
            let uid = export.id.uid();
            match ended.waits {
                Some(until) => drop(self.waits.insert(uid, until)),
                None => drop(self.waits.remove(&uid)),
            }
            let name = &export.object.spec.connector_ref.name;
            let key = (export.id.namespace.clone(), name.clone());
            if let Some(connector) = connectors.get_mut(&key).filter(|_| ended.refused) {
                connectors::ask_again(session, connector).await?;
                wakes.push(now);
            }
            lines.push(ended.line);
        }
        lines.sort_by(|a, b| a.id().cmp(&b.id()));
        Ok(Passed {
            report: Report::new(checked, lines),
            next: wakes.into_iter().min(),
            lists: lists.wanted(),
        })
    }

    /// All runs, as many at once as `--concurrency` permits; each is told as it ends.
    async fn run(
        &self,
        lists: &Lists,
        connectors: &BTreeMap<(String, String), Connector>,
        tasks: Vec<(Export, Box<Task>)>,
        now: Timestamp,
    ) -> Result<Vec<(Export, Ended)>, LocalError> {
        let session = self.session;
        let shared = pass::shared(tasks.iter().map(|(export, task)| (export, &**task)), now);
        let pass = Pass {
            session,
            lists,
            until: self.until,
            shutdown: self.shutdown,
        };
        let (pass, shared) = (&pass, &shared);
        let runs = tasks.into_iter().map(|(mut export, task)| async move {
            let name = export.object.spec.connector_ref.name.clone();
            let key = (export.id.namespace.clone(), name);
            // An export without its connector is none of the tasks.
            let connector = &connectors[&key];
            let progress = Progress::default();
            let last = export.record.status.last_run.as_ref();
            let members = last.and_then(|run| u64::try_from(run.members).ok());
            let bar = self.screen.bar(&export.id.name, members, &progress);
            let shared = shared.get(&task.ready.group).cloned();
            let ended = pass
                .run(&mut export, connector, &task, shared, &progress)
                .await;
            drop(bar);
            Ok((export, ended?))
        });
        let mut runs = stream::iter(runs).buffer_unordered(session.concurrency);
        let mut all = Vec::new();
        while let Some(ended) = runs.next().await {
            let (export, ended): (Export, Ended) = ended.map_err(|e: StateError| e)?;
            self.tell(&ended.line)?;
            all.push((export, ended));
        }
        Ok(all)
    }

    fn tell(&self, line: &Line) -> Result<(), LocalError> {
        // At its slots an export is told of when something happened to it, or is wrong.
        let told = self.mode == Mode::Pass || line.ran || !line.ok;
        Ok(if told { self.screen.line(line) } else { Ok(()) }?)
    }

    fn unless_waiting(&self, export: &Export, next: Next, now: Timestamp) -> Next {
        let until = self
            .waits
            .get(&export.id.uid())
            .filter(|until| **until > now);
        match (next, until) {
            (Next::Run(_), Some(until)) => Next::Rests(Some(*until)),
            (next, _) => next,
        }
    }
}

/// When this connector's check is due, if it is checked at all.
fn check_time(connector: &Connector, now: Timestamp) -> Option<Timestamp> {
    match pass::check(connector, now) {
        Check::At(when) => Some(when),
        Check::Now => None,
    }
}

/// When an export that ran is due again.
fn wake(session: &Session, export: &Export) -> Option<Timestamp> {
    let status = &export.record.status;
    let delay = schedule::signed(session.confirm_delay);
    let confirmation = || {
        let once = export.object.spec.sync_type == SyncType::OneTime;
        once.then(|| schedule::confirmation(status, delay))?
    };
    let next = status.next_sync_time.as_ref().map(|time| time.0);
    next.or_else(confirmation)
}

/// What stands in the state of an export that has nothing to do.
async fn rest(session: &Session, export: &mut Export, next: &Next) -> Result<(), StateError> {
    let old = export.record.status.clone();
    let write = Write {
        old: &old,
        generation: export.record.generation,
        now: Timestamp::now(),
    };
    let sync_type = export.object.spec.sync_type;
    let status = match next {
        Next::Run(_) => return Ok(()),
        Next::Suspended => write.suspended(),
        Next::Blocked(failure) => write.blocked(failure),
        Next::AlreadyExported(record) => {
            let record = (**record).clone();
            let cohort = CohortStatus {
                id: record.cohort_id,
                name: record.cohort_name,
            };
            let segment = SegmentStatus {
                name: record.segment_name,
                id: record.segment_id,
            };
            write.already_exported(cohort, segment, record.run_id, record.handled_token)
        }
        Next::Rests(when) => match (&old.current_run, when) {
            (Some(run), Some(when)) => write.interrupted(run.attempt, *when),
            // What is left of a completed one-time export is its confirming upload, and no run.
            _ if sync_type == SyncType::OneTime && old.last_failure.is_none() => {
                frozen(session, export).await;
                write.settled(sync_type, None)
            }
            (_, when) => write.settled(sync_type, *when),
        },
    };
    export.keep(&session.state, status).await
}

/// A dynamic export that became a one-time one is done by what is there.
async fn frozen(session: &Session, export: &Export) {
    let status = &export.record.status;
    let said = conditions::find(&status.conditions, conditions::SYNCED);
    let dynamic = said.is_some_and(|synced| synced.reason == Reason::Synced.as_str());
    if let Some(ready) = export.ready.as_ref().ok().filter(|_| dynamic) {
        let once = OneTime {
            state: &session.state,
            connector: &ready.connector,
            plan: &ready.plan,
            shape: ready.shape,
        };
        once.record_frozen(status).await;
    }
}
