use super::*;

pub(super) fn ask(key: &str, since: Instant) -> Ask<'_> {
    Ask {
        key,
        since,
        last: None,
        failing: false,
    }
}

fn hour(share: u32) -> (Hour, Instant) {
    let mut hour = Hour::default();
    hour.join("connector", share);
    (hour, Instant::now() + WINDOW * 24)
}

/// Uses up what a run has reserved.
fn run(hour: &mut Hour, run: u64, now: Instant) {
    hour.book(run, false, now).unwrap();
    hour.ledger.settle(true, now);
    hour.end_turn(run, now);
}

#[test]
fn the_smallest_share_and_our_part_of_the_servers_limit_rule() {
    let (mut hour, _) = hour(48);
    assert!(hour.join("second", 20) && !hour.join("second", 20));
    assert_eq!(hour.limit(), 20);
    hour.learn(10);
    assert_eq!(hour.limit(), 8);
    hour.learn(1000);
    hour.leave("second");
    assert_eq!(hour.limit(), 48);
    hour.leave("connector");
    assert_eq!(hour.limit(), 48, "what is under way keeps its limit");
}

#[test]
fn the_first_query_of_a_turn_is_nobody_elses() {
    let (mut hour, now) = hour(2);
    hour.ask(&ask("a", now), 1, now).unwrap();
    hour.book(9, false, now).unwrap();
    assert!(hour.book(9, false, now).is_err());
    assert!(hour.wait(1, false, now).is_zero());
    hour.book(1, false, now).unwrap();
    hour.ledger.settle(false, now);
    hour.end_turn(1, now);
    hour.ask(&ask("b", now), 2, now).unwrap();
    assert!(hour.wait(3, false, now) > Duration::ZERO);
    // Unused, it goes back.
    hour.end_turn(2, now);
    assert!(hour.wait(3, false, now).is_zero());
}

#[test]
fn who_is_called_is_the_longest_waiting_one_and_it_is_called_once() {
    let (mut hour, now) = hour(1);
    hour.ask(&ask("a", now), 1, now).unwrap();
    run(&mut hour, 1, now);
    let early = now - Duration::from_secs(100);
    assert_eq!(hour.ask(&ask("late", now), 2, now), Err(WINDOW));
    assert_eq!(hour.ask(&ask("early", early), 3, now), Err(WINDOW));
    assert_eq!(hour.call(now), (vec![], Some(now + WINDOW)));
    let later = now + WINDOW;
    assert_eq!(hour.call(later).0, ["early"]);
    assert!(hour.call(later).0.is_empty());
    assert!(
        hour.ask(&ask("late", now), 4, later).is_err(),
        "not before it"
    );
    // It doesn't come, so the next one is called, an hour later at the latest.
    let (called, _) = hour.call(later + super::super::queue::COME);
    assert_eq!(called, ["late"]);
    hour.retire("late");
    assert_eq!(hour.call(later + WINDOW), (vec![], None));
}

#[test]
fn a_check_takes_what_nobody_waits_for() {
    let (mut hour, now) = hour(2);
    hour.ask(&ask("a", now), 1, now).unwrap();
    run(&mut hour, 1, now);
    hour.book(7, true, now).unwrap();
    hour.ledger.settle(false, now);
    // Two wait for the one that is left and the next.
    for (key, n) in [("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)] {
        let _ = hour.ask(&ask(key, now), n, now);
    }
    hour.end_turn(2, now);
    assert!(hour.wait(7, true, now) > Duration::ZERO);
    assert!(hour.book(7, true, now).is_err());
    assert!(hour.book(7, false, now).is_ok());
}

#[test]
fn a_read_whose_pages_do_not_fit_waits_until_they_do() {
    let (mut hour, now) = hour(5);
    hour.ask(&ask("small", now), 1, now).unwrap();
    run(&mut hour, 1, now);
    hour.ask(&ask("large", now), 2, now).unwrap();
    hour.book(2, false, now).unwrap();
    hour.ledger.settle(true, now);
    let no = hour.reserve_pages(2, Some("large"), 4, now);
    assert_eq!(no, Err(NoPages::Later(WINDOW)));
    hour.end_turn(2, now);
    // Its next turn is that of five at once, and those behind wait with it.
    assert!(hour.ask(&ask("large", now), 3, now).is_err());
    assert!(hour.ask(&ask("small", now), 4, now).is_err());
    let later = now + WINDOW;
    hour.ask(&ask("large", now), 5, later).unwrap();
    hour.book(5, false, later).unwrap();
    assert_eq!(hour.reserve_pages(5, Some("large"), 4, later), Ok(()));
    assert!(hour.ask(&ask("small", now), 6, later).is_err());
    assert!((0..4).all(|_| hour.book(5, false, later).is_ok()));
    assert!(hour.book(5, false, later).is_err());
    let never = |limit, learned| Err(NoPages::Never { limit, learned });
    assert_eq!(hour.reserve_pages(5, None, 5, later), never(5, false));
    hour.learn(5);
    assert_eq!(hour.reserve_pages(5, None, 4, later), never(4, true));
}

#[test]
fn few_runs_at_once() {
    let (mut hour, now) = hour(48);
    let keys: Vec<_> = (0..6).map(|n| format!("{n}")).collect();
    let asked = keys
        .iter()
        .zip(0..)
        .map(|(key, n)| hour.ask(&ask(key, now), n, now));
    assert_eq!(asked.filter(Result::is_ok).count(), RUNS);
    assert!(hour.call(now).0.is_empty());
    hour.end_turn(0, now);
    assert_eq!(hour.call(now).0, ["4"]);
}

#[test]
fn turns_that_use_no_query_hold_nobody_up() {
    let (mut hour, now) = hour(48);
    let claim = |hour: &mut Hour, run| {
        let asked = hour.ask(&ask("claims", now), run, now);
        hour.end_turn(run, now);
        asked
    };
    // Neither while the budget suffices...
    assert!((0..200).all(|run| claim(&mut hour, run).is_ok()));
    for n in 0..40 {
        let (key, interval) = (n.to_string(), Duration::from_secs(900));
        hour.demand(&key, Some((&key, interval)));
    }
    // ...nor while it is short.
    assert!((0..200).all(|run| claim(&mut hour, run).is_ok()));
    hour.ask(&ask("0", now), 1000, now).unwrap();
    run(&mut hour, 1000, now);
    let turns = (1..40).filter(|run| hour.ask(&ask("others", now), *run, now).is_ok());
    assert!(turns.count() < RUNS, "a query that was used takes its time");
}

#[test]
fn who_waits_for_the_end_of_a_run_looks_again_seldom() {
    let (mut hour, now) = hour(48);
    let asked: Vec<_> = (0..8)
        .map(|n| hour.ask(&ask(&n.to_string(), now), n, now))
        .collect();
    assert!(asked[RUNS..].iter().all(|asked| *asked == Err(BUSY)));
    // It is called all the same, once one ends.
    hour.end_turn(0, now);
    assert_eq!(hour.call(now).0, ["4"]);
}

#[test]
fn a_check_passes_a_saturated_project_after_two_hours() {
    let (mut hour, start) = (hour(4).0, Instant::now() + WINDOW * 24);
    let mut passed = Vec::new();
    // Eight ask again and again for four queries an hour; the check comes when it is told to.
    let mut check = start + Duration::from_secs(60);
    for minute in 0..12 * 60 {
        let now = start + Duration::from_secs(minute * 60);
        for n in 0..8 {
            if hour.ask(&ask(&n.to_string(), now), n, now).is_ok() {
                run(&mut hour, n, now);
            }
        }
        if now >= check {
            check = now + Duration::from_secs(60);
            match hour.book(9, true, now) {
                Ok(()) => {
                    hour.ledger.settle(true, now);
                    passed.push(minute);
                }
                Err(wait) => check = check.max(now + wait),
            }
        }
    }
    let apart = |pair: &[u64]| pair[1] - pair[0];
    assert!(passed.len() >= 3 && passed[0] >= 120, "{passed:?}");
    assert!(
        passed
            .windows(2)
            .map(apart)
            .all(|apart| (120..=240).contains(&apart)),
        "{passed:?}"
    );
}

#[test]
fn who_comes_along_with_a_read_holds_nobody_up() {
    let (mut hour, now) = hour(2);
    for (key, group) in [("one", "cohort"), ("other", "cohort"), ("behind", "alone")] {
        hour.demand(key, Some((group, WINDOW * 24)));
    }
    for n in 0..2 {
        hour.ask(&ask("before", now), n, now).unwrap();
        run(&mut hour, n, now);
    }
    for (key, n) in [("one", 2), ("other", 3), ("behind", 4)] {
        let waits = hour.ask(&ask(key, now - Duration::from_secs(10 - n)), n, now);
        assert_eq!(waits, Err(WINDOW), "{key}");
    }
    // Two queries are free again: one for both of the cohort, one for who is behind them.
    let later = now + WINDOW;
    assert_eq!(hour.ask(&ask("behind", now), 5, later), Ok(()));
}

#[test]
fn the_fair_cycle_allows_for_pages_that_count() {
    let (mut hour, now) = hour(48);
    let quarter = Duration::from_secs(900);
    for key in ["a", "b", "c"] {
        hour.demand(key, Some((key, quarter)));
    }
    assert_eq!(hour.stretched(quarter), None);
    for (key, n) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(hour.reserve_pages(n, Some(key), 5, now), Ok(()));
        hour.end_turn(n, now);
    }
    assert_eq!(hour.stretched(quarter), Some(Duration::from_secs(1350)));
    // The cohorts shrink to a page each.
    for (key, n) in [("a", 4), ("b", 5), ("c", 6)] {
        assert_eq!(hour.reserve_pages(n, Some(key), 0, now), Ok(()));
    }
    assert_eq!(hour.stretched(quarter), None);
}

#[test]
fn a_large_read_that_fails_has_its_turn_once_an_hour_has_no_other_retries() {
    let (mut hour, start) = hour(48);
    for n in 0..20 {
        let key = n.to_string();
        hour.demand(&key, Some((&key, WINDOW)));
    }
    hour.demand("large", Some(("large", WINDOW * 24)));
    hour.learn_need("large", 35);
    assert!(hour.cycle.is_none() && hour.allowance < 35);
    for retry in 1..=3 {
        let now = start + WINDOW * 2 * retry;
        let failing = Ask {
            failing: true,
            ..ask("large", start)
        };
        assert_eq!(hour.ask(&failing, retry.into(), now), Ok(()));
        for _ in 0..35 {
            hour.book(retry.into(), false, now).unwrap();
            hour.ledger.settle(true, now);
        }
        hour.end_turn(retry.into(), now);
    }
}

#[test]
fn a_read_that_never_fits_holds_nobody_up_and_may_try_again() {
    let (mut hour, now) = hour(48);
    for key in ["large", "small"] {
        hour.demand(key, Some((key, WINDOW)));
    }
    hour.ask(&ask("large", now), 1, now).unwrap();
    hour.book(1, false, now).unwrap();
    hour.ledger.settle(true, now);
    let never = hour.reserve_pages(1, Some("large"), 99, now);
    assert!(matches!(never, Err(NoPages::Never { .. })), "{never:?}");
    hour.end_turn(1, now);
    assert_eq!(hour.stretched(WINDOW), None);
    for (key, run) in [("large", 2), ("small", 3)] {
        assert_eq!(hour.ask(&ask(key, now), run, now), Ok(()), "{key}");
    }
}

#[test]
fn a_read_of_one_page_needs_nothing_more() {
    let (mut hour, now) = hour(5);
    hour.ask(&ask("a", now), 1, now).unwrap();
    hour.book(1, false, now).unwrap();
    // Another run was told to wait.
    hour.ledger.close(Some(Duration::from_secs(600)), now);
    hour.ledger.settle(true, now);
    assert_eq!(hour.reserve_pages(1, Some("a"), 0, now), Ok(()));
}

#[test]
fn who_waits_for_something_else_keeps_its_place() {
    let (mut hour, now) = hour(1);
    hour.ask(&ask("a", now), 1, now).unwrap();
    run(&mut hour, 1, now);
    let failing = Ask {
        failing: true,
        ..ask("failing", now)
    };
    assert!(hour.ask(&failing, 2, now).is_err());
    let later = now + WINDOW;
    assert_eq!(hour.call(later).0, ["failing"]);
    // It is called, and comes two minutes later: those who became due meanwhile are behind it.
    let minute = Duration::from_secs(60);
    hour.keep("failing", later + minute);
    hour.call(later + minute);
    let late = later + minute * 2 - Duration::from_secs(1);
    assert!(hour.ask(&ask("newer", late), 3, late).is_err());
    assert_eq!(hour.ask(&failing, 4, late), Ok(()));
}
