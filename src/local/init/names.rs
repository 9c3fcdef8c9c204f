//! Names of objects, made from the names of cohorts.

use std::collections::{HashMap, HashSet};

use crate::mixpanel::Cohort;

/// A DNS label: fit for an object, a file and a label's value.
const LONGEST: usize = 63;

/// A name for each cohort by its id, one for each: the cohort's own in lower case, with its id where
/// several cohorts would share it. It depends on all cohorts of the project, chosen or not, so that
/// another choice gives none a new name. Those of `kept` keep theirs, and `taken` isn't given to any.
pub fn of<'a>(
    cohorts: impl Iterator<Item = &'a Cohort>,
    taken: &str,
    kept: &HashMap<i64, String>,
) -> HashMap<i64, String> {
    let new = cohorts.filter(|cohort| !kept.contains_key(&cohort.id));
    let mut wanted: Vec<_> = new.map(|c| (c.id, label(&c.name, c.id))).collect();
    wanted.sort();
    let mut times = HashMap::new();
    for (_, name) in &wanted {
        *times.entry(name.clone()).or_insert(0) += 1;
    }
    let mut not_theirs: HashSet<_> = kept.values().cloned().collect();
    not_theirs.insert(taken.to_owned());
    let own = |name: &String| times[name] == 1 && !not_theirs.contains(name);
    let mut used = not_theirs.clone();
    used.extend(wanted.iter().map(|(_, name)| name.clone()));
    let mut names = kept.clone();
    for (id, name) in wanted {
        let unique = match own(&name) {
            true => name,
            false => with_id(&name, id, &used),
        };
        used.insert(unique.clone());
        names.insert(id, unique);
    }
    names
}

fn label(name: &str, id: i64) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            ' '
        }
    };
    let words: String = name.chars().map(plain).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join("-");
    match cut(&words, LONGEST) {
        "" => format!("cohort-{id}"),
        label => label.to_owned(),
    }
}

/// The label and the id, and should somebody have that very name, a number.
fn with_id(label: &str, id: i64, used: &HashSet<String>) -> String {
    let ends = std::iter::once(format!("-{id}")).chain((2..).map(|n| format!("-{id}-{n}")));
    let mut names = ends.map(|end| format!("{}{end}", cut(label, LONGEST - end.len())));
    names
        .find(|name| !used.contains(name))
        .unwrap_or_else(|| format!("cohort-{id}"))
}

/// At most so many bytes of plain ASCII, which don't end in a hyphen.
fn cut(label: &str, longest: usize) -> &str {
    label.get(..longest).unwrap_or(label).trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(cohorts: &[(i64, &str)]) -> Vec<String> {
        let cohort = |(id, name): &(i64, &str)| Cohort {
            id: *id,
            name: (*name).to_owned(),
            count: None,
            group: false,
        };
        let list: Vec<_> = cohorts.iter().map(cohort).collect();
        let names = of(list.iter(), "connector", &HashMap::new());
        list.iter().map(|c| names[&c.id].clone()).collect()
    }

    #[test]
    fn a_name_is_the_cohorts_own_or_has_its_id() {
        let list = [
            (1, "Cart drop off"),
            (2, "  Über-Kunden (2024)!  "),
            (3, "購買者"),
            (4, "VIP"),
            (5, "vip?"),
            (6, "vip 4"),
            (7, "Connector"),
        ];
        assert_eq!(
            names(&list),
            [
                "cart-drop-off",
                "ber-kunden-2024",
                "cohort-3",
                "vip-4-2",
                "vip-5",
                "vip-4",
                "connector-7"
            ]
        );
    }

    #[test]
    fn a_name_that_is_there_is_kept_and_given_to_no_other() {
        let cohort = |id, name: &str| Cohort {
            id,
            name: name.to_owned(),
            count: None,
            group: false,
        };
        let list = [cohort(1, "VIP"), cohort(2, "vip"), cohort(3, "Mine")];
        let kept = HashMap::from([(1, "vip".to_owned()), (4, "mine".to_owned())]);
        let names = of(list.iter(), "connector", &kept);
        assert_eq!(
            (&*names[&1], &*names[&2], &*names[&3]),
            ("vip", "vip-2", "mine-3")
        );
    }

    #[test]
    fn even_a_name_made_to_clash_gets_another() {
        let (long, clash) = ("x".repeat(63), format!("{}-12", "x".repeat(60)));
        let names = names(&[(12, &long), (13, &long), (14, &clash)]);
        assert_eq!(names[0], format!("{}-12-2", "x".repeat(58)));
        assert_eq!(names[2], clash);
    }

    #[test]
    fn long_names_are_cut_and_still_differ() {
        let long = "a ".repeat(60);
        for name in names(&[(1, &long), (123_456, &long)]) {
            assert!(name.len() <= LONGEST && !name.contains("--"), "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_cohort_has_a_dns_label_of_its_own(
            list in prop::collection::btree_map(1..40_i64, "[aA1 -]{0,4}|cohort [0-9]|\\PC{0,90}", 0..30)
        ) {
            let list: Vec<_> = list.iter().map(|(id, name)| (*id, name.as_str())).collect();
            let names = names(&list);
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            for name in &names {
                prop_assert!((1..=LONGEST).contains(&name.len()) && name.bytes().all(plain));
                prop_assert!(!name.starts_with('-') && !name.ends_with('-'));
            }
            let distinct: HashSet<_> = names.iter().collect();
            prop_assert_eq!(distinct.len(), names.len());
        }
    }
}
