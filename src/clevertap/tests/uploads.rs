use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;

use super::*;
use crate::domain::scalar::Scalar;
use crate::http::testing::cut;

const OK: Outcome = Outcome::Accepted;
const UNTOLD: Outcome = Outcome::Rejected { code: None };

fn no(code: u16) -> Outcome {
    Outcome::Rejected { code: Some(code) }
}

fn batch(ids: &[&str]) -> Sealed {
    let mut batch = Batch::new();
    for id in ids {
        let pushed = batch.push(id, &[], |_| None);
        assert_eq!(pushed, Pushed::Added { dropped: 0 });
    }
    batch.seal()
}

fn ids_of(request: &Recorded) -> Vec<String> {
    let body = json_of(request);
    let ids = body["d"].as_array().unwrap().iter();
    ids.map(|record| record["identity"].as_str().unwrap().to_owned())
        .collect()
}

/// Rejects the records whose identity names a code; says of which record by `tell`.
fn upload(request: &Recorded, tell: impl Fn(usize, &str) -> Value) -> Response {
    let ids = ids_of(request);
    let code = |id: &str| id.parse::<u16>().ok();
    let failed = ids.iter().enumerate().filter_map(|(at, id)| {
        let mut failure = tell(at + 1, id);
        failure["code"] = code(id)?.into();
        Some(failure)
    });
    let failed: Vec<_> = failed.collect();
    let body =
        json!({"status": "partial", "processed": ids.len() - failed.len(), "unprocessed": failed});
    answer(200, &body.to_string())
}

fn by_number(number: usize, _: &str) -> Value {
    json!({"error": format!("Skipped record number : {number}")})
}

#[tokio::test]
async fn each_record_gets_its_outcome_in_one_call() {
    let server = Server::start(|request| upload(request, by_number)).await;
    let mut ids = vec!["a"; 1000];
    (ids[7], ids[500], ids[999]) = ("515", "duplicate_name", "516");
    let outcomes = client(&server).upload(&batch(&ids), &OPEN).await.unwrap();
    let mut expected = vec![OK; 1000];
    (expected[7], expected[999]) = (no(515), no(516));
    assert_eq!(outcomes, expected);
    assert_eq!(server.paths(), ["/1/upload"]);
    assert_eq!(ids_of(&server.requests()[0]), ids);
    let outcomes = client(&server).upload(&batch(&[]), &OPEN).await.unwrap();
    assert!(outcomes.is_empty() && server.requests().len() == 1);
}

#[tokio::test]
async fn a_failure_that_names_nobody_is_searched_for() {
    let server = Server::start(|request| upload(request, |_, _| json!({"error": "?"}))).await;
    let ids = ["a", "b", "520", "c", "d", "e", "f", "g"];
    let outcomes = client(&server).upload(&batch(&ids), &OPEN).await.unwrap();
    let expected = ids.map(|id| if id == "520" { no(520) } else { OK });
    assert_eq!(outcomes, expected);
    assert_eq!(server.requests().len(), 7, "by halves");
}

#[tokio::test]
async fn only_what_met_a_server_error_is_sent_again() {
    let server = Server::start(|request| match request.nth {
        0 => upload(request, by_number),
        _ => answer(
            200,
            r#"{"status":"success","processed":2,"unprocessed":[]}"#,
        ),
    })
    .await;
    let ids = ["a", "555", "516", "555"];
    let outcomes = client(&server).upload(&batch(&ids), &OPEN).await.unwrap();
    assert_eq!(outcomes, [OK, OK, no(516), OK]);
    assert_eq!(ids_of(&server.requests()[1]), ["555", "555"]);

    let server = Server::start(|request| upload(request, by_number)).await;
    let outcomes = client(&server).upload(&batch(&ids), &OPEN).await.unwrap();
    assert_eq!(outcomes, [OK, Outcome::Pending, no(516), Outcome::Pending]);
    assert_eq!(server.requests().len(), 8);
}

#[tokio::test]
async fn the_record_that_spoils_a_body_is_found() {
    for (status, words, most) in [(400, "Malformed request", 23), (413, "too large", 21)] {
        let server = Server::start(move |request| match ids_of(request) {
            ids if ids.iter().any(|id| id == "poison") => answer(
                status,
                &json!({"status": "fail", "error": words}).to_string(),
            ),
            _ => upload(request, by_number),
        })
        .await;
        let mut ids = vec!["a"; 1000];
        (ids[998], ids[3]) = ("poison", "515");
        let outcomes = client(&server).upload(&batch(&ids), &OPEN).await.unwrap();
        let mut expected = vec![OK; 1000];
        (expected[998], expected[3]) = (UNTOLD, no(515));
        assert_eq!(outcomes, expected);
        let requests = server.requests().len();
        assert!(requests <= most, "{requests}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_call_is_no_records_fault() {
    let ids = ["a", "b", "c", "d"];
    for (status, requests) in [(401, 1), (403, 1), (404, 1), (409, 1), (422, 1)] {
        let server =
            Server::start(move |_| answer(status, r#"{"status":"fail","error":"no"}"#)).await;
        client(&server)
            .upload(&batch(&ids), &OPEN)
            .await
            .unwrap_err();
        assert_eq!(server.requests().len(), requests, "{status}");
    }
    let server = Server::start(|_| answer(400, r#"{"error":"Malformed request"}"#)).await;
    let error = client(&server)
        .upload(&batch(&ids), &OPEN)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert!(server.requests().len() < 9);
}

#[tokio::test]
async fn batches_are_retried_whole() {
    let lost = Mutex::new(vec![
        answer(
            200,
            r#"{"status":"partial","processed":0,"unprocessed":[]}"#,
        ),
        answer(429, ""),
        answer(400, r#"{"error":"Malformed request"}"#),
        cut("{"),
    ]);
    let server = Server::start(move |request| match lost.lock().unwrap().pop() {
        Some(fault) => fault,
        None => upload(request, |_, _| Value::Null),
    })
    .await;
    let outcomes = client(&server).upload(&batch(&["a", "b"]), &OPEN).await;
    assert_eq!(
        (outcomes.unwrap(), server.requests().len()),
        (vec![OK; 2], 5)
    );
}

#[tokio::test]
async fn calls_that_are_one_too_many_lower_the_ceiling_and_lose_nobody() {
    let server = Server::start(|request| match request.nth {
        0..20 => answer(429, r#"{"error":"Too many concurrent requests"}"#),
        _ => upload(request, by_number),
    })
    .await;
    let client = client(&server);
    assert_eq!(client.concurrent_uploads(), 12);
    let sent = batch(&["a", "515"]);
    let uploads = (0..12).map(|_| client.upload(&sent, &OPEN));
    for outcomes in join_all(uploads).await {
        assert_eq!(outcomes.unwrap(), [OK, no(515)]);
    }
    assert!(client.concurrent_uploads() < 4);
}

#[tokio::test]
async fn accounts_that_pause_hold_up_no_other() {
    let server =
        Server::start(
            |request| match request.headers["x-clevertap-account-id"] == "HUNG" {
                true => {
                    let mut busy = answer(503, "");
                    busy.headers_mut().insert("retry-after", 20.into());
                    busy
                }
                false => upload(request, by_number),
            },
        )
        .await;
    let limits = Limits::default();
    let [hung, well] = ["HUNG", "WELL"].map(|name| of_account(&server, name, "pass", &limits));
    let large = "x".repeat(1_900_000);
    let large = batch(&[&large]);
    let pausing = join_all((0..4).map(|_| hung.upload(&large, &OPEN)));
    let asked = AtomicUsize::new(0);
    // Waiting asks about each second: who waits for the others is stopped.
    let gate = || match asked.fetch_add(1, Ordering::Relaxed) {
        0..3 => Ok(()),
        _ => Err(Stopped),
    };
    let uploaded = async {
        while server.requests().len() < 4 {
            tokio::task::yield_now().await;
        }
        assert_eq!(well.concurrent_uploads(), 1, "one, however full it is");
        well.upload(&large, &gate).await
    };
    tokio::select! {
        ended = pausing => panic!("they pause for longer: {ended:?}"),
        outcomes = uploaded => assert_eq!(outcomes.unwrap(), [OK]),
    }
}

#[tokio::test]
async fn a_refusal_repeats_nothing_of_the_users() {
    let refused = r#"{"status":"fail","code":"515","error":"U-1 with 77, Nobody of PRO plan and 14155550100 is bad: code 515"}"#;
    let server = Server::start(move |_| answer(200, refused)).await;
    let wanted = ["age", "$first_name", "$last_name", "plan", "$phone"].map(str::to_owned);
    let values = [
        "77",
        "\"Nobody\"",
        "\"Atall\"",
        "\"pro\"",
        "\"+14155550100\"",
    ];
    let mut batch = Batch::new();
    batch.push("u-1", &wanted, |i| Some(Scalar::parse(values[i])));
    let error = client(&server)
        .upload(&batch.seal(), &OPEN)
        .await
        .unwrap_err();
    let shown = "[redacted] with [redacted], [redacted] of [redacted] plan and [redacted] is bad: \
                 code 515";
    assert!(
        matches!(&error, Error::Refused(said) if said.text() == shown),
        "{error}"
    );
}

#[tokio::test]
async fn uploads_can_be_spawned_and_stopped() {
    let server = Server::start(|_| answer(500, "")).await;
    let asked = AtomicUsize::new(0);
    let client = client(&server);
    let run = tokio::spawn(async move {
        let gate = || match asked.fetch_add(1, Ordering::Relaxed) {
            0..3 => Ok(()),
            _ => Err(Stopped),
        };
        client.upload(&batch(&["a"]), &gate).await
    });
    assert_eq!(run.await.unwrap(), Err(Error::Stopped));
}
