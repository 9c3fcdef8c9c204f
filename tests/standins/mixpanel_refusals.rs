//! What Mixpanel's stand-in refuses, and the query budget.

use mixtap::sandbox::{
    calls::{Call, Group},
    faults::{Action, Fault},
    mixpanel::{Region, Role, ServiceAccount},
};
use serde_json::{Value, json};

use crate::{Project, answer, http, sandbox};

async fn list(project: &Project) -> (u16, Value) {
    answer(project.post("/api/query/cohorts/list")).await
}

#[tokio::test]
async fn credentials_roles_and_plans() {
    let project = Project::new();
    let mixpanel = sandbox().mixpanel();
    let url = sandbox()
        .mixpanel_url()
        .join("/api/query/cohorts/list")
        .unwrap();
    let with = |user: String, secret: &'static str, id: u64| {
        let request = http().post(url.clone()).query(&[("project_id", id)]);
        answer(request.basic_auth(user, Some(secret)))
    };
    let user = format!("robot.{}", project.id);
    assert_eq!(with(user.clone(), "secret", project.id).await.0, 200);

    let (status, body) = with(user.clone(), "wrong", project.id).await;
    assert_eq!((status, &body["status"]), (401, &json!("error")));
    mixpanel
        .update_project(project.id, |settings| settings.bad_credentials = 400)
        .unwrap();
    let (status, body) = with(user.clone(), "wrong", project.id).await;
    assert_eq!(
        (status, &body["error"]),
        (400, &json!("Unable to authenticate request"))
    );
    assert_eq!(
        answer(
            http()
                .post(url.clone())
                .query(&[("project_id", project.id)])
        )
        .await
        .0,
        401
    );

    // A known account without a grant, to this project or to one that isn't there.
    let other = Project::new();
    assert_eq!(with(user.clone(), "secret", other.id).await.0, 403);
    assert_eq!(with(user.clone(), "secret", 1).await.0, 403);
    // project_id is required with a service account.
    assert_eq!(
        answer(http().post(url.clone()).basic_auth(&user, Some("secret")))
            .await
            .0,
        400
    );

    mixpanel
        .update_project(project.id, |settings| {
            let consumer = ServiceAccount {
                username: "viewer".into(),
                secret: "s".into(),
                role: Role::Consumer,
            };
            settings.service_accounts.push(consumer);
        })
        .unwrap();
    assert_eq!(with("viewer".into(), "s", project.id).await.0, 403);

    mixpanel
        .update_project(project.id, |settings| settings.api_in_plan = false)
        .unwrap();
    let response = project
        .post("/api/query/cohorts/list")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 402);
    assert_eq!(
        response.text().await.unwrap(),
        "Your plan does not allow API calls"
    );
    assert_eq!(
        mixpanel.spent_queries(project.id).unwrap(),
        1,
        "refusals aren't counted"
    );
}

#[tokio::test]
async fn a_project_lives_in_one_region() {
    let project = Project::with(|settings| settings.region = Region::Eu);
    assert_eq!(list(&project).await.0, 401);
    let at_home = sandbox()
        .urls()
        .mixpanel_eu
        .join("/api/query/cohorts/list")
        .unwrap();
    let request = http().post(at_home).query(&[("project_id", project.id)]);
    assert_eq!(
        answer(request.basic_auth(format!("robot.{}", project.id), Some("secret")))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn forms_are_read_strictly() {
    let project = Project::new().generated(1, 1);
    for (name, value) in [
        ("page", "one"),
        ("page_size", "-1"),
        ("include_all_users", "0"),
        ("output_properties", "$email"),
        ("where", "true"),
    ] {
        let form = [("filter_by_cohort", "{\"id\":1}"), (name, value)];
        let (status, body) = answer(project.post("/api/query/engage").form(&form)).await;
        assert_eq!(status, 400, "{name}");
        assert!(body["error"].is_string());
    }
    for filter in ["1", "{\"id\":\"1\"}", "{}"] {
        let form = [("filter_by_cohort", filter)];
        assert_eq!(
            answer(project.post("/api/query/engage").form(&form))
                .await
                .0,
            400,
            "{filter}"
        );
    }
    // A body that isn't declared as a form has no fields.
    let untyped = project
        .post("/api/query/engage")
        .body("filter_by_cohort=%7B%22id%22%3A1%7D");
    assert_eq!(answer(untyped).await.0, 400);
}

#[tokio::test]
async fn the_query_budget_rolls() {
    let project = Project::new().generated(1, 3);
    let mixpanel = sandbox().mixpanel();
    mixpanel.spend_queries(project.id, 59).unwrap();
    assert_eq!(list(&project).await.0, 200);
    let response = project.engage(1, &[]).send().await.unwrap();
    assert_eq!(response.status(), 429);
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(
        header("ratelimit-policy").as_deref(),
        Some("\"project\";q=60;w=3600, \"project-concurrency\";q=5;qu=\"concurrent-requests\"")
    );
    assert_eq!(
        header("ratelimit").as_deref(),
        Some("\"project\";r=0;t=3600, \"project-concurrency\";r=5")
    );
    assert_eq!(header("retry-after").as_deref(), Some("3600"));
    let body: Value = crate::json_of(response).await;
    let text = body["error"].as_str().unwrap();
    assert!(text.starts_with(&format!(
        "Query rate limit exceeded for project_id: {}.",
        project.id
    )));
    assert!(text.contains("rate limit (61/60 queries running in the last hour)"));
    assert_eq!(
        mixpanel.spent_queries(project.id).unwrap(),
        60,
        "a 429 isn't counted"
    );

    mixpanel
        .update_project(project.id, |settings| settings.query_window = 0)
        .unwrap();
    assert_eq!(list(&project).await.0, 200, "the window has passed");
}

#[tokio::test]
async fn a_failed_query_counts_and_pages_may() {
    let project = Project::with(|settings| settings.count_every_page = true).generated(1, 3);
    let (_, first) = project.page(1, &[]).await;
    project.later_page(1, &first, 1).await;
    let faults = sandbox().faults();
    for status in [500, 402] {
        let fault = Fault::new(Action::answer(status, ""))
            .call(Call::Engage)
            .scope(project.id)
            .times(1);
        faults.add(fault);
        assert_eq!(
            project.engage(1, &[]).send().await.unwrap().status(),
            status
        );
    }
    // Page 0, page 1 and the 500; the 402 isn't counted.
    assert_eq!(sandbox().mixpanel().spent_queries(project.id).unwrap(), 3);
}

#[tokio::test]
async fn five_at_once_and_no_sixth() {
    let project = Project::new().generated(1, 3);
    let faults = sandbox().faults();
    let hold = faults.add(
        Fault::new(Action::Hold {
            at: Default::default(),
        })
        .scope(project.id),
    );
    let held = (0..5).map(|_| tokio::spawn(project.engage(1, &[]).send()));
    let held: Vec<_> = held.collect();
    assert!(faults.wait_hits(hold, 5).await);
    let response = project.engage(1, &[]).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(
        response.headers()["ratelimit"],
        "\"project\";r=55;t=3600, \"project-concurrency\";r=0"
    );
    assert!(!response.headers().contains_key("retry-after"));
    let body = crate::json_of(response).await;
    assert!(
        body["error"]
            .as_str()
            .unwrap()
            .contains("concurrency limit (6/5 queries running concurrently)")
    );
    faults.release(hold);
    for request in held {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(
        sandbox().requests().max_in_flight(project.id, Group::Query),
        6
    );
    assert_eq!(
        sandbox()
            .requests()
            .count_answered(project.id, Call::Engage, 429),
        1
    );
}

#[tokio::test]
async fn load_is_shed_without_rate_headers() {
    let project = Project::new().generated(1, 3);
    sandbox().faults().add(
        Fault::new(Action::load_shedding(project.id))
            .scope(project.id)
            .times(1),
    );
    let response = project.engage(1, &[]).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert!(
        !response
            .headers()
            .keys()
            .any(|name| name.as_str().contains("rate") || name == "retry-after")
    );
    assert_eq!(project.page(1, &[]).await.0, 200);
}
