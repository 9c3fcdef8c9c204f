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
            let progress = ctx.under_way.of(&shown.uid);
            if let (Some(running), Some(progress)) = (&mut shown.running, progress) {
                running.step = Some(step(&progress));
            }
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
