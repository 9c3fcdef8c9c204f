//! Looks at each export as a sync would, and previews those that it would run.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;

use super::planned::{Outcome, Planned};
use super::report::{Calls, Report};
use crate::api::conditions::{self, READY};
use crate::domain::outcome::connector::Check;
use crate::domain::{Destination, Failure, Reason};
use crate::export::{self, Gate, Request, RunError, Sends, Shared, Tools, seat};
use crate::local::applied::Sizes;
use crate::local::lists::Lists;
use crate::local::pass::{self, Mode, Next, Task};
use crate::local::session::{LocalError, Session};
use crate::local::world::{Connector, Export, World};

/// What a sync would do with them all; `sizes` where that is all that is known of last lists.
///
/// # Errors
/// The state can't be read.
pub async fn look(
    session: &Session,
    world: World,
    sizes: Option<&Sizes>,
) -> Result<Report, LocalError> {
    let now = Timestamp::now();
    for connector in world.connectors.values() {
        if let Ok(plan) = &connector.plan {
            session.budgets.join(&seat(plan, &connector.id.uid()));
        }
    }
    let lists = Lists::of(&world);
    let mut nexts = Vec::new();
    for export in &world.exports {
        nexts.push(pass::next(session, &world, &lists, export, Mode::Pass, now).await);
    }
    let checked: Vec<_> = world
        .connectors
        .values()
        .map(|c| is_checked(c, now))
        .collect();
    let World {
        connectors,
        exports,
    } = world;
    let (mut planned, mut tasks) = (Vec::new(), Vec::new());
    for (export, next) in exports.into_iter().zip(nexts) {
        match next {
            Next::Run(task) => tasks.push((export, task)),
            next => planned.push(without_run(&export, next)),
        }
    }
    pass::order(&mut tasks);
    let shared = pass::shared(tasks.iter().map(|(export, task)| (export, &**task)), now);
    let (lists, shared) = (&lists, &shared);
    let connector = |export: &Export| {
        let name = export.object.spec.connector_ref.name.clone();
        // An export without its connector is none of the tasks.
        &connectors[&(export.id.namespace.clone(), name)]
    };
    let previews = tasks.iter().map(|(export, task)| {
        let (connector, shared) = (connector(export), shared.get(&task.ready.group));
        async move {
            let planned = preview(session, lists, connector, export, task, shared).await;
            (planned, shared)
        }
    });
    let previews: Vec<_> = previews.collect();
    let mut previews = stream::iter(previews).buffered(session.concurrency);
    let mut read = BTreeSet::new();
    while let Some((mut export, shared)) = previews.next().await {
        // What exports share is one query, the first one's.
        if let (Some(shared), Some(cohort)) = (shared, &export.cohort)
            && !read.insert((shared.reader.clone(), cohort.id, shared.properties.clone()))
        {
            export.calls.reads = 0;
        }
        planned.push(export);
    }
    for planned in planned.iter_mut().filter(|_| sizes.is_some()) {
        let export = (planned.namespace.clone(), planned.name.clone());
        planned.by_size(sizes.and_then(|sizes| sizes.get(&export)).copied());
    }
    planned.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    let checks = checked.iter().filter(|checked| **checked).count() as u64;
    // A check brings the list that the exports of its project need.
    let mut listed = BTreeSet::new();
    for (connector, checked) in connectors.values().zip(checked) {
        if let Ok(plan) = &connector.plan
            && !checked
            && session.lists.asked(plan)
        {
            let place = (plan.mixpanel_base.to_string(), plan.mixpanel_project);
            listed.insert((place, plan.mixpanel_workspace));
        }
    }
    Ok(Report::new(planned, checks + listed.len() as u64, checks))
}

/// Whether a sync would check its credentials first.
fn is_checked(connector: &Connector, now: Timestamp) -> bool {
    let usable = connector.credentials.is_ok();
    let plan = connector.plan.as_ref().ok();
    let usable = usable && plan.is_some_and(|plan| !plan.suspended);
    usable && pass::check(connector, now) == Check::Now
}

fn without_run(export: &Export, next: Next) -> Planned {
    let said = conditions::find(&export.record.status.conditions, READY);
    match next {
        Next::Suspended => Planned::new(export, Outcome::Suspended, Reason::Suspended.as_str(), ""),
        Next::Blocked(failure) => Planned::failed(export, &failure),
        Next::AlreadyExported(_) => {
            let reason = Reason::AlreadyExported.as_str();
            Planned::new(
                export,
                Outcome::Rests,
                reason,
                "The state holds it as done.",
            )
        }
        Next::Rests(when) => {
            let reason = said.map_or("", |said| &said.reason);
            let message = when.map_or_else(String::new, |when| {
                let when = when.strftime("%H:%M UTC");
                format!("Its list is sent once more, for its profiles were new: after {when}.")
            });
            Planned::new(export, Outcome::Rests, reason, &message)
        }
        Next::Run(_) => unreachable!("it is previewed"),
    }
}

async fn preview(
    session: &Session,
    lists: &Lists,
    connector: &Connector,
    export: &Export,
    task: &Task,
    shared: Option<&Shared>,
) -> Planned {
    let why = task.run.reason.as_str();
    if !pass::reads(task) {
        let message =
            "The list of this one-time export is sent once more, for its profiles were new.";
        let sends = Sends {
            profiles: 0,
            profile_calls: 0,
            list_calls: export::LIST_CALLS,
        };
        return Planned {
            calls: Calls::of(Some(sends)),
            ..Planned::new(export, Outcome::Unchanged, why, message)
        };
    }
    let (plan, uid) = (&task.ready.connector, connector.id.uid());
    let credentials = match &connector.credentials {
        Ok(credentials) => credentials,
        // A pass runs no export of such a connector.
        Err(failure) => return Planned::failed(export, failure),
    };
    let budget = session.budgets.of(&seat(plan, &uid));
    let tools = Tools {
        mixpanel: &session.clients.mixpanel(plan, credentials, budget),
        clevertap: &session.clients.clevertap(plan, &uid, credentials),
        state: &session.state,
        lists: &session.lists,
        reads: &session.reads,
        key: &session.key,
        scratch: &session.scratch,
        progress: &Default::default(),
    };
    let uid = export.id.uid();
    let resolved = |list: &Destination| lists.resolve(&uid, list).map(drop);
    let gate = Gate {
        resolved: &resolved,
        write: &|_| Ok(()),
        read: &|| {},
    };
    let status = &export.record.status;
    let request = Request {
        shared: shared.cloned(),
        ..Request::of(
            &task.run.id,
            plan,
            &task.ready.plan,
            status,
            export.release(),
        )
    };
    let previewing = export::preview(&tools, &request, &gate);
    match tokio::time::timeout(session.run_deadline, previewing).await {
        Ok(Ok(preview)) => Planned::previewed(export, why, preview),
        Ok(Err(error)) => Planned::failed(export, &failure(error, &connector.id.name)),
        Err(_) => {
            let message = "The read took longer than --run-deadline.";
            Planned::failed(export, &Failure::new(Reason::SourceUnavailable, message))
        }
    }
}

/// As a run's status would tell it.
fn failure(error: RunError, connector: &str) -> Failure {
    match error {
        RunError::Failed(failure) => failure,
        RunError::Queued { retry_after } => {
            let message = "The query budget of the Mixpanel project is used up for now.";
            Failure::new(Reason::Queued, message).after(Some(retry_after))
        }
        RunError::CredentialsRefused { failure, .. } => {
            let message = format!("CleverTapConnector {connector}: {}", failure.message);
            Failure::new(Reason::ConnectorNotReady, message)
        }
        // A preview has no stop of its own, and tells a hold.
        error @ (RunError::Held { .. } | RunError::Stopped(_)) => {
            Failure::new(Reason::RunInterrupted, error.to_string())
        }
    }
}
