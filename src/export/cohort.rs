//! Which cohort a spec means.

use tokio::time::Instant;

use super::lists::{FRESH, STALE, key};
use super::{Request, RunError, Tools, refusal};
use crate::domain::{CohortRef, Failure, Reason};
use crate::mixpanel::{Cohort, Existence};

/// Characters of a cohort's name that are kept: as many as a spec can name.
const NAME: usize = 255;

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

/// The one cohort of users that is meant: its id and name.
///
/// # Errors
/// `CohortNotFound`, `CohortAmbiguous` and `GroupCohort`.
pub fn choose(cohorts: &[Cohort], wanted: &CohortRef) -> Result<(i64, String), Failure> {
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
