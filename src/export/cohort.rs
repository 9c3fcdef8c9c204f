//! Which cohort a spec means.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::{Request, RunError, Tools, refusal};
use crate::domain::{CohortRef, ConnectorPlan, Failure, Reason};
use crate::mixpanel::{Cohort, Error, Existence, Mixpanel};

/// How long one answer of cohorts/list serves all exports of a project: a tick.
const FRESH: Duration = Duration::from_secs(15 * 60);
/// What isn't in a list may have been made since, and is asked for once more: of a project, whoever
/// asks, so often...
const ONCE_MORE: Duration = Duration::from_secs(60);
/// ...but for a few that follow each other: somebody mends a name and asks again.
const IN_A_ROW: u32 = 3;
/// How long a list serves where the budget has no second query for another one.
const STALE: Duration = Duration::from_secs(2 * 3600);
/// How long a failure to answer stands for all of them: no longer than any of them backs off.
const FAILED: Duration = Duration::from_secs(10);
/// Projects whose lists are kept at once.
const PROJECTS: usize = 64;
/// Characters of a cohort's name that are kept: as many as a spec can name.
const NAME: usize = 255;

/// A project, as far as its cohorts go.
type Key = (String, i64, Option<i64>);
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

    /// The project's cohorts; those that ask at once wait for one answer. None older than `age`
    /// will do, nor one from before `since`, unless those were asked for too often.
    async fn get(
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
        kept.answer = Some(Answer::of(asked, cohorts.clone()));
        Ok((asked, cohorts?))
    }

    fn place(&self, key: Key) -> Place {
        let mut places = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if !places.contains_key(&key) && places.len() >= PROJECTS {
            // What nobody uses and what is stale goes; if all are in use, the newcomer isn't kept.
            places.retain(|_, place| {
                place.try_lock().map_or(true, |kept| {
                    kept.answer
                        .as_ref()
                        .is_some_and(|answer| answer.serves(FRESH))
                })
            });
            if places.len() >= PROJECTS {
                return Arc::default();
            }
        }
        places.entry(key).or_default().clone()
    }
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

fn key(connector: &ConnectorPlan) -> Key {
    (
        connector.mixpanel_base.to_string(),
        connector.mixpanel_project,
        connector.mixpanel_workspace,
    )
}

/// Id and name of the cohort that the spec means. What is known by id costs no call, what is known
/// by name one that is free, anything else a list of cohorts.
pub(super) async fn resolve(
    tools: &Tools<'_>,
    request: &Request,
) -> Result<(i64, String), RunError> {
    let wanted = &request.export.cohort;
    // The read needs a query too: where the budget has one only, an older list has to do.
    let (started, mut since) = (Instant::now(), None);
    let age = match tools.mixpanel.has_queries(2) {
        true => FRESH,
        false => STALE,
    };
    if let Some((id, name)) = &request.known_cohort {
        match wanted {
            CohortRef::Id(wanted) if wanted == id => return Ok((*id, name.clone())),
            CohortRef::Name(wanted) => match tools.mixpanel.cohort(*id).await {
                Existence::Found(cohort) if cohort.name == *wanted && !cohort.group => {
                    return Ok((*id, cohort.name));
                }
                // A list from before may not know that yet.
                Existence::Found(_) | Existence::Absent => since = Some(started),
                Existence::Unknown => {}
            },
            CohortRef::Id(_) => {}
        }
    }
    let key = key(&request.connector);
    let get = |since| tools.lists.get(key.clone(), tools.mixpanel, age, since);
    let (asked, cohorts) = get(since).await.map_err(refusal::listing)?;
    let found = match choose(&cohorts, wanted) {
        // It may have been made since that list was.
        Err(failure) if failure.reason == Reason::CohortNotFound && asked < started => {
            let (asked, cohorts) = get(Some(started)).await.map_err(refusal::listing)?;
            match wanted {
                // No list was to be had: the other way is free, but knows ids only.
                CohortRef::Id(id) if asked < started => match tools.mixpanel.cohort(*id).await {
                    Existence::Found(cohort) => choose(&[cohort], wanted)?,
                    Existence::Absent | Existence::Unknown => return Err(failure.into()),
                },
                _ => choose(&cohorts, wanted)?,
            }
        }
        found => found?,
    };
    Ok(found)
}

/// The one cohort of users that is meant.
fn choose(cohorts: &[Cohort], wanted: &CohortRef) -> Result<(i64, String), Failure> {
    let mut found = cohorts.iter().filter(|cohort| match wanted {
        CohortRef::Id(id) => cohort.id == *id,
        CohortRef::Name(name) => cohort.name == *name,
    });
    let Some(cohort) = found.next() else {
        return Err(absent(wanted));
    };
    if let (CohortRef::Name(name), Some(second)) = (wanted, found.next()) {
        let message = format!(
            "Mixpanel has more than one cohort named {name:?}: set spec.cohort.id, to {} or {} for \
             instance, in place of the name.",
            cohort.id, second.id
        );
        return Err(Failure::new(Reason::CohortAmbiguous, message));
    }
    if cohort.group {
        let message = format!(
            "The Mixpanel cohort {:?} ({}) is one of groups: choose a cohort of users.",
            cohort.name, cohort.id
        );
        return Err(Failure::new(Reason::GroupCohort, message));
    }
    Ok((cohort.id, cohort.name.chars().take(NAME).collect()))
}

/// There is proof that the project has no such cohort.
pub(super) fn absent(wanted: &CohortRef) -> Failure {
    let what = match wanted {
        CohortRef::Id(id) => format!("with the id {id}"),
        CohortRef::Name(name) => format!("named {name:?}"),
    };
    let message =
        format!("The Mixpanel project has no cohort {what}: check spec.cohort and the project.");
    Failure::new(Reason::CohortNotFound, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cohort(id: i64, name: &str, group: bool) -> Cohort {
        Cohort {
            id,
            name: name.into(),
            count: None,
            group,
        }
    }

    #[test]
    fn a_list_is_asked_for_once_more_a_few_times_and_then_once_a_minute() {
        let (mut kept, start) = (Kept::default(), Instant::now());
        let asked = (0..3600).filter(|s| kept.may_ask_once_more(start + Duration::from_secs(*s)));
        assert_eq!(asked.take(5).collect::<Vec<_>>(), [0, 1, 2, 60, 120]);
    }

    #[test]
    fn a_name_must_be_one_cohorts_of_users() {
        let cohorts = [
            cohort(1, "one", false),
            cohort(2, "two", false),
            cohort(3, "two", false),
            cohort(4, "group", true),
        ];
        let by_name = |name: &str| choose(&cohorts, &CohortRef::Name(name.into()));
        assert_eq!(by_name("one"), Ok((1, "one".into())));
        let ambiguous = by_name("two").unwrap_err();
        assert_eq!(ambiguous.reason, Reason::CohortAmbiguous);
        assert!(ambiguous.message.contains("2 or 3"), "{ambiguous:?}");
        assert_eq!(by_name("group").unwrap_err().reason, Reason::GroupCohort);
        assert_eq!(by_name("One").unwrap_err().reason, Reason::CohortNotFound);
        let by_id = |id| choose(&cohorts, &CohortRef::Id(id));
        assert_eq!(by_id(3), Ok((3, "two".into())));
        assert_eq!(by_id(4).unwrap_err().reason, Reason::GroupCohort);
        assert_eq!(by_id(5).unwrap_err().reason, Reason::CohortNotFound);
        let long = [cohort(6, &"é".repeat(256), false)];
        assert_eq!(choose(&long, &CohortRef::Id(6)), Ok((6, "é".repeat(255))));
    }
}
