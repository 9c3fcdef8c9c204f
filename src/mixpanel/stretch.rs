//! How often a project's exports can run when they ask for more than its budget has.

use std::time::Duration;

use super::ledger::WINDOW;

/// The fair cycle: the shortest C with which exports of these intervals, none more often than once
/// in C, ask for no more than `limit` queries an hour. `None` where they ask for no more anyway.
/// Rounded up to whole seconds.
pub(super) fn cycle(intervals: impl Iterator<Item = Duration>, limit: u32) -> Option<Duration> {
    let mut intervals: Vec<_> = intervals.map(|i| i.as_secs_f64().max(1.0)).collect();
    intervals.sort_by(f64::total_cmp);
    let (hour, limit) = (WINDOW.as_secs_f64(), f64::from(limit.max(1)));
    let mut rest: f64 = intervals.iter().map(|interval| hour / interval).sum();
    // Sums of fractions: a hair above the limit is at it.
    let hair = 1e-9 * limit;
    if rest <= limit + hair {
        return None;
    }
    for (index, interval) in intervals.iter().enumerate() {
        rest -= hour / interval;
        // With as many stretched: what the others leave, divided among them.
        let cycle = (index + 1) as f64 * hour / (limit - rest);
        let next = intervals.get(index + 1).copied().unwrap_or(f64::INFINITY);
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
        let intervals = minutes.iter().map(|m| Duration::from_secs(m * 60));
        cycle(intervals, limit).map(|cycle| cycle.as_secs())
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
    }

    proptest! {
        #[test]
        fn it_fits_and_nothing_shorter_does(
            seconds in prop::collection::vec(1_u64..200_000, 1..60),
            limit in 1_u32..100,
        ) {
            let demand = |cycle: f64| -> f64 {
                seconds.iter().map(|s| 3600.0 / (*s as f64).max(cycle)).sum()
            };
            let limit_f = f64::from(limit);
            match cycle(seconds.iter().map(|s| Duration::from_secs(*s)), limit) {
                None => prop_assert!(demand(0.0) <= limit_f * 1.000001),
                Some(cycle) => {
                    prop_assert!(demand(cycle.as_secs_f64()) <= limit_f * 1.000001);
                    prop_assert!(demand(cycle.as_secs_f64() - 1.001) > limit_f * 0.999999);
                }
            }
        }
    }
}
