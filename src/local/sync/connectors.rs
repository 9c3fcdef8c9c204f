//! The check of connectors, each at most once in its `checkInterval`.

use futures::{StreamExt as _, stream};
use jiff::Timestamp;

use super::report::Line;
use crate::api::{CleverTapConnectorStatus, conditions};
use crate::domain::outcome::connector::{Check, Write};
use crate::export::{self, Checked, Vouched, seat};
use crate::local::pass;
use crate::local::session::Session;
use crate::local::world::{Connector, World};
use crate::state::StateError;

/// Connectors that are checked at once.
const AT_ONCE: usize = 8;

/// Checks those that are due, and has each that can be used share its project's query budget. Says
/// how each stands.
///
/// # Errors
/// The state can't be written.
pub async fn check(session: &Session, world: &mut World) -> Result<Vec<Line>, StateError> {
    let checks = world.connectors.values_mut().map(|connector| async {
        let status = look(session, connector).await;
        connector.keep(&session.state, status).await?;
        seated(session, connector);
        Ok(Line::of_connector(connector))
    });
    let checks: Vec<_> = stream::iter(checks).buffered(AT_ONCE).collect().await;
    checks.into_iter().collect()
}

/// The status after a look: of a check, if one is due.
async fn look(session: &Session, connector: &Connector) -> CleverTapConnectorStatus {
    let write = Write {
        old: &connector.record.status,
        generation: connector.record.generation,
        now: Timestamp::now(),
    };
    let plan = match &connector.plan {
        Ok(plan) if plan.suspended => return write.suspended(),
        Ok(plan) => plan,
        Err(failure) => return write.failed(failure, None),
    };
    let credentials = match &connector.credentials {
        Ok(credentials) => credentials,
        Err(failure) => return write.failed(failure, None),
    };
    if pass::check(connector, write.now) != Check::Now {
        return connector.record.status.clone();
    }
    let uid = connector.id.uid();
    let budget = session.budgets.trial(&seat(plan, &uid));
    let checked = export::check(
        &session.clients,
        &session.lists,
        plan,
        &uid,
        credentials,
        Vouched::default(),
        budget,
    );
    let checked = checked.await;
    let write = Write {
        now: Timestamp::now(),
        ..write
    };
    let versions = credentials.versions.clone();
    match checked {
        Checked::Accepted(when) => write.connected_both(versions, when),
        Checked::Later(wait) => write.failed(&export::later(wait), Some(versions)),
        Checked::Failed(failure) => write.failed(&failure, Some(versions)),
    }
}

fn seated(session: &Session, connector: &Connector) {
    let (uid, conditions) = (connector.id.uid(), &connector.record.status.conditions);
    let connected = conditions::find(conditions, conditions::CONNECTED);
    let out = connected.is_none_or(|connected| connected.status == "False");
    match &connector.plan {
        Ok(plan) if !out && !plan.suspended => session.budgets.join(&seat(plan, &uid)),
        _ => session.budgets.leave(&uid),
    }
}

/// A run met refused credentials: the next pass checks them, whenever it comes.
///
/// # Errors
/// The state can't be written.
pub async fn ask_again(session: &Session, connector: &mut Connector) -> Result<(), StateError> {
    let status = CleverTapConnectorStatus {
        last_check_time: None,
        ..connector.record.status.clone()
    };
    connector.keep(&session.state, status).await
}
