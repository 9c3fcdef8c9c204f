//! The Custom List calls and what becomes of the list.

use std::time::Duration;

use mixtap::sandbox::{
    calls::{Call, Group},
    clevertap::{Processing, Which},
    faults::{Action, Fault},
};
use serde_json::{Value, json};

use crate::{Account, answer, sandbox};

const NAME: &str = "Mixpanel - Cart, drop off";

#[tokio::test]
async fn a_list_in_three_calls() {
    let account = Account::new();
    let clevertap = sandbox().clevertap();
    clevertap
        .add_known(&account.id, ["a", "b,\"c", "d"])
        .unwrap();
    let csv = "Type,Identity\ni,a\ni,\"b,\"\"c\"\ni,stranger\ng,d\n";
    let (status, body) = account.send_list(NAME, csv, true).await;
    assert_eq!((status, &body["status"]), (200, &json!("success")));
    let segment = clevertap.segment(&account.id, NAME).unwrap();
    assert_eq!(body["Segment ID"], json!(segment.id));
    assert_eq!(segment.members, ["a", "b,\"c"], "unknown ids are dropped");
    assert_eq!(
        (segment.kind.as_str(), segment.processed, segment.failed),
        ("Custom List", 1, 0)
    );
    assert_eq!(
        clevertap.csv(&account.id, NAME, Which::Processed).unwrap(),
        csv
    );
    let mails = clevertap.mails(&account.id).unwrap();
    assert_eq!(
        (mails[0].to.as_str(), mails[0].ok),
        ("lists@example.com", true)
    );
    assert_eq!(mails[0].text, "2 of 4 users were found");

    let (_, again) = account.send_list(NAME, "Type,Identity\ni,d\n", true).await;
    assert_eq!(again["Segment ID"], body["Segment ID"]);
    let segment = clevertap.segment(&account.id, NAME).unwrap();
    assert_eq!(
        (segment.members, segment.history),
        (vec!["d".to_owned()], vec![2, 1])
    );
}

#[tokio::test]
async fn a_bad_file_is_accepted_and_fails_later() {
    let account = Account::new();
    let clevertap = sandbox().clevertap();
    clevertap.add_known(&account.id, ["a"]).unwrap();
    account.send_list(NAME, "Type,Identity\ni,a\n", true).await;
    let flaws = [
        "Identity\na\n",
        "\u{feff}Type,Identity\ni,a\n",
        "Type,Identity\r\ni,a\r\n",
        "Type,Identity\ni,a\ni,a\n",
        "Type,Identity\nx,a\n",
    ];
    for flaw in flaws {
        let (status, body) = account.send_list(NAME, flaw, true).await;
        assert_eq!((status, &body["status"]), (200, &json!("success")));
        assert_eq!(
            clevertap.csv(&account.id, NAME, Which::Uploaded).unwrap(),
            flaw
        );
    }
    let segment = clevertap.segment(&account.id, NAME).unwrap();
    assert_eq!(
        (segment.members, segment.processed, segment.failed),
        (vec!["a".to_owned()], 1, 5)
    );
    assert_eq!(
        clevertap.csv(&account.id, NAME, Which::Processed).unwrap(),
        "Type,Identity\ni,a\n"
    );
    let mails = clevertap.mails(&account.id).unwrap();
    assert_eq!(
        mails.iter().map(|mail| mail.ok).collect::<Vec<_>>(),
        [true, false, false, false, false, false]
    );

    // Nothing was put: accepted as well.
    let url = account.presigned().await;
    assert_eq!(answer(account.complete(NAME, &url, true)).await.0, 200);
    assert_eq!(clevertap.segment(&account.id, NAME).unwrap().failed, 6);
}

#[tokio::test]
async fn a_name_is_taken_even_by_a_failure() {
    let account = Account::new();
    account.send_list(NAME, "wrong\n", false).await;
    let duplicate = (
        400,
        json!({ "status": "fail", "error": "duplicate_name", "code": 400 }),
    );
    assert_eq!(
        account.send_list(NAME, "Type,Identity\n", false).await,
        duplicate
    );
    assert_eq!(
        account.send_list(NAME, "Type,Identity\n", true).await.0,
        200
    );
    // `replace` is false unless told.
    let url = account.presigned().await;
    let mut body = json!({ "name": NAME, "email": "lists@example.com", "filename": "f.csv", "creator": "c", "url": url });
    let complete = |body: &Value| {
        account
            .post("/upload_custom_list_segment_completed")
            .json(body)
    };
    assert_eq!(answer(complete(&body)).await, duplicate);
    body["email"] = json!("");
    assert_eq!(
        answer(complete(&body)).await.1["error"],
        "Malformed request"
    );
    assert_eq!(
        answer(account.complete(NAME, "https://example.com/x", true))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn processing_waits_when_told_so() {
    let account = Account::with(|settings| settings.processing = Processing::OnDemand);
    let clevertap = sandbox().clevertap();
    clevertap.add_known(&account.id, ["a"]).unwrap();
    account.send_list(NAME, "Type,Identity\ni,a\n", true).await;
    assert!(
        clevertap
            .segment(&account.id, NAME)
            .unwrap()
            .members
            .is_empty()
    );
    assert_eq!(clevertap.process_pending(&account.id), Ok(1));
    assert_eq!(clevertap.segment(&account.id, NAME).unwrap().members, ["a"]);
}

#[tokio::test]
async fn a_fresh_profile_may_be_seen_late() {
    let account = Account::with(|settings| settings.profile_lag = 1);
    let clevertap = sandbox().clevertap();
    account
        .upload(json!([{ "type": "profile", "identity": "new", "profileData": {} }]))
        .await;
    for expected in [0, 1] {
        account
            .send_list(NAME, "Type,Identity\ni,new\n", true)
            .await;
        assert_eq!(
            clevertap.segment(&account.id, NAME).unwrap().members.len(),
            expected
        );
    }
}

#[tokio::test]
async fn three_at_once_and_no_fourth() {
    let account = Account::new();
    let faults = sandbox().faults();
    let hold = faults.add(
        Fault::new(Action::Hold {
            at: Default::default(),
        })
        .scope(&account.id),
    );
    let held: Vec<_> = (0..3)
        .map(|_| tokio::spawn(account.post("/get_custom_list_segment_url").send()))
        .collect();
    assert!(faults.wait_hits(hold, 3).await);
    let response = account.complete(NAME, "x", true).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert!(!response.headers().contains_key("retry-after"));
    assert_eq!(
        crate::json_of(response).await["error"],
        "Too many concurrent requests"
    );
    faults.release(hold);
    for request in held {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(
        sandbox().requests().max_in_flight(&account.id, Group::List),
        4
    );
}

#[tokio::test]
async fn an_answer_lost_after_the_work() {
    let account = Account::new();
    let faults = sandbox().faults();
    let at = mixtap::sandbox::faults::Moment::AfterWork;
    let lost = faults.add(
        Fault::new(Action::Reset { at })
            .scope(&account.id)
            .call(Call::ListComplete)
            .nth(1),
    );
    let url = account.presigned().await;
    account
        .http
        .put(&url)
        .body("Type,Identity\n")
        .send()
        .await
        .unwrap();
    let request = account
        .complete(NAME, &url, true)
        .timeout(Duration::from_secs(30));
    assert!(request.send().await.is_err());
    assert_eq!(faults.hits(lost), 1);
    assert_eq!(
        sandbox()
            .clevertap()
            .segment(&account.id, NAME)
            .unwrap()
            .processed,
        1
    );
    assert_eq!(
        sandbox()
            .requests()
            .count_answered(&account.id, Call::ListComplete, 0),
        1
    );
}
