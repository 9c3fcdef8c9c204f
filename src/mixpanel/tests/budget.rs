//! Budgets as runs, checks and whoever keeps them use them.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use url::Url;

use super::super::budget::lock;
use super::*;

pub(super) fn base() -> Url {
    "https://mixpanel.com".parse().unwrap()
}

pub(super) fn seat<'a>(base: &'a Url, connector: &'a str, share: u32) -> Seat<'a> {
    Seat {
        connector,
        base,
        project: 7,
        share,
        every_page: false,
    }
}

pub(super) fn waiting(key: &str) -> Waiting<'_> {
    Waiting {
        key,
        due: Duration::ZERO,
        last: None,
        failing: false,
    }
}

pub(super) async fn ask(budget: &Budget) -> Result<(), Error> {
    budget.query(&OPEN).await.map(drop)
}

#[tokio::test]
async fn connectors_of_a_project_share_its_hour_and_the_smaller_share_rules() {
    let (budgets, base) = (Budgets::default(), base());
    let [large, small] = [seat(&base, "large", 48), seat(&base, "small", 2)];
    budgets.join(&large);
    budgets.join(&small);
    ask(&budgets.of(&large)).await.unwrap();
    ask(&budgets.of(&small)).await.unwrap();
    let error = ask(&budgets.of(&large)).await.unwrap_err();
    let ours = |error: &Error| {
        matches!(
            error,
            Error::RateLimited {
                ours: true,
                hourly: true,
                ..
            }
        )
    };
    assert!(ours(&error) && error.retry_after().unwrap() > Duration::from_secs(3500));
    assert!(
        budgets.of(&large).page(&OPEN).await.is_ok(),
        "pages are free"
    );
    budgets.leave("small");
    assert_eq!(budgets.of(&large).remaining(), 46);
    budgets.of(&large).query(&OPEN).await.unwrap().uncount();
    assert_eq!(budgets.of(&large).remaining(), 46);
    // To another project it takes nothing along.
    budgets.stay(&Seat {
        project: 8,
        ..large
    });
    budgets.join(&Seat {
        project: 8,
        ..large
    });
    assert_eq!(
        budgets
            .of(&Seat {
                project: 8,
                ..large
            })
            .remaining(),
        48
    );
}

#[tokio::test]
async fn who_is_not_connected_neither_drains_nor_lowers_nor_waits() {
    let (budgets, base) = (Budgets::default(), base());
    let [good, bogus] = [seat(&base, "good", 3), seat(&base, "bogus", 1)];
    budgets.join(&good);
    let check = budgets.trial(&bogus);
    check.learn(1);
    check.close(None);
    check
        .query(&OPEN)
        .await
        .err()
        .expect("its own hour is closed");
    assert_eq!(budgets.of(&good).remaining(), 3);
    // What Mixpanel counts is counted, though the project's hour is used up.
    for _ in 0..3 {
        ask(&budgets.of(&good)).await.unwrap();
    }
    let check = budgets.trial(&seat(&base, "new", 48));
    for _ in 0..6 {
        ask(&check).await.unwrap();
    }
    ask(&check).await.unwrap_err();
    budgets.join(&seat(&base, "new", 48));
    budgets.leave("good");
    assert_eq!(budgets.of(&seat(&base, "new", 48)).remaining(), 48 - 9);
    // Created anew, it has no new ones, be it by another name; elsewhere it has.
    budgets.forget("new");
    let anew = seat(&base, "anew", 48);
    ask(&budgets.trial(&anew)).await.unwrap_err();
    ask(&budgets.trial(&seat(&base, "third", 48)))
        .await
        .unwrap();
    budgets.forget("anew");
    let elsewhere = Seat {
        project: 8,
        ..seat(&base, "fourth", 48)
    };
    ask(&budgets.trial(&elsewhere)).await.unwrap();
}

#[tokio::test]
async fn exports_of_who_is_not_connected_keep_the_projects_limit() {
    let (budgets, base) = (Budgets::default(), base());
    let [good, new] = [seat(&base, "good", 3), seat(&base, "new", 48)];
    budgets.join(&good);
    let exports = budgets.of(&new);
    ask(&exports).await.unwrap();
    assert_eq!(budgets.of(&good).remaining(), 2);
    // What is reserved for others isn't theirs either.
    let turns = ["a/a", "a/b"].map(|key| budgets.of(&good).turn(&waiting(key)).unwrap());
    ask(&exports).await.unwrap_err();
    exports.turn(&waiting("b/a")).unwrap_err();
    drop(turns);
    drop(exports.turn(&waiting("b/a")).unwrap());
    for _ in 0..2 {
        ask(&budgets.of(&good)).await.unwrap();
    }
    ask(&exports).await.unwrap_err();
    assert_eq!(exports.remaining(), 5, "nothing was booked");
    ask(&budgets.trial(&new)).await.unwrap();
    // Its six an hour say nothing of how often its exports will run.
    let minute = Duration::from_secs(60);
    budgets.admit("b/a", "group", &exports, Some(minute));
    assert_eq!(exports.stretched(minute), None);
}

#[tokio::test]
async fn a_check_counts_in_the_project_what_good_credentials_would_be_counted_for() {
    let server = Server::start(|request| match request.nth {
        0 => answer(403, ""),
        1 => answer(400, ""),
        2 => answer(401, ""),
        3 => answer(503, ""),
        4 => crate::http::testing::cut("["),
        _ => answer(200, "[]"),
    })
    .await;
    let budgets = Budgets::default();
    let [good, bogus] = ["good", "bogus"].map(|name| seat(&server.url, name, 48));
    budgets.join(&good);
    let (mut check, _) = client(&server);
    check.budget = budgets.trial(&bogus);
    for (counted, used) in [(0, 1), (0, 2), (0, 2), (1, 3), (2, 4), (3, 5)] {
        let _ = check.cohorts().await;
        assert_eq!(budgets.of(&good).remaining(), 48 - counted);
        assert_eq!(check.budget.remaining(), 6 - used);
    }
    assert_eq!(server.requests().len(), 6, "an attempt each");
}

#[tokio::test]
async fn who_waits_is_told_when_its_turn_comes() {
    let (budgets, base) = (Budgets::default(), base());
    let seat = seat(&base, "connector", 1);
    budgets.join(&seat);
    let budget = budgets.of(&seat);
    let turn = budget.turn(&waiting("ns/first")).unwrap();
    let wait = budget.turn(&waiting("ns/second")).unwrap_err();
    assert!(wait >= Duration::from_secs(1));
    assert!(ask(&budget).await.is_err(), "it is reserved");
    let calling = tokio::spawn({
        let budgets = budgets.clone();
        async move { budgets.turns().await }
    });
    tokio::task::yield_now().await;
    assert!(!calling.is_finished());
    turn.budget().query(&OPEN).await.unwrap().uncount();
    drop(turn);
    assert_eq!(calling.await.unwrap(), ["ns/second"]);
    drop(budget.turn(&waiting("ns/second")).unwrap());
    // Exports that go leave no place behind.
    budgets.admit("ns/third", "group", &budget, Some(Duration::from_secs(60)));
    assert_eq!(
        budget.stretched(Duration::from_secs(60)),
        Some(Duration::from_secs(3600))
    );
    budgets.retire("ns/third");
    assert_eq!(budget.stretched(Duration::from_secs(60)), None);
}

#[tokio::test]
async fn pages_that_count_are_kept_for_their_read() {
    let (budgets, base) = (Budgets::default(), base());
    let seat = Seat {
        every_page: true,
        ..seat(&base, "connector", 5)
    };
    budgets.join(&seat);
    let turn = budgets.of(&seat).turn(&waiting("ns/read")).unwrap();
    let read = turn.budget();
    ask(read).await.unwrap();
    let pages = read.reserve_pages(4).unwrap();
    assert_eq!((read.remaining(), read.has(4)), (0, true));
    drop(read.page(&OPEN).await.unwrap());
    drop(pages);
    assert_eq!(read.remaining(), 3, "what it doesn't need goes back");
    let error = read.reserve_pages(4).unwrap_err();
    assert!(error.retry_after().is_some(), "{error:?}");
    let error = read.reserve_pages(5).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("raise spec.mixpanel.pageSize or"),
        "{error}"
    );
    // Otherwise nothing is.
    let free = Budget {
        every_page: false,
        ..read.clone()
    };
    free.reserve_pages(1000).unwrap();
}

#[tokio::test]
async fn at_most_four_at_once_and_a_waiting_call_can_be_stopped() {
    let budget = Budgets::default().get(&base(), 1, 48, true);
    let mut permits = Vec::new();
    for _ in 0..4 {
        permits.push(budget.page(&OPEN).await.unwrap());
    }
    assert_eq!(budget.remaining(), 44, "every page counts");
    let stopped = budget.page(&|| Err(Stopped)).await.err();
    assert_eq!(stopped, Some(Error::Stopped));
    permits.pop();
    budget.page(&OPEN).await.unwrap();
}

#[tokio::test]
async fn the_metric_is_one_series_a_project() {
    let budgets = Budgets::default();
    let mut registry = Registry::with_prefix("mixtap");
    registry.register_collector(Box::new(budgets.clone()));
    for (base, queries) in [
        ("https://mixpanel.com", 48),
        ("https://proxy.example.com", 9),
    ] {
        ask(&budgets.get(&base.parse().unwrap(), 1, queries, false))
            .await
            .unwrap();
    }
    // A project that nobody is known to have isn't shown.
    budgets.trial(&seat(&base(), "bogus", 48));
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    let series: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        series,
        [r#"mixtap_mixpanel_queries_remaining{project="1"} 8"#]
    );
}

#[tokio::test]
async fn unused_projects_are_forgotten_but_not_their_bookings() {
    let (budgets, base) = (Budgets::default(), base());
    let mut kept = seat(&base, "kept", 48);
    ask(&budgets.trial(&kept)).await.unwrap();
    for project in 8..800 {
        let other = Seat {
            project,
            ..seat(&base, "other", 48)
        };
        budgets.join(&other);
        budgets.leave("other");
    }
    assert!(lock(&budgets.all).projects.len() < 300);
    budgets.forget("kept");
    kept.share = 5;
    budgets.join(&kept);
    assert_eq!(budgets.of(&kept).remaining(), 4);
}
