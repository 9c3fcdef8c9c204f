use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::http::testing::cut;

fn page_of(request: &Recorded) -> String {
    request.field("page").unwrap()
}

#[tokio::test]
async fn a_read_asks_for_every_page_with_every_filter() {
    let server = Server::start(|request| engage(request, 9)).await;
    let (client, budget) = client(&server);
    let ids = read(&client, &OPEN).await.unwrap();
    assert_eq!(ids, (0..9).map(|id| id.to_string()).collect::<Vec<_>>());
    assert_eq!(budget.remaining(), 47, "one query, whatever the pages");

    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    for request in &requests {
        assert_eq!(request.path, "/api/query/engage");
        assert_eq!(request.query, "project_id=7&workspace_id=9");
        let basic = "Basic bmFtZS4xYS5tcC1zZXJ2aWNlLWFjY291bnQ6Y2FuYXJ5LXNlY3JldA==";
        assert_eq!(request.headers["authorization"], basic);
        let field = |name| request.field(name);
        assert_eq!(field("filter_by_cohort").unwrap(), r#"{"id":4311}"#);
        assert_eq!(field("include_all_users").unwrap(), "false");
        assert_eq!(field("output_properties").unwrap(), r#"["$email"]"#);
        assert_eq!(field("page_size").unwrap(), "2");
        assert_eq!(field("limit"), None);
        let session = (page_of(request) != "0").then(|| "s-1".to_owned());
        assert_eq!(field("session_id"), session);
    }
}

#[tokio::test]
async fn whole_pages_are_followed_by_a_free_look_at_the_next_one() {
    // However that page's absence is answered.
    let absences: [Answers; 4] = [
        |request| engage(request, 4),
        |_| answer(400, r#"{"error":"no such page"}"#),
        |_| answer(404, ""),
        |_| answer(200, r#"{"error":"no such page"}"#),
    ];
    for absent in absences {
        let server = Server::start(move |request| match page_of(request).as_str() {
            "2" => absent(request),
            _ => engage(request, 4),
        })
        .await;
        let (client, budget) = client(&server);
        let members = read(&client, &OPEN).await.unwrap();
        assert_eq!(members.len(), 4);
        assert_eq!((server.requests().len(), budget.remaining()), (3, 47));
    }
    for total in [3, 0] {
        let server = Server::start(move |request| engage(request, total)).await;
        let members = read(&client(&server).0, &OPEN).await.unwrap();
        assert_eq!(members.len() as u64, total);
        assert_eq!(server.requests().len() as u64, total.div_ceil(2).max(1));
    }
}

#[tokio::test]
async fn a_total_that_is_too_low_is_an_incomplete_read() {
    // Page 0 and page 1 say four, but there are more.
    let rows: [Answers; 2] = [
        |request| engage(request, 5),
        |_| answer(200, r#"{"results":[{"$distinct_id":null}]}"#),
    ];
    for more in rows {
        let server = Server::start(move |request| match page_of(request).as_str() {
            "2" => more(request),
            _ => engage(request, 4),
        })
        .await;
        let (client, budget) = client(&server);
        let error = read(&client, &OPEN).await.unwrap_err();
        assert!(matches!(error, Error::IncompleteRead(_)), "{error}");
        assert_eq!((server.requests().len(), budget.remaining()), (6, 46));
    }
}

#[tokio::test]
async fn a_lost_session_is_read_once_more_and_then_given_up() {
    for (losses, expected) in [(1, Ok(3)), (9, Err(()))] {
        let lost = AtomicU32::new(0);
        let server = Server::start(move |request| match page_of(request).as_str() {
            "1" if lost.fetch_add(1, Ordering::Relaxed) < losses => answer(
                400,
                r#"{"error":"request for page in uncached query for params"}"#,
            ),
            _ => engage(request, 3),
        })
        .await;
        let (client, budget) = client(&server);
        let ids = read(&client, &OPEN).await;
        match (&ids, expected) {
            (Ok(ids), Ok(members)) => assert_eq!(ids.len(), members),
            (Err(Error::IncompleteRead(why)), Err(())) => {
                // In no word of Mixpanel's, which may name members by then.
                assert_eq!(why, "the session was lost")
            }
            _ => panic!("{ids:?}"),
        }
        assert_eq!(server.requests().len(), 4);
        assert_eq!(budget.remaining(), 46);
    }
}

#[tokio::test]
async fn what_does_not_add_up_is_never_returned() {
    let faults: [Answers; 5] = [
        // One member fewer than the total, one page twice, no results, an error, no id.
        |request| match page_of(request).as_str() {
            "1" => answer(200, r#"{"results":[{"$distinct_id":1}]}"#),
            _ => engage(request, 3),
        },
        |request| match page_of(request).as_str() {
            "1" => answer(
                200,
                r#"{"results":[{"$distinct_id":0},{"$distinct_id":1}]}"#,
            ),
            _ => engage(request, 4),
        },
        |request| match page_of(request).as_str() {
            "1" => answer(200, r#"{"status":"ok"}"#),
            _ => engage(request, 3),
        },
        |_| answer(200, r#"{"error":"canary-secret is wrong"}"#),
        |_| {
            answer(
                200,
                r#"{"page":0,"total":1,"results":[{"$properties":{}}]}"#,
            )
        },
    ];
    for fault in faults {
        let server = Server::start(fault).await;
        let error = read(&client(&server).0, &OPEN).await.unwrap_err();
        assert!(matches!(error, Error::IncompleteRead(_)), "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
        assert!(server.requests().len() <= 6);
    }
}

#[tokio::test]
async fn a_page_that_is_too_large_is_not_asked_for_again() {
    const LIMIT: usize = 512 << 20;
    for large in ["0", "1"] {
        let server = Server::start(move |request| {
            let mut answer = match page_of(request) == large {
                true => cut(""),
                false => return engage(request, 3),
            };
            let headers = answer.headers_mut();
            headers.insert("content-length", (LIMIT + 1).into());
            answer
        })
        .await;
        let error = read(&client(&server).0, &OPEN).await.unwrap_err();
        assert_eq!(error, Error::PageTooLarge { limit: LIMIT });
        let told = "is larger than 512 MiB: lower spec.mixpanel.pageSize of the connector";
        assert!(error.to_string().ends_with(told), "{error}");
        let asked = server.requests().len();
        assert_eq!(asked, 1 + large.parse::<usize>().unwrap());
    }
}

#[tokio::test]
async fn a_closed_gate_stops_before_the_next_page() {
    let server = Server::start(|request| engage(request, 9)).await;
    let asked = AtomicU32::new(0);
    let gate = || match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Ok(()),
        _ => Err(Stopped),
    };
    let error = read(&client(&server).0, &gate).await.unwrap_err();
    assert_eq!((error, server.requests().len()), (Error::Stopped, 1));
}

#[tokio::test]
async fn calls_can_be_spawned() {
    let server = Server::start(|request| engage(request, 3)).await;
    let (client, _) = client(&server);
    let ids = tokio::spawn(async move { read(&client, &OPEN).await });
    assert_eq!(ids.await.unwrap().unwrap().len(), 3);
}
