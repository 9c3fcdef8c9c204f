//! The fault list, the record and the sandbox's own life.

use std::time::Duration;

use mixtap::sandbox::{
    Sandbox, SandboxOptions,
    calls::Call,
    faults::{Action, Fault, Moment},
};
use serde_json::json;

use crate::{Account, Project, http, ids, sandbox};

#[tokio::test]
async fn five_hundreds_then_success() {
    let project = Project::new().generated(1, 3);
    let fault = Fault::new(Action::answer(503, "busy"))
        .call(Call::Engage)
        .scope(project.id)
        .times(2);
    let id = sandbox().faults().add(fault);
    for expected in [503, 503, 200] {
        assert_eq!(
            project.engage(1, &[]).send().await.unwrap().status(),
            expected
        );
    }
    assert_eq!(sandbox().faults().hits(id), 2);
    assert_eq!(
        sandbox()
            .requests()
            .count_answered(project.id, Call::Engage, 503),
        2
    );
}

#[tokio::test]
async fn an_error_in_a_200_and_garbage() {
    let project = Project::new().generated(1, 3);
    let faults = sandbox().faults();
    faults.add(
        Fault::new(Action::error_in_200("query failed"))
            .scope(project.id)
            .nth(1),
    );
    faults.add(Fault::new(Action::garbage()).scope(project.id).nth(2));
    assert_eq!(
        project.page(1, &[]).await,
        (200, json!({ "error": "query failed" }))
    );
    let text = project
        .engage(1, &[])
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.starts_with('<'));
    assert_eq!(project.page(1, &[]).await.0, 200);
}

#[tokio::test]
async fn bodies_that_break_off_stall_or_dribble() {
    let project = Project::new().generated(1, 30);
    let faults = sandbox().faults();
    let cut = faults.add(Fault::new(Action::CutBody { after: 40 }).scope(project.id));
    let mut response = project.engage(1, &[]).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut got = 0;
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => got += chunk.len(),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(error.is_some() && got <= 40);
    faults.remove(cut);

    faults.add(
        Fault::new(Action::Dribble {
            chunk: 100,
            pause_ms: 1,
        })
        .scope(project.id)
        .times(1),
    );
    assert_eq!(ids(&project.page(1, &[]).await.1).len(), 30);

    let stall = faults.add(Fault::new(Action::StallBody { after: 40 }).scope(project.id));
    let mut response = project.engage(1, &[]).send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap().len(), 40);
    faults.release(stall);
    assert!(response.chunk().await.unwrap().is_some());
}

#[tokio::test]
async fn reads_that_do_not_add_up() {
    let project = Project::with(|settings| settings.page_size = 2).generated(1, 6);
    let faults = sandbox().faults();
    let second = async |action: Action| {
        let id = faults.add(Fault::new(action).scope(project.id).page(1));
        let (_, first) = project.page(1, &[]).await;
        let (status, second) = project.later_page(1, &first, 1).await;
        faults.remove(id);
        (
            status,
            if status == 200 {
                ids(&second).concat()
            } else {
                String::new()
            },
        )
    };
    assert_eq!(
        second(Action::ShiftRows { by: 1 }).await,
        (200, "u-000004u-000005".into())
    );
    assert_eq!(
        second(Action::ShiftRows { by: -1 }).await,
        (200, "u-000002u-000003".into())
    );
    assert_eq!(second(Action::HidePage).await, (200, String::new()));
    assert_eq!(
        second(Action::DuplicatePage).await,
        (200, "u-000001u-000002".into())
    );
    assert_eq!(second(Action::LoseSession).await, (400, String::new()));
    assert_eq!(
        second(Action::Delay { ms: 1 }).await,
        (200, "u-000003u-000004".into())
    );
}

#[tokio::test]
async fn a_held_request_outlives_its_client() {
    let account = Account::new();
    let faults = sandbox().faults();
    let record = json!({ "type": "profile", "identity": "late", "profileData": {} });
    let exists = || sandbox().clevertap().profile(&account.id, "late").is_ok();
    let start = || {
        tokio::spawn(
            account
                .post("/1/upload")
                .json(&json!({ "d": [record] }))
                .send(),
        )
    };

    // Removed before the work: it never happens.
    let hold = faults.add(
        Fault::new(Action::Hold {
            at: Moment::BeforeWork,
        })
        .scope(&account.id),
    );
    let client = start();
    assert!(faults.wait_hit(hold).await);
    faults.remove(hold);
    assert!(client.await.unwrap().is_err());
    assert!(!exists());

    // The client dies after the work, before the answer.
    let hold = faults.add(
        Fault::new(Action::Hold {
            at: Moment::AfterWork,
        })
        .scope(&account.id),
    );
    let client = start();
    assert!(faults.wait_hit(hold).await);
    client.abort();
    assert!(exists());
    faults.remove(hold);

    // The client dies before the work, and the request arrives late all the same.
    let account = Account::new();
    let hold = faults.add(
        Fault::new(Action::Hold {
            at: Moment::BeforeWork,
        })
        .scope(&account.id),
    );
    let request = account.post("/1/upload").json(&json!({ "d": [record] }));
    let client = tokio::spawn(request.send());
    assert!(faults.wait_hit(hold).await);
    client.abort();
    let _ = client.await;
    faults.release(hold);
    let requests = sandbox().requests();
    requests
        .wait_answered(&account.id, Call::Upload, 200, 1)
        .await;
    assert!(sandbox().clevertap().profile(&account.id, "late").is_ok());
    assert!(
        !faults.wait_hit(9_999_999).await,
        "an unknown fault isn't waited for"
    );
}

#[tokio::test]
async fn the_record_keeps_order_and_bodies_on_demand() {
    let account = Account::new();
    let requests = sandbox().requests();
    account.upload(json!([])).await;
    requests.keep_bodies(&account.id, true);
    account.send_list("n", "Type,Identity\n", true).await;
    let log = requests.log(&account.id);
    let calls: Vec<_> = log
        .iter()
        .map(|record| (record.call, record.status, record.body.is_some()))
        .collect();
    let expected = [
        (Call::Upload, Some(200), false),
        (Call::ListUrl, Some(200), false),
        (Call::ListPut, Some(200), true),
        (Call::ListComplete, Some(200), true),
    ];
    assert_eq!(calls, expected);
    assert_eq!(log[2].body.as_deref(), Some("Type,Identity\n"));
    requests.wait_for(&account.id, Call::ListComplete, 1).await;
    requests.reset(&account.id);
    assert_eq!(requests.count(&account.id, Call::Upload), 0);
    assert!(requests.log(&account.id).is_empty());
    for _ in 0..201 {
        account.upload(json!([])).await;
    }
    assert_eq!(
        (
            requests.log(&account.id).len(),
            requests.count(&account.id, Call::Upload)
        ),
        (200, 201)
    );
}

#[tokio::test]
async fn a_dropped_sandbox_is_gone() {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    let url = sandbox.admin_url();
    let client = http();
    let get = || {
        client
            .get(url.clone())
            .timeout(Duration::from_secs(10))
            .send()
    };
    assert_eq!(get().await.unwrap().status(), 200);
    drop(sandbox);
    // The runtime ends in the background; then the port refuses.
    while get().await.is_ok() {
        tokio::task::yield_now().await;
    }
}
