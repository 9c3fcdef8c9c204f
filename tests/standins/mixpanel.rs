//! engage and engage/stats, as they answer when all is well.

use mixtap::sandbox::{
    calls::Call,
    mixpanel::{CohortChange, DistinctId, LaterPages, User},
};
use serde_json::{Value, json};

use crate::{Project, answer, ids, sandbox};

#[tokio::test]
async fn pages_of_a_session() {
    let project = Project::with(|settings| settings.page_size = 2).generated(1, 4);
    let (status, first) = project.page(1, &[]).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&first["page"], &first["page_size"], &first["total"]),
        (&json!(0), &json!(2), &json!(4))
    );
    assert_eq!(first["status"], "ok");
    assert_eq!(ids(&first), ["u-000001", "u-000002"]);

    let (_, second) = project.later_page(1, &first, 1).await;
    assert_eq!(ids(&second), ["u-000003", "u-000004"]);
    for absent in ["total", "page_size", "session_id"] {
        assert!(second.get(absent).is_none(), "{absent} is there");
    }
    // An exact multiple: the page after the last one is empty, not an error.
    let (status, third) = project.later_page(1, &first, 2).await;
    assert_eq!((status, ids(&third).len()), (200, 0));
    // Only page 0 counts.
    assert_eq!(sandbox().mixpanel().spent_queries(project.id).unwrap(), 1);
    assert_eq!(sandbox().requests().count(project.id, Call::EngagePage), 2);
}

#[tokio::test]
async fn later_pages_may_carry_more() {
    let project = Project::with(|settings| {
        settings.page_size = 2;
        settings.later_pages = LaterPages::NullSessionAtEnd;
    })
    .generated(1, 5);
    let (_, first) = project.page(1, &[]).await;
    let (_, second) = project.later_page(1, &first, 1).await;
    assert_eq!(
        (&second["total"], &second["session_id"]),
        (&json!(5), &first["session_id"])
    );
    let (_, last) = project.later_page(1, &first, 2).await;
    assert_eq!(last.get("session_id"), Some(&Value::Null));
}

#[tokio::test]
async fn a_session_keeps_its_filters_and_its_members() {
    let project = Project::with(|settings| settings.page_size = 2).generated(1, 4);
    let (_, first) = project
        .page(1, &[("output_properties", "[\"$email\"]")])
        .await;
    let (status, body) = project.later_page(1, &first, 1).await;
    assert_eq!(status, 400);
    assert_eq!(
        body["error"],
        "request for page in uncached query for params"
    );

    let remove = CohortChange {
        remove: vec!["u-000001".into()],
        ..CohortChange::default()
    };
    sandbox()
        .mixpanel()
        .change_cohort(project.id, 1, remove)
        .unwrap();
    let session = first["session_id"].as_str().unwrap();
    let fields = [
        ("output_properties", "[\"$email\"]"),
        ("session_id", session),
        ("page", "1"),
    ];
    let (_, second) = project.page(1, &fields).await;
    assert_eq!(ids(&second), ["u-000003", "u-000004"]);
    // The next session sees the change.
    let (_, anew) = project.page(1, &[]).await;
    assert_eq!(
        (&anew["total"], ids(&anew)),
        (&json!(3), vec!["u-000002".into(), "u-000003".into()])
    );

    let (status, _) = project
        .page(1, &[("session_id", "1700000000-ABCDEF"), ("page", "1")])
        .await;
    assert_eq!(status, 400);
    sandbox().mixpanel().lose_sessions(project.id).unwrap();
    assert_eq!(project.page(1, &fields).await.0, 400);
}

#[tokio::test]
async fn sessions_are_bounded() {
    let project = Project::with(|settings| settings.query_limit = 100).generated(1, 3);
    let (_, first) = project.page(1, &[]).await;
    for _ in 0..31 {
        project.page(1, &[]).await;
    }
    assert_eq!(project.later_page(1, &first, 1).await.0, 200);
    project.page(1, &[]).await;
    assert_eq!(project.later_page(1, &first, 1).await.0, 400);
}

#[tokio::test]
async fn a_live_session_shifts_rows() {
    let project = Project::with(|settings| {
        settings.page_size = 2;
        settings.live_sessions = true;
    })
    .generated(1, 4);
    let (_, first) = project.page(1, &[]).await;
    let remove = CohortChange {
        remove: vec!["u-000001".into()],
        ..CohortChange::default()
    };
    sandbox()
        .mixpanel()
        .change_cohort(project.id, 1, remove)
        .unwrap();
    let (_, second) = project.later_page(1, &first, 1).await;
    assert_eq!(
        ids(&second),
        ["u-000004"],
        "u-000003 moved to the page before"
    );
}

#[tokio::test]
async fn who_is_let_through() {
    let project = Project::new().cohort(1, &["named", "bare", "hidden", "$device:1"]);
    let mixpanel = sandbox().mixpanel();
    let hidden = User {
        has_profile: Some(true),
        ..User::new("hidden", Value::Null)
    };
    let named = User::new("named", json!({ "$email": "named@example.com", "plan": 3 }));
    let device = User::new("$device:1", json!({ "$os": "none" }));
    mixpanel
        .put_users(project.id, vec![named, hidden, device])
        .unwrap();
    let number = CohortChange {
        add: vec![DistinctId::from(42)],
        ..CohortChange::default()
    };
    mixpanel.change_cohort(project.id, 1, number).unwrap();
    let known = User::new(DistinctId::from(42), json!({ "plan": true }));

    // Without `include_all_users` the server's default is true: the profile-less come too.
    let all = project
        .post("/api/query/engage")
        .form(&[("filter_by_cohort", "{\"id\":1}")]);
    let (_, all) = answer(all).await;
    assert_eq!(all["total"], 5);
    assert_eq!(all["results"][4]["$distinct_id"], json!(42));

    mixpanel.put_users(project.id, vec![known]).unwrap();
    let (_, page) = project
        .page(1, &[("output_properties", "[\"$email\",\"plan\"]")])
        .await;
    assert_eq!(
        page["results"],
        json!([
            { "$distinct_id": "named", "$properties": { "$email": "named@example.com", "plan": 3 } },
            { "$distinct_id": "hidden", "$properties": {} },
            { "$distinct_id": "$device:1" },
            { "$distinct_id": 42, "$properties": { "plan": true } },
        ])
    );
    let stats = [
        ("action", "count()"),
        ("filter_by_cohort", "{\"id\":1}"),
        ("include_all_users", "false"),
    ];
    let (_, stats) = answer(project.post("/api/query/engage/stats").form(&stats)).await;
    assert_eq!(stats, json!({ "results": 4, "status": "ok" }));
}

#[tokio::test]
async fn sizes_limits_and_one_user() {
    let project = Project::with(|settings| settings.page_size_cap = 3).generated(1, 5);
    let (_, page) = project.page(1, &[("page_size", "2")]).await;
    assert_eq!((&page["page_size"], ids(&page).len()), (&json!(2), 2));
    let (_, page) = project.page(1, &[("page_size", "90000")]).await;
    assert_eq!(
        (&page["page_size"], &page["total"], ids(&page).len()),
        (&json!(3), &json!(5), 3)
    );
    let (_, page) = project.page(1, &[("limit", "2")]).await;
    assert_eq!(page["total"], 2);
    let (_, page) = project.page(1, &[("distinct_id", "u-000004")]).await;
    assert_eq!(ids(&page), ["u-000004"]);
    let (_, page) = project.page(1, &[("distinct_id", "u-000009")]).await;
    assert_eq!((&page["total"], ids(&page).len()), (&json!(0), 0));
}

#[tokio::test]
async fn a_large_cohort_comes_whole() {
    let project = Project::with(|settings| settings.page_size = 40_000).generated(1, 100_000);
    let (_, first) = project.page(1, &[]).await;
    let mut read = ids(&first);
    for page in 1..3 {
        read.extend(ids(&project.later_page(1, &first, page).await.1));
    }
    assert_eq!(read.len(), 100_000);
    assert_eq!(read.last().map(String::as_str), Some("u-100000"));
    assert_eq!(
        first["results"][6]["$properties"]["$email"],
        "u-000007@example.com"
    );
}
