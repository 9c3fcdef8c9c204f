use std::sync::Mutex;

use super::uploads::{ids_of, upload};
use super::*;
use crate::http::testing::cut;

fn profiles(ids: &[&str]) -> Vec<Profile> {
    let profile = |id: &&str| Profile {
        identity: id.to_string(),
        data: Default::default(),
    };
    ids.iter().map(profile).collect()
}

const OK: Outcome = Outcome::Accepted;

fn no(code: u16) -> Outcome {
    Outcome::Rejected { code: Some(code) }
}

#[tokio::test]
async fn profiles_go_in_batches_and_failures_find_their_records() {
    let server = Server::start(|request| {
        upload(
            request,
            |number, _| json!({"error": format!("Skipped record number : {number}")}),
        )
    })
    .await;
    let mut ids = vec!["a"; 2100];
    (ids[7], ids[1500]) = ("515", "duplicate_name");
    ids[2099] = "516";
    let report = client(&server)
        .create_profiles(&profiles(&ids), &OPEN)
        .await
        .unwrap();
    let mut expected = vec![OK; 2100];
    (expected[7], expected[2099]) = (no(515), no(516));
    assert_eq!(report.outcomes, expected);
    let mut sizes: Vec<_> = server.requests().iter().map(|r| ids_of(r).len()).collect();
    sizes.sort_unstable();
    assert_eq!(
        (server.paths()[0].as_str(), sizes),
        ("/1/upload", vec![100, 1000, 1000])
    );
    assert!(
        client(&server)
            .create_profiles(&[], &OPEN)
            .await
            .unwrap()
            .outcomes
            .is_empty()
    );
}

#[tokio::test]
async fn a_failure_that_names_nobody_is_searched_for() {
    let server = Server::start(|request| upload(request, |_, _| json!({"error": "?"}))).await;
    let ids = ["a", "b", "520", "c", "d", "e", "f", "g"];
    let report = client(&server)
        .create_profiles(&profiles(&ids), &OPEN)
        .await
        .unwrap();
    let expected: Vec<_> = ids
        .iter()
        .map(|id| if *id == "520" { no(520) } else { OK })
        .collect();
    assert_eq!(report.outcomes, expected);
    assert_eq!(server.requests().len(), 7, "by halves");
}

#[tokio::test]
async fn records_that_met_a_server_error_are_sent_again() {
    let tell = |number, id: &str| json!({"error": format!("Skipped record number : {number}"), "record": {"identity": id}});
    let server = Server::start(move |request| match request.nth {
        0 => upload(request, tell),
        _ => answer(
            200,
            r#"{"status":"success","processed":1,"unprocessed":[]}"#,
        ),
    })
    .await;
    let all = profiles(&["a", "555", "516"]);
    let report = client(&server).create_profiles(&all, &OPEN).await.unwrap();
    assert_eq!(report.outcomes, [OK, OK, no(516)]);
    assert_eq!(ids_of(&server.requests()[1]), ["555"]);

    let server = Server::start(move |request| upload(request, tell)).await;
    let report = client(&server).create_profiles(&all, &OPEN).await.unwrap();
    assert_eq!(report.outcomes, [OK, no(555), no(516)]);
    assert_eq!(server.requests().len(), 8);
}

#[tokio::test]
async fn batches_are_retried_whole_and_end_in_an_error() {
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
    let report = client(&server)
        .create_profiles(&profiles(&["a", "b"]), &OPEN)
        .await
        .unwrap();
    assert_eq!((report.outcomes, server.requests().len()), (vec![OK; 2], 5));
}

#[tokio::test]
async fn a_refusal_repeats_nothing_of_the_users() {
    let refused = r#"{"status":"fail","code":"515","error":"U-1 with 77, Nobody of PRO plan and 14155550100 is bad: code 515"}"#;
    let server = Server::start(move |_| answer(200, refused)).await;
    let mut users = profiles(&["u-1"]);
    let data = json!({"age": 77, "Name": "Nobody Atall", "plan": "pro", "Phone": "+14155550100"});
    users[0].data = data.as_object().unwrap().clone();
    let error = client(&server)
        .create_profiles(&users, &OPEN)
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
async fn calls_can_be_spawned() {
    let server = Server::start(vendor(|request| match request.path.as_str() {
        "/1/upload" => upload(request, |_, _| Value::Null),
        _ => answer(200, DONE),
    }))
    .await;
    let client = client(&server);
    let run = tokio::spawn(async move {
        client.create_profiles(&profiles(&["a"]), &OPEN).await?;
        replace_list(&client, &list(true), &OPEN).await
    });
    assert!(run.await.unwrap().is_ok());
}
