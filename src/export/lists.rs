//! The lists of cohorts that the process keeps: one answer of cohorts/list serves many exports.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ConnectorPlan;
use crate::mixpanel::{Cohort, Error, Mixpanel};

/// How long one answer of cohorts/list serves all exports of a project: a tick.
pub(super) const FRESH: Duration = Duration::from_secs(15 * 60);
/// What isn't in a list may have been made since, and is asked for once more: of a project, whoever
/// asks, so often...
const ONCE_MORE: Duration = Duration::from_secs(60);
/// ...but for a few that follow each other: somebody mends a name and asks again.
const IN_A_ROW: u32 = 3;
/// How long a list serves where the budget has no second query for another one.
pub(super) const STALE: Duration = Duration::from_secs(2 * 3600);
/// How long a failure to answer stands for all of them: no longer than any of them backs off.
const FAILED: Duration = Duration::from_secs(10);
/// Projects whose lists are kept at once: a project that loses its list to another one pays a query.
const PROJECTS: usize = 1000;
/// Cohorts in all these lists, so many and one list more: about 10 MB of names.
const COHORTS: usize = 100_000;
/// A project, as far as its cohorts go.
pub(super) type Key = (String, i64, Option<i64>);
type Place = Arc<tokio::sync::Mutex<Kept>>;

/// What is kept of a project.
#[derive(Default)]
struct Kept {
    answer: Option<Answer>,
    /// Until when the lists that were asked for although there was one have taken their time.
    once_more: Option<Instant>,
}

impl Kept {
    /// Whether a list may be asked for although there is one; notes that it is.
    fn may_ask_once_more(&mut self, now: Instant) -> bool {
        let taken = self.once_more.map_or(now, |taken| taken.max(now));
        let may = taken - now <= ONCE_MORE * (IN_A_ROW - 1);
        if may {
            self.once_more = Some(taken + ONCE_MORE);
        }
        may
    }
}

/// What a project answered, or why it didn't.
struct Answer {
    asked: Instant,
    ended: Instant,
    cohorts: Result<Arc<Vec<Cohort>>, Error>,
}

/// The latest lists of cohorts, a tick each: the exports of a project cost one query, and one wait
/// where it fails.
#[derive(Clone, Default)]
pub struct CohortLists(Arc<Mutex<HashMap<Key, Place>>>);

impl CohortLists {
    /// Keeps an answer to a check of the credentials that was asked for at `asked`, unless an
    /// export is just asking.
    pub fn keep(&self, connector: &ConnectorPlan, cohorts: Vec<Cohort>, asked: Instant) {
        let place = self.place(key(connector));
        if let Ok(mut kept) = place.try_lock()
            && kept
                .answer
                .as_ref()
                .is_none_or(|answer| answer.asked <= asked)
        {
            kept.answer = Some(Answer::of(asked, Ok(Arc::new(cohorts))));
        }
    }

    /// Whether a list of the project's cohorts is kept.
    pub fn asked(&self, connector: &ConnectorPlan) -> bool {
        let place = self.place(key(connector));
        place.try_lock().is_ok_and(|kept| kept.answer.is_some())
    }

    /// The project's cohorts; those that ask at once wait for one answer. None older than `age`
    /// will do, nor one from before `since`, unless those were asked for too often.
    pub(super) async fn get(
        &self,
        key: Key,
        mixpanel: &Mixpanel,
        age: Duration,
        since: Option<Instant>,
    ) -> Result<(Instant, Arc<Vec<Cohort>>), Error> {
        let place = self.place(key);
        let mut kept = place.lock().await;
        let asked = Instant::now();
        let answer = kept.answer.as_ref().filter(|answer| answer.serves(age));
        if let Some((cohorts, at)) = answer.map(|a| (a.cohorts.clone(), a.asked)) {
            let old = cohorts.is_ok() && since.is_some_and(|since| at < since);
            if !old || !kept.may_ask_once_more(asked) {
                return cohorts.map(|list| (at, list));
            }
        }
        let cohorts = mixpanel.cohorts().await.map(Arc::new);
        if let Err(error @ Error::RateLimited { ours: true, .. }) = cohorts {
            // Nothing was asked: the list that is there is as good as before.
            return Err(error);
        }
        kept.answer = Some(Answer::of(asked, cohorts.clone()));
        Ok((asked, cohorts?))
    }

    fn place(&self, key: Key) -> Place {
        let mut places = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let cohorts = |places: &HashMap<Key, Place>| places.values().map(length).sum::<usize>();
        while !places.contains_key(&key) && (places.len() >= PROJECTS || cohorts(&places) > COHORTS)
        {
            // The oldest that nobody uses goes; if all are in use, the newcomer isn't kept.
            let unused = places
                .iter()
                .filter(|(_, place)| Arc::strong_count(place) == 1);
            let oldest = unused
                .min_by_key(|(_, place)| {
                    let kept = place.try_lock().ok();
                    kept.and_then(|kept| Some(kept.answer.as_ref()?.asked))
                })
                .map(|(key, _)| key.clone());
            let Some(oldest) = oldest else {
                return Arc::default();
            };
            places.remove(&oldest);
        }
        places.entry(key).or_default().clone()
    }
}

/// Cohorts in a kept list; none while it is asked for.
fn length(place: &Place) -> usize {
    let kept = place.try_lock().ok();
    kept.and_then(|kept| Some(kept.answer.as_ref()?.cohorts.as_ref().ok()?.len()))
        .unwrap_or(0)
}

impl Answer {
    fn of(asked: Instant, cohorts: Result<Arc<Vec<Cohort>>, Error>) -> Self {
        Self {
            asked,
            ended: Instant::now(),
            cohorts,
        }
    }

    /// Whether who asks now needn't ask again.
    fn serves(&self, age: Duration) -> bool {
        match &self.cohorts {
            Ok(_) => self.asked.elapsed() < age,
            // The project's trouble; any other is that of one connector, or of its Secret.
            Err(Error::Unavailable { .. } | Error::RateLimited { ours: false, .. }) => {
                self.ended.elapsed() < FAILED
            }
            Err(_) => false,
        }
    }
}

pub(super) fn key(connector: &ConnectorPlan) -> Key {
    (
        connector.mixpanel_base.to_string(),
        connector.mixpanel_project,
        connector.mixpanel_workspace,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_asked_for_once_more_a_few_times_and_then_once_a_minute() {
        let (mut kept, start) = (Kept::default(), Instant::now());
        let asked = (0..3600).filter(|s| kept.may_ask_once_more(start + Duration::from_secs(*s)));
        assert_eq!(asked.take(5).collect::<Vec<_>>(), [0, 1, 2, 60, 120]);
    }

    fn project(number: i64) -> Key {
        ("https://mixpanel.com/".to_owned(), number, None)
    }

    #[test]
    fn the_oldest_list_that_nobody_uses_makes_room() {
        let (lists, start) = (CohortLists::default(), Instant::now());
        let fill = |number: i64| {
            let asked = start + Duration::from_secs(number.unsigned_abs());
            let place = lists.place(project(number));
            place.try_lock().unwrap().answer = Some(Answer::of(asked, Ok(Arc::default())));
        };
        let most = i64::try_from(PROJECTS).unwrap();
        (0..most).rev().for_each(fill);
        let used = lists.place(project(0));
        fill(most);
        let numbers = || -> std::collections::BTreeSet<i64> {
            lists.0.lock().unwrap().keys().map(|key| key.1).collect()
        };
        let expected = (0..=most).filter(|number| *number != 1).collect();
        assert_eq!(
            numbers(),
            expected,
            "0 is in use, and 1 the oldest of the others"
        );
        drop(used);
        fill(most + 1);
        assert!(!numbers().contains(&0) && numbers().len() == PROJECTS);
    }

    #[test]
    fn lists_of_many_cohorts_make_room_too() {
        let (lists, start) = (CohortLists::default(), Instant::now());
        let cohort = Cohort {
            id: 1,
            name: String::new(),
            count: None,
            group: false,
        };
        let long = Arc::new(vec![cohort; COHORTS / 4]);
        for number in 0..9 {
            let asked = start + Duration::from_secs(number);
            let place = lists.place(project(number.cast_signed()));
            place.try_lock().unwrap().answer = Some(Answer::of(asked, Ok(long.clone())));
        }
        let kept: std::collections::BTreeSet<i64> =
            lists.0.lock().unwrap().keys().map(|key| key.1).collect();
        assert_eq!(kept, (4..9).collect(), "four lists, and the newest");
    }
}
