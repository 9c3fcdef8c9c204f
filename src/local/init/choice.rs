//! Which cohorts are exported.

use super::{InitArgs, listing::Listed};
use crate::mixpanel::Cohort;

/// As a person or the command line says it.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice {
    All,
    /// Cohort ids.
    These(Vec<i64>),
}

impl Choice {
    /// What the command line says.
    pub fn of(args: &InitArgs) -> Option<Self> {
        match args.cohorts.as_slice() {
            [] => args.all.then_some(Self::All),
            ids => Some(Self::These(ids.to_vec())),
        }
    }

    /// Reads `all`, or numbers of the table and ranges of them: `1,3-5`.
    pub fn read(text: &str, listed: &Listed) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        let ids: Vec<_> = listed.of_users().map(|cohort| cohort.id).collect();
        let must = || {
            format!(
                "must be numbers from 1 to {}, ranges such as 1-3, or all",
                ids.len()
            )
        };
        let mut chosen = Vec::new();
        let parts = text.split(|c: char| c == ',' || c.is_whitespace());
        for part in parts.filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n > 0);
            let (first, last) = number(first).zip(number(last)).ok_or_else(must)?;
            let range = ids.get(first - 1..last).filter(|range| !range.is_empty());
            chosen.extend(range.ok_or_else(must)?);
        }
        match chosen.is_empty() {
            true => Err(must()),
            false => Ok(Self::These(chosen)),
        }
    }

    /// The cohorts themselves, each once.
    pub fn among(&self, listed: &Listed) -> Result<Vec<Cohort>, String> {
        let Self::These(ids) = self else {
            let all: Vec<_> = listed.of_users().cloned().collect();
            return match all.is_empty() {
                true => Err("the project has no cohort of users".to_owned()),
                false => Ok(all),
            };
        };
        let mut chosen: Vec<Cohort> = Vec::new();
        for id in ids {
            let cohort = listed.find(*id);
            let cohort = cohort.ok_or_else(|| format!("the project has no cohort {id}"))?;
            if cohort.group {
                return Err(format!(
                    "cohort {id} is one of groups, which can't be exported"
                ));
            }
            if !chosen.contains(cohort) {
                chosen.push(cohort.clone());
            }
        }
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Listed {
        let cohort = |id, group| Cohort {
            id,
            name: format!("cohort {id}"),
            count: None,
            group,
        };
        let users = [11, 12, 13, 14].map(|id| cohort(id, false));
        Listed::new(users.into_iter().chain([cohort(20, true)]).collect())
    }

    #[test]
    fn numbers_ranges_and_all_are_read() {
        let ids = |text: &str| {
            let chosen = Choice::read(text, &listed())?.among(&listed())?;
            Ok::<_, String>(chosen.iter().map(|cohort| cohort.id).collect::<Vec<_>>())
        };
        assert_eq!(ids("2").unwrap(), [12]);
        assert_eq!(ids("4, 1-2 1").unwrap(), [14, 11, 12]);
        assert_eq!(ids("ALL").unwrap(), [11, 12, 13, 14]);
        for text in [
            "",
            ",",
            "0",
            "5",
            "3-5",
            "3-2",
            "1-",
            "-1",
            "x",
            "1-2-3",
            "99999999999999999999",
        ] {
            let told = ids(text).unwrap_err();
            assert!(
                told.starts_with("must be numbers from 1 to 4"),
                "{text}: {told}"
            );
        }
    }

    #[test]
    fn groups_and_strangers_are_refused() {
        let told = |id| Choice::These(vec![id]).among(&listed()).unwrap_err();
        assert!(told(20).contains("one of groups"));
        assert!(told(99).contains("no cohort 99"));
        assert!(Choice::All.among(&Listed::new(vec![])).is_err());
    }
}
