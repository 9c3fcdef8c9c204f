use super::*;

/// What the client makes of this answer to a question for user `u-1`.
async fn asked(body: &'static str) -> Result<String, Error> {
    let server = Server::start(move |_| answer(200, body)).await;
    let (client, budget) = client(&server);
    let found = client.member(&query(), "u-1").await;
    assert_eq!(budget.remaining(), 47, "one query");
    let requests = server.requests();
    let [request] = &requests[..] else {
        panic!("{} requests", requests.len())
    };
    assert_eq!(request.field("distinct_id").as_deref(), Some("u-1"));
    assert_eq!(
        request.field("filter_by_cohort").as_deref(),
        Some(r#"{"id":4311}"#)
    );
    assert_eq!(request.field("include_all_users").as_deref(), Some("false"));
    found.map(|found| match found {
        Found::Member(batch) => {
            let raw = batch.members().next().unwrap().raw(0).map(str::to_owned);
            format!("member {raw:?}")
        }
        Found::Absent => "absent".into(),
        Found::Unclear => "unclear".into(),
    })
}

#[tokio::test]
async fn only_a_row_of_this_very_user_counts() {
    for (rows, expected) in [
        (r#"{"$distinct_id":"u-1"}"#, "member None"),
        (
            r#"{"$distinct_id":"u-1","$properties":{"$email":"a@example.com"}}"#,
            r#"member Some("\"a@example.com\"")"#,
        ),
        ("", "absent"),
        (r#"{"$distinct_id":"u-2"}"#, "unclear"),
        (
            r#"{"$distinct_id":"u-1"},{"$distinct_id":"u-2"}"#,
            "unclear",
        ),
    ] {
        let body = format!(r#"{{"results":[{rows}],"total":2,"status":"ok"}}"#);
        assert_eq!(asked(body.leak()).await.as_deref(), Ok(expected), "{rows}");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_not_repeated() {
    for body in [r#"{"error":"no user u-canary"}"#, "u-canary", "{}"] {
        let error = asked(body).await.unwrap_err().to_string();
        assert!(
            !error.contains("canary") && error.contains("answer"),
            "{error}"
        );
    }
}
