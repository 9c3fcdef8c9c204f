//! cohorts/list, the App API, and a cohort that isn't there.

use mixtap::sandbox::{
    calls::Call,
    mixpanel::{CohortChange, CohortSpec, UnknownCohort},
};
use serde_json::json;

use crate::{Project, answer, sandbox};

#[tokio::test]
async fn lists_of_cohorts() {
    let project = Project::new().generated(7, 3);
    let group = CohortSpec {
        name: "Firms".into(),
        count: Some(150),
        data_group_id: Some(9),
        ..CohortSpec::default()
    };
    sandbox()
        .mixpanel()
        .put_cohort(project.id, 8, group)
        .unwrap();
    let list = || answer(project.post("/api/query/cohorts/list"));
    let (status, body) = list().await;
    assert_eq!(status, 200);
    let row = json!({
        "id": 7, "project_id": project.id, "name": "Cohort 7", "description": "", "count": 3,
        "is_visible": 1, "created": "2024-03-19 23:49:51", "data_group_id": null,
    });
    assert_eq!(body[0], row);
    assert_eq!(
        (&body[1]["count"], &body[1]["data_group_id"]),
        (&json!(150), &json!(9))
    );

    let url = |cohort| {
        sandbox().mixpanel_url().join(&format!(
            "/api/app/projects/{}/cohorts/{cohort}",
            project.id
        ))
    };
    let get = |cohort| {
        project
            .http
            .get(url(cohort).unwrap())
            .basic_auth(format!("robot.{}", project.id), Some("secret"))
    };
    assert_eq!(
        answer(get(7)).await,
        (200, json!({ "status": "ok", "results": row }))
    );
    assert_eq!(answer(get(99)).await.0, 404);

    let rename = CohortChange {
        name: Some("Renamed".into()),
        ..CohortChange::default()
    };
    sandbox()
        .mixpanel()
        .change_cohort(project.id, 7, rename)
        .unwrap();
    assert_eq!(answer(get(7)).await.1["results"]["name"], "Renamed");
    sandbox().mixpanel().delete_cohort(project.id, 7).unwrap();
    assert_eq!(answer(get(7)).await.0, 404);
    assert_eq!(list().await.1.as_array().map(Vec::len), Some(1));
    // Only the lists were queries.
    assert_eq!(sandbox().mixpanel().spent_queries(project.id).unwrap(), 2);
    assert_eq!(sandbox().requests().count(project.id, Call::AppCohort), 4);
}

#[tokio::test]
async fn an_unknown_cohort_answers_in_three_ways() {
    let project = Project::new();
    let mut seen = vec![];
    for way in [
        UnknownCohort::BadRequest,
        UnknownCohort::NotFound,
        UnknownCohort::Empty,
    ] {
        sandbox()
            .mixpanel()
            .update_project(project.id, |settings| settings.unknown_cohort = way)
            .unwrap();
        let (status, body) = project.page(404, &[]).await;
        seen.push((status, body["results"].as_array().map(Vec::len)));
    }
    assert_eq!(seen, [(400, None), (404, None), (200, Some(0))]);
}
