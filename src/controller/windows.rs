//! The hours that Mixpanel counts outlive the process: kept beside the snapshots.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;

use super::LOOK_AGAIN;
use super::lease::Leadership;
use crate::mixpanel::{Budgets, Unkept};
use crate::state::State;
use crate::telemetry::server::{Phase, Readiness};

/// Windows that are written at once.
const AT_ONCE: usize = 8;

/// Takes over what the last leader kept, and drops what says nothing any more.
pub async fn load(state: &State, budgets: &Budgets, readiness: &Readiness) {
    let kept = loop {
        match state.budgets().await {
            Ok(kept) => break kept,
            Err(error) => tracing::warn!(%error, "waiting for the state store"),
        }
        readiness.set(Phase::WaitingForState);
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    readiness.set(Phase::Standby);
    for (key, json) in kept {
        if !budgets.restore(&json)
            && let Err(error) = state.drop_budget(&key).await
        {
            tracing::warn!(%error, "an old query budget can't be dropped");
        }
    }
}

/// Keeps each window as it changes, while this controller leads: another leader's are not ours to
/// replace.
pub async fn keep(state: State, budgets: Budgets, leadership: Leadership) {
    let failing = AtomicBool::new(false);
    loop {
        let unkept = budgets.unkept().await;
        match leadership.valid() {
            true => write(&state, unkept, &failing).await,
            false => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

/// Keeps what has changed, once, if this controller still leads.
pub async fn keep_now(state: &State, budgets: &Budgets, leadership: &Leadership) {
    if leadership.valid() {
        write(state, budgets.unkept_now(), &AtomicBool::new(false)).await;
    }
}

async fn write(state: &State, unkept: Vec<Unkept>, failing: &AtomicBool) {
    let writes = unkept.into_iter().map(|window| async {
        let key = State::budget_key(&window.host, window.project);
        let kept = state.save_budget(&key, window.json.clone()).await;
        let failed = kept.is_err();
        if let Err(error) = kept
            && !failing.load(Ordering::Relaxed)
        {
            tracing::warn!(%error, "query budgets can't be kept: a restart may ask too much");
        }
        failing.store(failed, Ordering::Relaxed);
        window.done();
    });
    futures::stream::iter(writes)
        .buffer_unordered(AT_ONCE)
        .for_each(async |()| {})
        .await;
}
