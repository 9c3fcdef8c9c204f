//! Which connectors share their Mixpanel project's query budget: those that both vendors accept.

use kube::ResourceExt;

use super::context::{Connector, Context};
use super::dereference::Ready;
use crate::api::{CleverTapConnector, CleverTapConnectorStatus, CohortExport, conditions};
use crate::domain::{Shape, validate};
use crate::export::seat;

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

/// Takes a connector for a member that can't be checked now but was Connected right before, as far
/// as status tells after a restart: this export's last run by the same specs ended well.
pub fn recall(ctx: &Context, export: &CohortExport, ready: &Ready) {
    let connector = &ready.connector;
    let was_connected = connector.status.as_ref().is_some_and(was_connected);
    if was_connected && ran(export, ready.shape) && standing(connector) == Standing::Unknown {
        let uid = connector.uid().unwrap_or_default();
        ctx.budgets.join(&seat(&ready.connector_plan, &uid));
    }
}

/// `Ready` and `Connected` left `True` in one write. Where the credentials were refused before, or
/// the first check is the one that fails, `Ready` isn't as old as `Connected`, but for a check
/// within its first second: then no run has ended well.
fn was_connected(status: &CleverTapConnectorStatus) -> bool {
    let find = |kind| conditions::find(&status.conditions, kind);
    let (Some(ready), Some(connected)) = (find(conditions::READY), find(conditions::CONNECTED))
    else {
        return false;
    };
    connected.status == "Unknown"
        && ready.status == "False"
        && ready.last_transition_time == connected.last_transition_time
}

/// Whether the last run that ended well was of this basis.
fn ran(export: &CohortExport, shape: Shape) -> bool {
    let last = export.status.as_ref().and_then(|s| s.last_run.as_ref());
    let last = last.and_then(|run| Shape::of_run(&run.id));
    last.is_some_and(|last| last.basis == shape.basis)
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::api::ObservedSecrets;
    use crate::domain::outcome::connector::Write;
    use crate::domain::{Failure, Reason};

    enum Step {
        Checking,
        Accepted,
        Fails(Reason),
    }
    use Step::*;

    /// The status after these, a minute apart.
    fn after(steps: &[Step]) -> CleverTapConnectorStatus {
        let mut status = CleverTapConnectorStatus::default();
        for (minute, step) in (0..).zip(steps) {
            let now = Timestamp::from_second(minute * 60).unwrap();
            let write = Write {
                old: &status,
                generation: 1,
                now,
            };
            let secrets = ObservedSecrets::default();
            status = match step {
                Checking => write.checking(),
                Accepted => write.connected_both(secrets, now),
                Fails(reason) => write.failed(&Failure::new(*reason, "why"), Some(secrets)),
            };
        }
        status
    }

    #[test]
    fn who_was_connected_before_an_outage_is_told_from_who_never_was() {
        let (away, refused) = (Reason::Unreachable, Reason::InvalidCredentials);
        let connected = [
            after(&[Checking, Accepted, Fails(away)]),
            after(&[Accepted, Fails(Reason::RateLimited), Fails(away)]),
            after(&[Checking, Fails(away), Accepted, Fails(away)]),
        ];
        assert!(connected.iter().all(was_connected));
        let not = [
            after(&[]),
            after(&[Checking]),
            after(&[Checking, Accepted]),
            after(&[Checking, Fails(away)]),
            after(&[Checking, Fails(away), Fails(away)]),
            after(&[Accepted, Fails(refused)]),
            after(&[Accepted, Fails(refused), Fails(away)]),
        ];
        assert!(!not.iter().any(was_connected));
    }
}
