//! Profile upload and look-up.

use mixtap::sandbox::{
    calls::Group,
    clevertap::UnknownProfile,
    faults::{Action, Fault},
};
use serde_json::{Value, json};

use crate::{Account, answer, sandbox};

fn record(identity: &str, data: Value) -> Value {
    json!({ "type": "profile", "identity": identity, "ts": 1_760_000_000, "profileData": data })
}

#[tokio::test]
async fn profiles_are_made_and_changed() {
    let account = Account::new();
    let (status, body) = account
        .upload(json!([
            record("a", json!({ "Name": "A", "plan": 1 })),
            record("b", json!({}))
        ]))
        .await;
    assert_eq!(
        (status, body),
        (
            200,
            json!({ "status": "success", "processed": 2, "unprocessed": [] })
        )
    );
    account
        .upload(json!([record("a", json!({ "plan": 2 }))]))
        .await;
    let profile = sandbox().clevertap().profile(&account.id, "a").unwrap();
    assert_eq!(Value::Object(profile), json!({ "Name": "A", "plan": 2 }));
}

#[tokio::test]
async fn records_fail_one_by_one() {
    let account = Account::new();
    let many = |n: usize| "x".repeat(n);
    let records = json!([
        record("good", json!({ "Email": "good@example.com", "Phone": "+14155550100" })),
        record("77", json!({ "Email": "bad", "Phone": "+14155550100" })),
        record("phone", json!({ "Phone": "12345678" })),
        { "type": "profile", "profileData": {} },
        { "type": "profile", "identity": "two", "objectId": "ids", "profileData": {} },
        { "type": "other", "identity": "x" },
        { "type": "profile", "identity": "x", "ts": 0, "profileData": {} },
        record("long", json!({ "note": many(513) })),
        record("key", json!({ many(121): "v" })),
        record("list", json!({ "tags": ["a"] })),
    ]);
    let (status, body) = account.upload(records).await;
    assert_eq!(
        (status, &body["status"], &body["processed"]),
        (200, &json!("partial"), &json!(1))
    );
    let refused = body["unprocessed"].as_array().unwrap();
    let codes: Vec<_> = refused
        .iter()
        .map(|refused| refused["code"].as_u64().unwrap())
        .collect();
    assert_eq!(codes, [515, 516, 523, 523, 524, 525, 512, 512, 512]);
    assert_eq!(
        refused[0]["error"],
        "Profile data is incorrect. Email is not valid.Skipped record number : 2"
    );
    // The echo comes back re-typed.
    assert_eq!(refused[0]["record"]["identity"], json!(77));
    assert_eq!(
        refused[0]["record"]["profileData"]["Phone"],
        json!(14_155_550_100_u64)
    );
    let view = sandbox().clevertap().view(&account.id).unwrap();
    assert_eq!(view.profiles.keys().collect::<Vec<_>>(), ["good"]);

    let (_, body) = account
        .upload(json!([record("x", json!({ "Email": "bad" }))]))
        .await;
    assert_eq!(
        (&body["status"], &body["processed"]),
        (&json!("fail"), &json!(0))
    );
}

#[tokio::test]
async fn uploads_have_limits() {
    let account = Account::new();
    let records = |count: usize, size: usize| -> Value {
        let note = "x".repeat(size);
        (0..count)
            .map(|n| record(&format!("u{n}"), json!({ "note": note })))
            .collect()
    };
    assert_eq!(account.upload(records(1000, 1)).await.0, 200);
    assert_eq!(account.upload(records(1001, 1)).await.0, 400);
    let heavy = json!((0..1000).map(|n| record(&n.to_string(), json!({ "a": "x".repeat(500), "b": "x".repeat(500), "c": "x".repeat(500), "d": "x".repeat(500) }))).collect::<Vec<_>>());
    assert_eq!(account.upload(heavy).await.0, 413);
    assert_eq!(
        answer(account.post("/1/upload").body("{}")).await.0,
        400,
        "not declared as JSON"
    );
    assert_eq!(
        answer(account.post("/1/upload").json(&json!({ "x": [] })))
            .await
            .0,
        400
    );

    let wide = |from: usize| {
        (from..from + 200)
            .map(|n| (format!("p{n}"), json!(n)))
            .collect::<serde_json::Map<_, _>>()
    };
    let (_, body) = account
        .upload(json!([
            record("a", Value::Object(wide(0))),
            record("b", Value::Object(wide(200)))
        ]))
        .await;
    assert_eq!(
        (&body["processed"], &body["unprocessed"][0]["code"]),
        (&json!(1), &json!(522))
    );
}

#[tokio::test]
async fn fifteen_at_once_and_no_sixteenth() {
    let account = Account::new();
    let faults = sandbox().faults();
    let hold = faults.add(
        Fault::new(Action::Hold {
            at: Default::default(),
        })
        .scope(&account.id),
    );
    let request = || account.post("/1/upload").json(&json!({ "d": [] }));
    let held: Vec<_> = (0..15).map(|_| tokio::spawn(request().send())).collect();
    assert!(faults.wait_hits(hold, 15).await);
    let response = request().send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert!(!response.headers().contains_key("retry-after"));
    // The lists have a limit of their own.
    faults.release(hold);
    for request in held {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(
        sandbox()
            .requests()
            .max_in_flight(&account.id, Group::Upload),
        16
    );
}

#[tokio::test]
async fn one_profile_is_shown() {
    let account = Account::new();
    sandbox()
        .clevertap()
        .add_known(&account.id, ["a b"])
        .unwrap();
    let url = sandbox().clevertap_url().join("/1/profile.json").unwrap();
    let get = |query: &[(&str, &str)]| account.sign(account.http.get(url.clone()).query(query));
    let (status, body) = answer(get(&[("identity", "a b")])).await;
    assert_eq!((status, &body["record"]["identity"]), (200, &json!("a b")));
    assert_eq!(answer(get(&[])).await.0, 400);
    assert_eq!(
        answer(get(&[("identity", "a"), ("email", "a@example.com")]))
            .await
            .0,
        400
    );
    assert_eq!(
        answer(get(&[("identity", "a b")]).header("Content-Type", "application/json"))
            .await
            .0,
        400
    );
    let mut seen = vec![];
    for way in [
        UnknownProfile::Missing,
        UnknownProfile::Null,
        UnknownProfile::Empty,
        UnknownProfile::Fail,
    ] {
        sandbox()
            .clevertap()
            .update_account(&account.id, |settings| settings.unknown_profile = way)
            .unwrap();
        let (_, body) = answer(get(&[("identity", "nobody")])).await;
        seen.push((
            body["status"].as_str().unwrap().to_owned(),
            body.get("record").cloned(),
        ));
    }
    let success = || "success".to_owned();
    let expected = [
        (success(), None),
        (success(), Some(Value::Null)),
        (success(), Some(json!({}))),
        ("fail".into(), None),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn one_record_meets_trouble() {
    let account = Account::new();
    let trouble = Action::FailRecord {
        record: 2,
        code: 555,
    };
    sandbox()
        .faults()
        .add(Fault::new(trouble).scope(&account.id).times(1));
    let records = || json!([record("a", json!({})), record("b", json!({}))]);
    let (_, body) = account.upload(records()).await;
    assert_eq!(
        (&body["status"], &body["unprocessed"][0]["code"]),
        (&json!("partial"), &json!(555))
    );
    assert!(sandbox().clevertap().profile(&account.id, "b").is_err());
    assert_eq!(account.upload(records()).await.1["status"], "success");
}
