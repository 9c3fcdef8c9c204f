use super::*;
use crate::http::testing::cut;

/// Whether an error is the expected one.
type Is = fn(&Error) -> bool;

#[tokio::test]
async fn passing_faults_are_retried_and_queries_that_ran_count() {
    let server = Server::start(|request| match request.nth {
        0 => cut("{\"page\""),
        1 => answer(200, "<html>"),
        2 | 3 => answer(
            429,
            r#"{"error":"Query rate limit exceeded, concurrency limit"}"#,
        ),
        5 => answer(502, ""),
        _ => engage(request, 3),
    })
    .await;
    let (client, budget) = client(&server);
    assert_eq!(read(&client, &OPEN).await.unwrap().len(), 3);
    assert_eq!(server.requests().len(), 7);
    assert_eq!(
        budget.remaining(),
        48 - 3,
        "the 429s and the later page don't count"
    );
}

#[tokio::test]
async fn faults_that_last_end_after_three_queries_or_eight_attempts() {
    let cases: [(Answers, Is, usize, u32); 4] = [
        (
            |_| answer(500, ""),
            |e| matches!(e, Error::Unavailable { .. }),
            3,
            45,
        ),
        (
            |_| cut("{"),
            |e| matches!(e, Error::IncompleteRead(_)),
            3,
            45,
        ),
        (
            |_| answer(200, "<html>"),
            |e| matches!(e, Error::IncompleteRead(_)),
            2,
            46,
        ),
        (
            |_| answer(429, ""),
            |e| {
                matches!(
                    e,
                    Error::RateLimited {
                        hourly: false,
                        ours: false,
                        ..
                    }
                )
            },
            8,
            48,
        ),
    ];
    for (fault, expected, attempts, remaining) in cases {
        let server = Server::start(fault).await;
        let (client, budget) = client(&server);
        let error = read(&client, &OPEN).await.unwrap_err();
        assert!(expected(&error), "{error}");
        assert_eq!(
            (server.requests().len(), budget.remaining()),
            (attempts, remaining),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_later_page_that_fails_is_tried_eight_times() {
    let server = Server::start(|request| match request.field("page").as_deref() {
        Some("0") => engage(request, 3),
        _ => answer(500, ""),
    })
    .await;
    let (client, budget) = client(&server);
    let error = read(&client, &OPEN).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert_eq!((server.requests().len(), budget.remaining()), (1 + 8, 47));
}

#[tokio::test]
async fn a_budget_that_ends_during_the_retries_hides_no_error() {
    let server = Server::start(|_| answer(500, "")).await;
    for (share, attempts) in [(1, 1), (2, 2)] {
        let client = client_with(&server, &Budgets::default(), share);
        let before = server.requests().len();
        let error = client.cohorts().await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        assert_eq!(server.requests().len() - before, attempts);
        let error = client.cohorts().await.unwrap_err();
        assert!(matches!(error, Error::RateLimited { ours: true, .. }));
    }
}

#[tokio::test]
async fn permanent_errors_are_told_apart_without_a_retry() {
    let auth = r#"{"error":"Unable to authenticate request"}"#;
    // A refusal may be one of the page size: the read asks once more without it.
    let cases: [(u16, &'static str, Is, usize, u32); 8] = [
        (
            400,
            auth,
            |e| matches!(e, Error::InvalidCredentials(_)),
            2,
            46,
        ),
        (400, "{}", |e| matches!(e, Error::Refused(_)), 3, 45),
        (
            401,
            "{}",
            |e| matches!(e, Error::InvalidCredentials(_)),
            2,
            48,
        ),
        (
            402,
            "Your plan does not",
            |e| matches!(e, Error::PlanWithoutApi(_)),
            2,
            48,
        ),
        (403, "{}", |e| matches!(e, Error::Forbidden(_)), 2, 46),
        (404, "", |e| matches!(e, Error::NotFound(_)), 2, 46),
        (418, "", |e| matches!(e, Error::Refused(_)), 3, 45),
        (302, "", |e| matches!(e, Error::Unavailable { .. }), 2, 46),
    ];
    for (status, body, expected, requests, remaining) in cases {
        let server = Server::start(move |_| answer(status, body)).await;
        let (client, budget) = client(&server);
        for error in [
            read(&client, &OPEN).await.unwrap_err(),
            client.cohorts().await.unwrap_err(),
        ] {
            assert!(expected(&error), "{status}: {error}");
            assert!(error.to_string().contains("Mixpanel"));
        }
        assert_eq!(
            (server.requests().len(), budget.remaining()),
            (requests, remaining),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_used_up_hour_closes_the_window_for_all() {
    let server = Server::start(|_| {
        let mut limited = answer(429, r#"{"error":"Query rate limit exceeded"}"#);
        for (name, value) in [
            (
                "ratelimit-policy",
                r#""project";q=10;w=3600, "project-concurrency";q=5"#,
            ),
            (
                "ratelimit",
                r#""project";r=0;t=3600, "project-concurrency";r=3"#,
            ),
            ("retry-after", "900"),
        ] {
            limited.headers_mut().insert(name, value.parse().unwrap());
        }
        limited
    })
    .await;
    let (client, budget) = client(&server);
    let error = client.cohorts().await.unwrap_err();
    let wait = std::time::Duration::from_secs(900);
    let limited = |ours| Error::RateLimited {
        ours,
        hourly: true,
        retry_after: Some(wait),
    };
    assert_eq!(error, limited(false));
    let error = read(&client, &OPEN).await.unwrap_err();
    assert!(matches!(error, Error::RateLimited { ours: true, .. }));
    assert!(error.retry_after().unwrap() <= wait);
    assert_eq!((server.requests().len(), budget.remaining()), (1, 0));
}

#[tokio::test]
async fn cohorts_are_listed_and_their_existence_is_proven() {
    const LIST: &str = r#"[{"id":1,"project_id":7,"name":"One","count":150,"data_group_id":null},
                           {"id":2,"name":"Groups","data_group_id":-5}]"#;
    let server = Server::start(|request| match request.path.as_str() {
        "/api/query/cohorts/list" => answer(200, LIST),
        "/api/app/projects/7/cohorts/1" => {
            answer(200, r#"{"status":"ok","results":{"id":1,"name":"One"}}"#)
        }
        "/api/app/projects/7/cohorts/2" => answer(404, "<html>"),
        "/api/app/projects/7/cohorts/3" => answer(404, r#"{"error":"no"}"#),
        "/api/app/projects/7/cohorts/5" => answer(404, ""),
        "/api/app/projects/7/cohorts/6" => answer(404, r#"["error"]"#),
        "/api/app/projects/7/cohorts/7" => answer(404, r#"{"message":"no route"}"#),
        _ => answer(
            200,
            r#"{"status":"ok","results":{"id":99,"name":"Another"}}"#,
        ),
    })
    .await;
    let (client, budget) = client(&server);
    let cohorts = client.cohorts().await.unwrap();
    assert_eq!((cohorts[0].count, cohorts[0].group), (Some(150), false));
    assert!(cohorts[1].group);
    for no_word_of_it in [2, 5, 6, 7] {
        let found = client.cohort(no_word_of_it).await;
        assert_eq!(found, Existence::Unknown, "{no_word_of_it}");
    }
    assert_eq!(client.cohort(3).await, Existence::Absent);
    assert_eq!(client.cohort(4).await, Existence::Unknown, "another id");
    assert_eq!(client.prove(1, true).await.unwrap().unwrap().name, "One");
    assert_eq!(client.prove(3, false).await.unwrap(), None);
    assert_eq!(budget.remaining(), 47, "the App API costs nothing");
    assert_eq!(
        client.prove(2, false).await.unwrap().as_ref(),
        Some(&cohorts[1])
    );
    assert_eq!(client.prove(4, false).await.unwrap(), None);
    assert_eq!(budget.remaining(), 45);
    // Rows were read: the App API alone proves nothing.
    assert_eq!(client.prove(3, true).await.unwrap(), None);
    assert_eq!(budget.remaining(), 44);
}

#[tokio::test]
async fn an_existence_that_cannot_be_proven_is_unavailable() {
    for status in [400, 404, 503] {
        let server = Server::start(move |request| match request.path.as_str() {
            "/api/query/cohorts/list" => answer(status, ""),
            _ => answer(500, ""),
        })
        .await;
        let error = client(&server).0.prove(1, false).await.unwrap_err();
        assert!(
            matches!(error, Error::Unavailable { .. }),
            "{status}: {error}"
        );
    }
}
