//! All objects, as the page shows them.

use std::collections::HashMap;

use kube::core::error_boundary::InvalidObject;
use kube::runtime::reflector::Store;

use super::super::context::Context;
use crate::api::CleverTapConnector;
use crate::domain::validate;
use crate::export::{Progress, Step};
use crate::mixpanel::HourReport;
use crate::page::model;

/// Connectors, each with its project's hour and how many exports use it.
pub fn connectors(ctx: &Context) -> Vec<model::Connector> {
    let hours = ctx.budgets.report();
    let hours: HashMap<_, _> = hours
        .iter()
        .map(|hour| ((hour.host.as_str(), hour.project), hour))
        .collect();
    let exports = ctx.all_exports().filter_map(|export| {
        let export = export.0.as_ref().ok()?;
        let namespace = export.metadata.namespace.clone().unwrap_or_default();
        Some((namespace, export.spec.connector_ref.name.clone()))
    });
    let mut users: HashMap<_, usize> = HashMap::new();
    for connector in exports {
        *users.entry(connector).or_default() += 1;
    }
    let all = ctx.connectors.iter().flat_map(Store::state);
    let shown = all.map(|connector| {
        let mut shown = match &connector.0 {
            Ok(connector) => model::Connector {
                queries: queries(ctx, connector, &hours),
                ..model::Connector::of(connector)
            },
            Err(invalid) => {
                let [namespace, name, _] = named(invalid);
                model::Connector::unreadable(namespace, name)
            }
        };
        let key = (shown.namespace.clone(), shown.name.clone());
        shown.exports = users.get(&key).copied().unwrap_or_default();
        shown
    });
    shown.collect()
}

/// Exports, each with how far its run is.
pub fn exports(ctx: &Context) -> Vec<model::Export> {
    let all = ctx.exports.iter().flat_map(Store::state);
    let shown = all.map(|export| match &export.0 {
        Ok(export) => {
            let mut shown = model::Export::of(export);
            // This process leads, so what isn't under way here doesn't run.
            shown.running = ctx.under_way.of(&shown.uid).as_ref().map(step);
            shown
        }
        Err(invalid) => {
            let [namespace, name, uid] = named(invalid);
            model::Export::unreadable(namespace, name, uid)
        }
    });
    shown.collect()
}

/// Of a connector that can be used. A project that asked nothing in the last hour has no report.
fn queries(
    ctx: &Context,
    connector: &CleverTapConnector,
    hours: &HashMap<(&str, i64), &HourReport>,
) -> Option<model::Queries> {
    let plan = validate::connector(&connector.spec, &ctx.rules).ok()?;
    let hour = hours.get(&(plan.mixpanel_base.authority(), plan.mixpanel_project));
    Some(match hour {
        Some(hour) => model::Queries {
            limit: hour.limit,
            used: hour.used,
            left: hour.left,
            waiting: hour.waiting.len(),
        },
        None => model::Queries {
            limit: plan.queries_per_hour,
            used: 0,
            left: plan.queries_per_hour,
            waiting: 0,
        },
    })
}

fn step(progress: &Progress) -> model::Step {
    match progress.step() {
        Step::Read => model::Step::Reading {
            members: progress.members(),
        },
        Step::Compare => model::Step::Comparing,
        Step::Profiles => {
            let (sent, all) = progress.profiles();
            model::Step::Profiles { sent, all }
        }
        Step::List => model::Step::List,
    }
}

/// Namespace, name and uid.
fn named(invalid: &InvalidObject) -> [String; 3] {
    let meta = &invalid.metadata;
    [&meta.namespace, &meta.name, &meta.uid].map(|part| part.clone().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use kube::runtime::watcher::Event;
    use serde_json::json;

    use super::super::super::testing::{Cluster, export};
    use super::*;

    /// Killed in a run, and suspended before it could be resumed: status names that run for weeks.
    #[tokio::test]
    async fn a_run_that_was_left_behind_is_not_shown_as_running() {
        let mut cluster = Cluster::new();
        let mut left = export("cart", "main", "Cart", true);
        let run = json!({ "id": "run", "attempt": 1, "startedTime": "2026-01-01T00:00:00Z",
            "reason": "Scheduled", "generation": 1 });
        let status = serde_json::from_value(json!({ "currentRun": run })).unwrap();
        left.0.as_mut().unwrap().status = Some(status);
        cluster.export(Event::Apply(left));
        let ctx = cluster.ctx;
        let running = || exports(&ctx).remove(0).running;
        assert_eq!(running(), None);
        let going = ctx.under_way.begin("uid-cart");
        assert_eq!(running(), Some(model::Step::Reading { members: 0 }));
        drop(going);
        assert_eq!(running(), None);
    }
}
