//! The hours that Mixpanel counts outlive the process: kept beside the snapshots.

use std::sync::{Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

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
    let (failing, mut writes) = (Mutex::new(None), FuturesUnordered::new());
    loop {
        // One that is slow keeps no other from being written.
        let free = AT_ONCE.saturating_sub(writes.len());
        tokio::select! {
            Some(()) = writes.next() => {}
            unkept = budgets.unkept(free), if free > 0 => match leadership.valid() {
                true => writes.extend(unkept.into_iter().map(|one| write(&state, one, &failing))),
                false => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }
}

/// Keeps what has changed, once, if this controller still leads.
pub async fn keep_now(state: &State, budgets: &Budgets, leadership: &Leadership) {
    if leadership.valid() {
        let failing = Mutex::new(None);
        let unkept = budgets.unkept_now(usize::MAX).into_iter();
        futures::stream::iter(unkept.map(|one| write(state, one, &failing)))
            .buffer_unordered(AT_ONCE)
            .for_each(async |()| {})
            .await;
    }
}

/// Writes one. `failing` is the one whose failure was told of: once, until it is written again.
async fn write(state: &State, window: Unkept, failing: &Mutex<Option<String>>) {
    let key = State::budget_key(&window.host, window.project);
    let kept = state.save_budget(&key, window.json.clone()).await;
    window.done();
    let mut failing = failing.lock().unwrap_or_else(PoisonError::into_inner);
    match kept {
        Ok(()) => *failing = failing.take().filter(|told| *told != key),
        Err(error) if failing.is_none() => {
            *failing = Some(key);
            tracing::warn!(%error, "query budgets can't be kept: a restart may ask too much");
        }
        Err(_) => {}
    }
}
