//! The hours that Mixpanel counts outlive the process: kept beside the snapshots.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use crate::mixpanel::{Budgets, Unkept};
use crate::state::{State, StateError};

/// Windows that are written at once.
const AT_ONCE: usize = 8;

/// How long windows wait while they aren't ours to replace.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Takes over what the last process kept; the names of those that say nothing any more.
///
/// # Errors
/// The store can't be read.
pub async fn load(state: &State, budgets: &Budgets) -> Result<Vec<String>, StateError> {
    let kept = state.budgets().await?.into_iter();
    let old = kept.filter(|(_, json)| !budgets.restore(json));
    Ok(old.map(|(key, _)| key).collect())
}

/// Drops windows that say nothing any more.
pub async fn drop_old(state: &State, keys: &[String]) {
    for key in keys {
        if let Err(error) = state.drop_budget(key).await {
            tracing::warn!(%error, "an old query budget can't be dropped");
        }
    }
}

/// Keeps each window as it changes, while `ours` says so: another process's are not ours to replace.
pub async fn keep(state: State, budgets: Budgets, ours: impl Fn() -> bool) {
    let (failing, mut writes) = (Mutex::new(None), FuturesUnordered::new());
    loop {
        // One that is slow keeps no other from being written.
        let free = AT_ONCE.saturating_sub(writes.len());
        tokio::select! {
            Some(()) = writes.next() => {}
            unkept = budgets.unkept(free), if free > 0 => match ours() {
                true => writes.extend(unkept.into_iter().map(|one| write(&state, one, &failing))),
                false => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }
}

/// Keeps what has changed, once.
pub async fn keep_now(state: &State, budgets: &Budgets) {
    let failing = Mutex::new(None);
    let unkept = budgets.unkept_now(usize::MAX).into_iter();
    futures::stream::iter(unkept.map(|one| write(state, one, &failing)))
        .buffer_unordered(AT_ONCE)
        .for_each(async |()| {})
        .await;
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
