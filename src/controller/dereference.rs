//! From an export to everything that its specs say, as the watch last saw them: dereferenced,
//! validated, with defaults applied.

use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;

use super::context::{Context, Export};
use crate::api::{CleverTapConnector, CohortExport, REQUESTED_AT, conditions};
use crate::domain::{ConnectorPlan, ExportPlan, Failure, Reason, Shape, schedule, validate};
use crate::export::{OneTime, seat};
use crate::mixpanel::Budget;

/// An export that its specs permit to run.
pub struct Ready {
    pub connector: CleverTapConnector,
    pub connector_plan: ConnectorPlan,
    pub plan: ExportPlan,
    pub shape: Shape,
    /// Exports of the same group are due together.
    pub group: String,
}

impl Ready {
    /// The query budget of a new run: its project's, or its connector's own before that was found
    /// Connected.
    pub fn budget(&self, ctx: &Context) -> Budget {
        let uid = self.connector.uid().unwrap_or_default();
        ctx.budgets.of(&seat(&self.connector_plan, &uid))
    }

    /// Its record in the state, should it be a one-time export.
    pub fn one_time<'a>(&'a self, ctx: &'a Context) -> OneTime<'a> {
        OneTime {
            state: &ctx.state,
            connector: &self.connector_plan,
            plan: &self.plan,
            shape: self.shape,
        }
    }

    /// Whether its queries count as those of `other` do: one connector, one project, one rule.
    pub fn asks_as(&self, other: &Self) -> bool {
        let place = |plan: &ConnectorPlan| {
            let host = plan.mixpanel_base.authority().to_owned();
            (host, plan.mixpanel_project, plan.count_every_page)
        };
        self.connector.uid() == other.connector.uid()
            && place(&self.connector_plan) == place(&other.connector_plan)
    }
}

/// What keeps an export from running.
pub enum Blocked {
    /// By its own spec, or its connector's.
    Suspended,
    /// The connector was just changed and is being checked; its answer wakes the export.
    Checking,
    Failure(Failure),
}

/// What both specs say, whatever the connector's check found.
pub fn specs(export: &CohortExport, ctx: &Context) -> Result<Ready, Blocked> {
    if export.spec.suspend == Some(true) {
        return Err(Blocked::Suspended);
    }
    let name = &export.spec.connector_ref.name;
    let found = ctx.connector(&export.namespace().unwrap_or_default(), name);
    let connector = match found.as_deref().map(|c| &c.0) {
        Some(Ok(connector)) => connector.clone(),
        Some(Err(_)) => return Err(not_ready(name, "can't be read")),
        None => return Err(not_ready(name, absent(ctx))),
    };
    let connector_plan = validate::connector(&connector.spec, &ctx.rules)
        .map_err(|_| not_ready(name, "has an invalid spec"))?;
    let plan = validate::export(&export.spec, connector_plan.exclude_device_ids, &ctx.rules)
        .map_err(|problems| {
            let message = validate::sentence(&problems);
            Blocked::Failure(Failure::new(Reason::InvalidSpec, message))
        })?;
    if connector_plan.suspended {
        return Err(Blocked::Suspended);
    }
    let shape = Shape::of(&connector_plan, &plan);
    let namespace = export.namespace().unwrap_or_default();
    let group = schedule::group(&namespace, name, &plan.cohort);
    Ok(Ready {
        connector,
        connector_plan,
        plan,
        shape,
        group,
    })
}

/// The same where the connector's last check lets exports go on: all but Connected=False.
pub fn ready(export: &CohortExport, ctx: &Context) -> Result<Ready, Blocked> {
    let ready = specs(export, ctx)?;
    let connector = &ready.connector;
    let status = connector.status.as_ref().ok_or(Blocked::Checking)?;
    let connected = conditions::find(&status.conditions, conditions::CONNECTED);
    let connected = connected.ok_or(Blocked::Checking)?;
    if status.observed_generation != connector.metadata.generation {
        return Err(Blocked::Checking);
    }
    if connected.status == "False" {
        let what = format!("isn't connected ({})", connected.reason);
        return Err(not_ready(&connector.name_any(), &what));
    }
    Ok(ready)
}

fn absent(ctx: &Context) -> &'static str {
    match ctx.args.watch_label_selector.as_str() {
        "" => "isn't there",
        _ => "isn't there, or lacks the labels of this shard",
    }
}

fn not_ready(name: &str, what: &str) -> Blocked {
    let message = format!("CleverTapConnector {name} {what}.");
    Blocked::Failure(Failure::new(Reason::ConnectorNotReady, message))
}

/// The token of `mixtap.dev/requested-at`, if it is one.
pub fn token(export: &CohortExport) -> Option<&str> {
    let token = export.annotations().get(REQUESTED_AT)?;
    validate::is_token(token).then_some(token.as_str())
}

/// How the stores and queues name this export.
pub fn reference(export: &impl ResourceExt) -> ObjectRef<Export> {
    ObjectRef::new(&export.name_any()).within(&export.namespace().unwrap_or_default())
}
