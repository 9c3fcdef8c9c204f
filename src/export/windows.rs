//! The hours that Mixpanel counts outlive the process: kept beside the snapshots.
//!
//! Several processes may ask on one state: its owner, and plans. A put can't add to what another one
//! puts, so each has objects of its own, all of them count, and none is written by two.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use crate::mixpanel::{Budgets, Unkept};
use crate::state::{State, StateError};

/// Windows that are written at once.
const AT_ONCE: usize = 8;

/// How long windows wait while they aren't ours to replace.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Between the name of a budget and the guest whose part it is.
const OF: char = '-';

/// Which windows a process keeps.
#[derive(Clone, Debug)]
pub enum Keeper {
    /// The state's: one process after another, each of which takes over what the last one kept.
    Owner,
    /// Those of one process beside it, by a name that nobody else has. Nobody takes them over: they
    /// count for their hour.
    Guest(String),
}

impl Keeper {
    /// A new one.
    pub fn guest() -> Self {
        Self::Guest(format!("{:032x}", fastrand::u128(..)))
    }

    fn key(&self, window: &Unkept) -> String {
        let budget = State::budget_key(&window.host, window.project);
        match self {
            Self::Owner => budget,
            Self::Guest(name) => format!("{budget}{OF}{name}"),
        }
    }

    fn keeps(&self, key: &str) -> bool {
        match (self, key.split_once(OF)) {
            (Self::Owner, guest) => guest.is_none(),
            (Self::Guest(name), guest) => guest.is_some_and(|(_, guest)| guest == name),
        }
    }
}

/// Takes over what the last process kept, and counts what others do; the names of those that say
/// nothing any more.
///
/// # Errors
/// The store can't be read.
pub async fn load(
    state: &State,
    budgets: &Budgets,
    keeper: &Keeper,
) -> Result<Vec<String>, StateError> {
    let kept = state.budgets().await?.into_iter();
    let (ours, others): (Vec<_>, Vec<_>) = kept.partition(|(key, _)| keeper.keeps(key));
    let ours = ours.into_iter().filter(|(_, json)| !budgets.restore(json));
    let old = ours.map(|(key, _)| key).collect();
    Ok(count(budgets, others, old))
}

/// Counts what others have asked since; the names of those that say nothing any more.
///
/// # Errors
/// As above.
pub async fn look(
    state: &State,
    budgets: &Budgets,
    keeper: &Keeper,
) -> Result<Vec<String>, StateError> {
    let mut others = state.budgets().await?;
    others.retain(|(key, _)| !keeper.keeps(key));
    Ok(count(budgets, others, Vec::new()))
}

/// Adds those that say nothing any more to `old`. The owner's aren't a guest's to drop: they say
/// more than their hour.
fn count(budgets: &Budgets, others: Vec<(String, Bytes)>, mut old: Vec<String>) -> Vec<String> {
    let matter = budgets.count_others(others.iter().map(|(_, json)| &json[..]));
    let silent = others
        .into_iter()
        .zip(matter)
        .filter(|(_, matters)| !matters);
    let silent = silent.map(|((key, _), _)| key);
    old.extend(silent.filter(|key| !Keeper::Owner.keeps(key)));
    old
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
pub async fn keep(state: State, budgets: Budgets, keeper: Keeper, ours: impl Fn() -> bool) {
    let (failing, mut writes) = (Mutex::new(None), FuturesUnordered::new());
    loop {
        // One that is slow keeps no other from being written.
        let free = AT_ONCE.saturating_sub(writes.len());
        tokio::select! {
            Some(()) = writes.next() => {}
            unkept = budgets.unkept(free), if free > 0 => match ours() {
                true => writes.extend(unkept.into_iter().map(|one| write(&state, &keeper, one, &failing))),
                false => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }
}

/// Keeps what has changed, once.
pub async fn keep_now(state: &State, budgets: &Budgets, keeper: &Keeper) {
    let failing = Mutex::new(None);
    let unkept = budgets.unkept_now(usize::MAX).into_iter();
    futures::stream::iter(unkept.map(|one| write(state, keeper, one, &failing)))
        .buffer_unordered(AT_ONCE)
        .for_each(async |()| {})
        .await;
}

/// Writes one. `failing` is the one whose failure was told of: once, until it is written again.
async fn write(state: &State, keeper: &Keeper, window: Unkept, failing: &Mutex<Option<String>>) {
    let key = keeper.key(&window);
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

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    /// A process that booked so many queries of the same project, and what it may ask still.
    async fn asks(state: &State, keeper: &Keeper, queries: u32) -> (Budgets, u32) {
        let budgets = Budgets::default();
        load(state, &budgets, keeper).await.unwrap();
        let left = ask(&budgets, queries).await;
        keep_now(state, &budgets, keeper).await;
        (budgets, left)
    }

    async fn ask(budgets: &Budgets, queries: u32) -> u32 {
        let base = Url::parse("https://mixpanel.example.com").unwrap();
        let budget = budgets.get(&base, 7, 40, false);
        for _ in 0..queries {
            budget.query(&|| Ok(())).await.unwrap();
        }
        budget.remaining()
    }

    #[tokio::test]
    async fn no_process_loses_what_another_booked() {
        let dir = tempfile::tempdir().unwrap();
        let url = Url::from_directory_path(dir.path()).unwrap();
        for url in ["memory:///", url.as_str()] {
            let state = State::open(url, "team").unwrap();
            let (watch, left) = asks(&state, &Keeper::Owner, 1).await;
            assert_eq!(left, 39);
            // Of plans that begin at once none knows of another, and all are counted.
            let plans = [(); 4].map(|()| Keeper::guest());
            futures::future::join_all(plans.iter().map(|plan| asks(&state, plan, 3))).await;
            look(&state, &watch, &Keeper::Owner).await.unwrap();
            assert_eq!(ask(&watch, 2).await, 40 - 12 - 3);
            keep_now(&state, &watch, &Keeper::Owner).await;
            for keeper in [Keeper::Owner, Keeper::guest()] {
                // The second one finds nothing counted twice.
                for _ in 0..2 {
                    assert_eq!(asks(&state, &keeper, 0).await.1, 40 - 15, "{keeper:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_guests_hour_is_dropped_when_it_is_over_and_the_owners_is_not() {
        let state = State::open("memory:///", "").unwrap();
        let owner = State::budget_key("mixpanel.example.com", 7);
        let guest = format!("{owner}-0");
        let saved = jiff::Timestamp::now().as_second() - 3700;
        let json = format!(
            r#"{{"format":1,"host":"mixpanel.example.com","project":7,"saved":{saved},"ended":[],"running":1}}"#
        );
        for key in [&owner, &guest] {
            state.save_budget(key, json.clone().into()).await.unwrap();
        }
        for keeper in [Keeper::Owner, Keeper::guest()] {
            let old = load(&state, &Budgets::default(), &keeper).await.unwrap();
            assert_eq!(old, std::slice::from_ref(&guest));
        }
    }
}
