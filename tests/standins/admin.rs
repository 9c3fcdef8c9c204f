//! The admin API, as another process uses it.

use mixtap::sandbox::{
    Urls,
    admin::Waited,
    calls::Call,
    clevertap::{AccountSettings, SegmentView},
    faults::{Action, Fault, FaultView},
    mixpanel::{CohortChange, Generator, ProjectSettings},
    record::{RequestRecord, Summary},
};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{Account, Project, fresh, http, ids, sandbox};

async fn admin<T: DeserializeOwned>(method: Method, path: &str, body: impl Serialize) -> T {
    let url = sandbox().admin_url().join(path).unwrap();
    let response = http()
        .request(method, url)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200, "{path}");
    serde_json::from_value(crate::json_of(response).await).unwrap()
}

async fn get<T: DeserializeOwned>(path: &str) -> T {
    admin(Method::GET, path, ()).await
}

async fn tell(method: Method, path: &str, body: impl Serialize) {
    let _: Value = admin(method, path, body).await;
}

#[tokio::test]
async fn a_world_made_by_http() {
    let urls: Urls = get("/").await;
    assert_eq!(urls.admin, sandbox().admin_url());
    let id = fresh();
    let project = Project { id, http: http() };
    let settings = ProjectSettings {
        page_size: 2,
        ..ProjectSettings::with_account(format!("robot.{id}"), "secret")
    };
    let base = format!("/mixpanel/{id}");
    tell(Method::PUT, &base, &settings).await;
    tell(
        Method::PUT,
        &format!("{base}/cohorts/5"),
        json!({ "name": "Five" }),
    )
    .await;
    tell(
        Method::PUT,
        &format!("{base}/cohorts/5/generator"),
        Generator::members(2),
    )
    .await;
    tell(
        Method::PUT,
        &format!("{base}/users"),
        json!([{ "distinct_id": 42, "properties": { "plan": 1 } }]),
    )
    .await;
    let add = CohortChange {
        add: vec![42.into()],
        remove: vec!["u-000001".into()],
        ..CohortChange::default()
    };
    tell(Method::PATCH, &format!("{base}/cohorts/5"), add).await;
    let members: Vec<String> = get(&format!("{base}/cohorts/5")).await;
    assert_eq!(members, ["u-000002", "42"]);
    let (_, page) = project.page(5, &[]).await;
    assert_eq!(
        (&page["total"], &page["results"][1]["$distinct_id"]),
        (&json!(2), &json!(42))
    );

    assert_eq!(get::<usize>(&format!("{base}/queries")).await, 1);
    tell(Method::POST, &format!("{base}/queries"), 100).await;
    assert_eq!(project.page(5, &[]).await.0, 429);
    tell(Method::DELETE, &format!("{base}/queries"), ()).await;
    tell(Method::DELETE, &format!("{base}/sessions"), ()).await;
    assert_eq!(project.later_page(5, &page, 1).await.0, 400);
    tell(Method::DELETE, &format!("{base}/cohorts/5"), ()).await;
    tell(Method::DELETE, &base, ()).await;
    let gone = http()
        .get(sandbox().admin_url().join(&base).unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 404);
}

#[tokio::test]
async fn an_account_made_by_http() {
    let account = Account {
        id: format!("HTTP-{}", fresh()),
        http: http(),
    };
    let base = format!("/clevertap/{}", account.id);
    tell(Method::PUT, &base, AccountSettings::with_passcode("pass")).await;
    tell(Method::PUT, &format!("{base}/known"), ["a"]).await;
    account
        .send_list("One two", "Type,Identity\ni,a\ni,b\n", true)
        .await;
    let segment: SegmentView = get(&format!("{base}/segment?name=One%20two")).await;
    assert_eq!(segment.members, ["a"]);
    let csv = sandbox()
        .admin_url()
        .join(&format!("{base}/csv?name=One%20two&which=processed"))
        .unwrap();
    assert_eq!(
        http().get(csv).send().await.unwrap().text().await.unwrap(),
        "Type,Identity\ni,a\ni,b\n"
    );
    assert_eq!(
        admin::<usize>(Method::POST, &format!("{base}/process"), ()).await,
        0
    );
    let view: Value = get(&base).await;
    assert_eq!(
        (&view["pending"], &view["mails"][0]["ok"]),
        (&json!(0), &json!(true))
    );
    let url = account.presigned().await;
    tell(Method::DELETE, &format!("{base}/urls"), ()).await;
    assert_eq!(
        account
            .http
            .put(&url)
            .body("x")
            .send()
            .await
            .unwrap()
            .status(),
        403
    );
    tell(Method::DELETE, &base, ()).await;
    assert_eq!(
        account.upload(json!([])).await.1["error"],
        "Account ID is not valid"
    );
}

#[tokio::test]
async fn faults_and_records_by_http() {
    let project = Project::new().generated(1, 3);
    let hold = Fault::new(Action::Hold {
        at: Default::default(),
    })
    .call(Call::Engage)
    .scope(project.id);
    let made: FaultView = admin(Method::POST, "/faults", &hold).await;
    assert_eq!(made.fault, hold);
    let id = made.id;
    let early: Waited = get(&format!("/faults/{id}/wait?timeout_ms=1")).await;
    assert!(!early.reached);
    let client = tokio::spawn(project.engage(1, &[]).send());
    let hit: Waited = get(&format!("/faults/{id}/wait")).await;
    assert!(hit.reached);
    tell(Method::POST, &format!("/faults/{id}/release"), ()).await;
    let page = crate::json_of(client.await.unwrap().unwrap()).await;
    assert_eq!(ids(&page).len(), 3);
    assert_eq!(get::<FaultView>(&format!("/faults/{id}")).await.hits, 1);
    tell(Method::DELETE, &format!("/faults/{id}"), ()).await;

    // As written by hand; all of a project's faults go together.
    let by_hand = json!({ "on": { "scope": project.id.to_string(), "times": 1 }, "action": { "kind": "answer", "status": 500 } });
    tell(Method::POST, "/faults", &by_hand).await;
    tell(Method::DELETE, &format!("/faults?scope={}", project.id), ()).await;
    let all: Vec<FaultView> = get("/faults").await;
    assert!(
        all.iter()
            .all(|view| view.fault.on.scope != Some(project.id.to_string()))
    );

    let scope = format!("scope={}", project.id);
    tell(Method::PUT, &format!("/requests/bodies?{scope}"), true).await;
    assert_eq!(project.page(1, &[]).await.0, 200);
    let waited: Waited = get(&format!(
        "/requests/wait?{scope}&call=engage&status=200&count=2"
    ))
    .await;
    assert!(waited.reached);
    let summary: Summary = get(&format!("/requests?{scope}")).await;
    assert_eq!(summary.arrived[&Call::Engage], 2);
    let log: Vec<RequestRecord> = get(&format!("/requests/log?{scope}")).await;
    assert!(
        log[1]
            .body
            .as_ref()
            .is_some_and(|body| body.contains("filter_by_cohort"))
    );
    tell(Method::DELETE, &format!("/requests?{scope}"), ()).await;
    assert_eq!(
        get::<Summary>(&format!("/requests?{scope}"))
            .await
            .arrived
            .len(),
        0
    );
}
