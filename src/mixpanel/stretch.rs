//! How often a project's exports can run when they ask for more than its budget has.

use std::time::Duration;

use super::ledger::WINDOW;

/// How often an export wants to run, and how many queries each run takes.
pub(super) type Demand = (Duration, u32);

/// The fair cycle: the shortest C with which exports of these demands, none run more often than
/// once in C, ask for no more than `limit` queries an hour. `None` where they ask for no more
/// anyway. Rounded up to whole seconds.
pub(super) fn cycle(demands: impl Iterator<Item = Demand>, limit: u32) -> Option<Duration> {
    let seconds = |(interval, queries): Demand| (interval.as_secs_f64().max(1.0), queries.into());
    let mut demands: Vec<(f64, f64)> = demands.map(seconds).collect();
    demands.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let (hour, limit) = (WINDOW.as_secs_f64(), f64::from(limit.max(1)));
    let an_hour = |(interval, queries): &(f64, f64)| queries * hour / interval;
    let mut rest: f64 = demands.iter().map(an_hour).sum();
    // Sums of fractions: a hair above the limit is at it.
    let hair = 1e-9 * limit;
    if rest <= limit + hair {
        return None;
    }
    let mut stretched = 0.0;
    for (index, demand) in demands.iter().enumerate() {
        rest -= an_hour(demand);
        stretched += demand.1;
        // With as many stretched: what the others leave, divided among them.
        let cycle = stretched * hour / (limit - rest);
        let next = demands.get(index + 1).map_or(f64::INFINITY, |next| next.0);
        if limit > rest && cycle <= next {
            return Some(Duration::from_secs((cycle - 1e-6).ceil() as u64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(minutes: &[u64], limit: u32) -> Option<u64> {
        weighed(&minutes.iter().map(|m| (*m, 1)).collect::<Vec<_>>(), limit)
    }

    fn weighed(demands: &[(u64, u32)], limit: u32) -> Option<u64> {
        let demands = demands.iter();
        let demands = demands.map(|(m, queries)| (Duration::from_secs(m * 60), *queries));
        cycle(demands, limit).map(|cycle| cycle.as_secs())
    }

    #[test]
    fn the_hour_is_divided_among_those_who_ask_too_often() {
        assert_eq!(of(&[15; 12], 48), None);
        assert_eq!(of(&[15; 40], 48), Some(50 * 60));
        assert_eq!(of(&[15; 100], 48), Some(125 * 60));
        assert_eq!(of(&[15; 3], 2), Some(90 * 60));
        // Two that ask once an hour leave four queries for two others.
        assert_eq!(of(&[15, 15, 60, 60], 6), Some(30 * 60));
        assert_eq!(of(&[], 0), None);
        assert_eq!(of(&[10_000, 1], 1), Some(3622));
        // Where every page counts, a run of six pages takes six of 48.
        assert_eq!(weighed(&[(15, 6), (15, 6)], 48), None);
        assert_eq!(weighed(&[(15, 6), (15, 6), (15, 6)], 48), Some(1350));
    }

    proptest! {
        #[test]
        fn it_fits_and_nothing_shorter_does(
            demands in prop::collection::vec((1_u64..200_000, 1_u32..20), 1..60),
            limit in 1_u32..100,
        ) {
            let demand = |cycle: f64| -> f64 {
                let queries = |(s, queries): &(u64, u32)| f64::from(*queries) * 3600.0 / (*s as f64).max(cycle);
                demands.iter().map(queries).sum()
            };
            let limit_f = f64::from(limit);
            let seconds = demands.iter().map(|(s, queries)| (Duration::from_secs(*s), *queries));
            match cycle(seconds, limit) {
                None => prop_assert!(demand(0.0) <= limit_f * 1.000001),
                Some(cycle) => {
                    prop_assert!(demand(cycle.as_secs_f64()) <= limit_f * 1.000001);
                    prop_assert!(demand(cycle.as_secs_f64() - 1.001) > limit_f * 0.999999);
                }
            }
        }
    }
}
