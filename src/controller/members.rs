//! Which connectors share their Mixpanel project's query budget: those that both vendors accept.

use kube::ResourceExt;

use super::context::{Connector, Context};
use super::vendors::seat;
use crate::api::{CleverTapConnector, conditions};
use crate::domain::validate;

/// Takes note of a connector as the watch delivers it.
pub fn note(ctx: &Context, connector: &Connector) {
    let uid = connector.uid().unwrap_or_default();
    let usable = connector.0.as_ref().ok().and_then(|connector| {
        let plan = validate::connector(&connector.spec, &ctx.rules).ok()?;
        let standing = standing(connector);
        (!plan.suspended && standing != Standing::Out).then_some((plan, standing))
    });
    match usable {
        Some((plan, Standing::In)) => ctx.budgets.join(&seat(&plan, &uid)),
        Some((plan, _)) => ctx.budgets.stay(&seat(&plan, &uid)),
        None => ctx.budgets.leave(&uid),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    In,
    /// As it was: a vendor can't be reached, or a change is being checked.
    Unknown,
    Out,
}

fn standing(connector: &CleverTapConnector) -> Standing {
    let status = connector.status.as_ref();
    let connected = status.and_then(|s| conditions::find(&s.conditions, conditions::CONNECTED));
    let checked = status.is_some_and(|s| s.observed_generation == connector.metadata.generation);
    match connected.map(|c| c.status.as_str()) {
        Some("False") => Standing::Out,
        Some("True") if checked => Standing::In,
        _ => Standing::Unknown,
    }
}
