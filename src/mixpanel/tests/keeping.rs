//! What is kept of a budget's window, when, and what waits for it.

use std::time::Duration;

use super::budget::{ask, base, seat, waiting};
use super::*;

#[tokio::test]
async fn a_query_waits_until_it_is_kept_and_another_process_knows_it() {
    let (budgets, base) = (Budgets::default(), base());
    let seat = seat(&base, "connector", 5);
    budgets.join(&seat);
    ask(&budgets.of(&seat)).await.unwrap();
    for unkept in budgets.unkept(9).await {
        unkept.done();
    }
    assert!(budgets.unkept_now(9).is_empty());
    let budget = budgets.of(&seat);
    let (second, third) = (budget.clone(), budget.clone());
    let second = tokio::spawn(async move { second.query(&OPEN).await.map(drop) });
    let third = tokio::spawn(async move { third.query(&OPEN).await.map(drop) });
    while budget.remaining() > 2 {
        tokio::task::yield_now().await;
    }
    let unkept = budgets.unkept(9).await;
    assert_eq!(unkept.len(), 1, "one write for both");
    assert!(!second.is_finished() && !third.is_finished());
    assert_eq!(
        (unkept[0].host.as_str(), unkept[0].project),
        ("mixpanel.com", 7)
    );
    budget.note_refused_page_size(9);
    let later = Budgets::default();
    assert!(later.restore(&unkept[0].json) && !later.restore(b"{}"));
    unkept.into_iter().for_each(Unkept::done);
    second.await.unwrap().unwrap();
    third.await.unwrap().unwrap();
    later.join(&seat);
    assert_eq!(later.of(&seat).remaining(), 2);
    let last = Budgets::default();
    assert!(
        budgets
            .unkept_now(9)
            .iter()
            .all(|unkept| last.restore(&unkept.json))
    );
    assert_eq!(
        last.of(&seat).counted_in.unwrap().hour().refused_page_size,
        Some(9)
    );
}

#[tokio::test]
async fn a_window_is_kept_only_where_it_changed() {
    let (budgets, base) = (Budgets::default(), base());
    let seat = seat(&base, "connector", 2);
    budgets.join(&seat);
    let budget = budgets.of(&seat);
    let unkept = || {
        let unkept = budgets.unkept_now(9);
        let any = !unkept.is_empty();
        unkept.into_iter().for_each(Unkept::done);
        any
    };
    let turns = ["a/a", "a/b"].map(|key| budget.turn(&waiting(key)).unwrap());
    budget.turn(&waiting("a/c")).unwrap_err();
    drop(turns);
    budgets.admit("a/c", "group", &budget, Some(Duration::from_secs(60)));
    budgets.leave_queue("a/c");
    budgets.retire("a/c");
    drop(budget.reserve_pages(0).unwrap());
    assert!(!unkept(), "nothing that a restart must know");
    budget.learn(60);
    assert!(unkept());
    budget.learn(60);
    assert!(!unkept(), "no news");
    budget.note_refused_page_size(9);
    assert!(unkept());
    budget.note_refused_page_size(9);
    assert!(!unkept(), "no news");
    let permit = budget.query(&OPEN).await.unwrap();
    assert!(unkept());
    drop(permit);
    assert!(unkept());
    budget.close(None);
    assert!(unkept());
}

#[tokio::test]
async fn a_slow_write_holds_up_its_own_project_only() {
    let (budgets, base) = (Budgets::default(), base());
    let others = [7, 8, 9].map(|project| Seat {
        project,
        ..seat(&base, "connector", 5)
    });
    let budget = |seat| budgets.trial(seat).counted_in.unwrap();
    let [first, second, third] = others.each_ref().map(budget);
    first.touch();
    let slow = budgets.unkept(9).await;
    first.touch();
    second.touch();
    third.touch();
    let one = budgets.unkept(1).await;
    let rest = budgets.unkept(9).await;
    assert_eq!((one.len(), rest.len()), (1, 1));
    assert!(one.iter().chain(&rest).all(|unkept| unkept.project != 7));
    assert!(budgets.unkept_now(9).is_empty());
    slow.into_iter().for_each(Unkept::done);
    assert_eq!(budgets.unkept(9).await[0].project, 7, "what came since");
}

#[tokio::test]
async fn a_store_that_is_away_stops_no_query() {
    let (budgets, base) = (Budgets::default(), base());
    let seat = seat(&base, "connector", 5);
    budgets.join(&seat);
    ask(&budgets.of(&seat)).await.unwrap();
    let _taken = budgets.unkept(9).await;
    ask(&budgets.of(&seat)).await.unwrap();
}
