use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Whether an error is the expected one.
type Is = fn(&Error) -> bool;

#[tokio::test]
async fn a_taken_name_is_told_and_a_list_without_replace_is_completed_once() {
    let taken = r#"{"status":"fail","error":"duplicate_name"}"#;
    for (status, body) in [(200, taken), (409, taken), (400, "duplicate_name")] {
        let server = Server::start(vendor(move |r| {
            answer(if is_put(r) { 200 } else { status }, body)
        }))
        .await;
        let error = replace_list(&client(&server), false, &OPEN)
            .await
            .unwrap_err();
        assert_eq!((error, server.requests().len()), (Error::SegmentExists, 3));
    }
    // CleverTap may have acted on a 500: the name could then be ours. On a 429 it hasn't.
    let status = AtomicUsize::new(429);
    let server = Server::start(vendor(move |request| match is_put(request) {
        true => answer(200, ""),
        false => answer(status.swap(500, Ordering::Relaxed) as u16, ""),
    }))
    .await;
    let error = replace_list(&client(&server), false, &OPEN)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert_eq!(server.paths()[2..], [COMPLETE; 2]);
}

#[tokio::test]
async fn refusals_are_told_apart_without_secrets_or_members() {
    let cases: [(u16, &'static str, Is, usize); 8] = [
        (
            401,
            "Passcode Invalid",
            |e| matches!(e, Error::InvalidCredentials(_)),
            1,
        ),
        (403, "no", |e| matches!(e, Error::Forbidden(_)), 1),
        (404, "no", |e| matches!(e, Error::Refused(_)), 1),
        (
            200,
            "stop the campaign",
            |e| matches!(e, Error::Refused(_)),
            1,
        ),
        (
            400,
            "Malformed request",
            |e| matches!(e, Error::Refused(_)),
            2,
        ),
        (302, "", |e| matches!(e, Error::Unavailable { .. }), 1),
        (501, "", |e| matches!(e, Error::Unavailable { .. }), 1),
        (504, "", |e| matches!(e, Error::Unavailable { .. }), 8),
    ];
    for (status, text, expected, attempts) in cases {
        let server = Server::start(vendor(move |request| match is_put(request) {
            true => answer(200, ""),
            false => {
                let url = json_of(request)["url"].clone();
                let url = url.as_str().unwrap();
                let error = format!("{text}: canary-passcode u-1 (a,b) {url} admin@example.com");
                let body = json!({"status": "fail", "error": error, "code": status});
                answer(status, &body.to_string())
            }
        }))
        .await;
        let error = replace_list(&client(&server), true, &OPEN)
            .await
            .unwrap_err();
        assert!(expected(&error), "{status}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("CleverTap") && shown.contains(text));
        for private in ["canary", "u-1", "a,b", "@example"] {
            assert!(!shown.contains(private), "{shown}");
        }
        assert_eq!(server.requests().len(), 2 + attempts, "{status}");
    }
}

#[tokio::test]
async fn a_check_is_step_1_and_names_all_three_possibilities() {
    let server = Server::start(vendor(|_| answer(500, ""))).await;
    client(&server).check().await.unwrap();
    assert_eq!(server.paths(), [URL]);
    let refused = r#"{ "status" : "fail" , "error" : "Account ID is not valid" , "code" : 401}"#;
    let server = Server::start(move |_| answer(401, refused)).await;
    let error = client(&server).check().await.unwrap_err().to_string();
    for part in [
        "Project ID",
        "Passcode",
        "Datacenter",
        "Account ID is not valid",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let error = with_passcode(&server, "line\nbreak")
        .check()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::InvalidCredentials(_)));
    assert_eq!(
        server.requests().len(),
        1,
        "what no header can carry isn't sent"
    );
}
