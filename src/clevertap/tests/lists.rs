use super::*;
use crate::http::testing::cut;

#[tokio::test]
async fn a_list_is_replaced_by_three_calls() {
    let server = Server::start(vendor(|request| match is_put(request) {
        true => answer(204, ""),
        false => answer(200, DONE),
    }))
    .await;
    let accepted = replace_list(&client(&server), true, &OPEN).await.unwrap();
    assert_eq!(accepted.segment_id.as_deref(), Some("1234567890"));
    let requests = server.requests();
    assert_eq!(server.paths(), [URL, "/bucket/0", COMPLETE]);
    for request in [&requests[0], &requests[2]] {
        assert_eq!(request.headers["x-clevertap-account-id"], "TEST-1");
        assert_eq!(request.headers["x-clevertap-passcode"], "canary-passcode");
    }
    assert!(requests[0].body.is_empty() && !requests[0].headers.contains_key("content-type"));
    let put = &requests[1];
    assert_eq!(put.body, "Type,Identity\ni,u-1\ni,\"a,b\"\n");
    assert_eq!(put.headers["content-length"], put.body.len().to_string());
    for absent in [
        "content-type",
        "transfer-encoding",
        "x-clevertap-passcode",
        "x-clevertap-account-id",
    ] {
        assert!(!put.headers.contains_key(absent), "{absent}");
    }
    assert_eq!(requests[2].headers["content-type"], "application/json");
    let url = format!("{}bucket/0?sig=canary", server.url);
    let expected = json!({"name": "Mixpanel - Cart", "email": "admin@example.com",
        "filename": "cohort-4311.csv", "creator": "Growth team", "url": url, "replace": true});
    assert_eq!(json_of(&requests[2]), expected);
}

#[tokio::test]
async fn a_segment_id_is_text_of_a_bounded_length() {
    let (longest, too_long) = ("x".repeat(64), "x".repeat(65));
    for (given, expected) in [
        (json!(7), Some("7")),
        (json!(longest), Some(&*longest)),
        (json!(too_long), None),
        (json!(""), None),
        (json!({}), None),
    ] {
        let done = json!({"Segment ID": given, "status": "success"}).to_string();
        let server = Server::start(vendor(move |_| answer(200, &done))).await;
        let accepted = replace_list(&client(&server), true, &OPEN).await;
        assert_eq!(accepted.unwrap().segment_id.as_deref(), expected);
    }
}

#[tokio::test]
async fn every_step_is_retried_on_passing_faults() {
    let server = Server::start(|request: &Recorded| match request.nth {
        0 => answer(200, "URL not generated, Please come back later"),
        1 => answer(429, "{\"error\":\"Too many concurrent requests\"}"),
        3 => answer(503, "<Error><Code>SlowDown</Code></Error>"),
        5 => cut("{\"Segment ID\""),
        6 => answer(502, ""),
        7 => answer(400, r#"{"status":"fail","error":"Malformed request"}"#),
        _ => vendor(|_| answer(200, r#"{"status":"success"}"#))(request),
    })
    .await;
    let accepted = replace_list(&client(&server), true, &OPEN).await.unwrap();
    assert_eq!(accepted.segment_id, None, "accepted without an id");
    let put = "/bucket/2";
    assert_eq!(server.paths()[..5], [URL, URL, URL, put, put]);
    assert_eq!(server.paths()[5..], [COMPLETE; 4]);
}

#[tokio::test]
async fn an_expired_address_is_asked_for_anew_but_not_for_ever() {
    let refused = |code: &str| answer(403, &format!("<Error><Code>{code}</Code></Error>"));
    let server = Server::start(vendor(move |request| match request.path.as_str() {
        "/bucket/0" => refused("AccessDenied"),
        "/bucket/2" => answer(400, "<Error><Code>ExpiredToken</Code></Error>"),
        _ => answer(200, DONE),
    }))
    .await;
    replace_list(&client(&server), true, &OPEN).await.unwrap();
    assert_eq!(server.paths().last().unwrap(), COMPLETE);
    assert!(
        json_of(server.requests().last().unwrap())["url"]
            .as_str()
            .unwrap()
            .contains("bucket/4")
    );

    let server = Server::start(vendor(move |_| refused("AccessDenied"))).await;
    let error = replace_list(&client(&server), true, &OPEN)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn an_upload_the_storage_refuses_never_reaches_step_3() {
    let xml = "<Error><Code>EntityTooLarge</Code><Signed>canary</Signed></Error>";
    for (status, attempts) in [(400, 1), (411, 1), (302, 1), (500, 8)] {
        let server = Server::start(vendor(move |_| answer(status, xml))).await;
        let error = replace_list(&client(&server), true, &OPEN)
            .await
            .unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("EntityTooLarge") && !shown.contains("canary"),
            "{shown}"
        );
        assert_eq!(server.requests().len(), 1 + attempts, "{status}");
    }
}

#[tokio::test]
async fn an_address_inside_the_cluster_is_not_used() {
    for url in ["http://10.0.0.1/x", "https://169.254.169.254/x", "nonsense"] {
        let body = json!({"presignedS3URL": url, "status": "success"}).to_string();
        let server = Server::start(move |_| answer(200, &body)).await;
        let error = replace_list(&client(&server), true, &OPEN)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }) && !error.to_string().contains(url));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn the_gate_is_asked_before_each_attempt_and_can_stop_between_any_two() {
    for allowed in 0..4 {
        let server = Server::start(vendor(|request| match is_put(request) {
            true => answer(200, ""),
            false => answer(500, ""),
        }))
        .await;
        // Open until so many requests have arrived.
        let gate = || match server.requests().len() < allowed {
            true => Ok(()),
            false => Err(Stopped),
        };
        let error = replace_list(&client(&server), true, &gate)
            .await
            .unwrap_err();
        assert_eq!((error, server.requests().len()), (Error::Stopped, allowed));
    }
}
