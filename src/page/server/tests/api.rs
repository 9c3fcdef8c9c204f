use super::*;
use crate::page::{Base, Budgets, Listed, Profile, View};
use crate::state::{ExportKey, PastRun};

async fn get(url: &str) -> (u16, serde_json::Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    for (name, value) in HEADERS {
        assert_eq!(answer.headers()[&name], value, "{url}");
    }
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn key() -> ExportKey {
    ExportKey {
        namespace: "growth".into(),
        name: "cart".into(),
        uid: "uid".into(),
    }
}

fn view(state: &State) -> View {
    View {
        leads: Box::new(|| true),
        state: state.clone(),
        connectors: Box::new(Vec::new),
        exports: Box::new(Vec::new),
        export: Box::new(|namespace, name| (namespace == "growth" && name == "cart").then(key)),
        budgets: Box::new(|| Budgets { projects: vec![] }),
        base: Box::new(|_| {
            let base = Base {
                segment: "Mixpanel - Cart".into(),
                cohort_id: 4311,
                cohort_name: "Cart".into(),
                members: 3,
                uploaded_time: "2026-01-01T00:00:00Z".parse().unwrap(),
                run_id: "run".into(),
                shape: "00000abcfffffff0".into(),
                unconfirmed: false,
            };
            Box::pin(async { Ok(Some(base)) })
        }),
        listed: Box::new(|_, fingerprint| {
            let listed = Listed {
                key_id: "0123456789abcdef".into(),
                uploaded_time: "2026-01-01T00:00:00Z".parse().unwrap(),
                profile: (fingerprint[15] == 7).then_some(Profile::Rejected),
            };
            Box::pin(async { Ok(Some(listed)) })
        }),
    }
}

#[tokio::test]
async fn only_the_leader_answers() {
    let page = Page::default();
    let base = served(&page).await;
    let url = format!("{base}/api/v1/budget");
    let (status, body) = get(&url).await;
    assert_eq!(status, 503);
    let said = body["error"].as_str().unwrap();
    assert!(said.contains("the Lease names"), "{said}");
    page.lead(view(&State::open("memory:///", "").unwrap()));
    assert_eq!(
        get(&url).await,
        (200, serde_json::json!({ "projects": [] }))
    );
}

#[tokio::test]
async fn an_export_tells_its_history_and_its_base() {
    let (page, state) = (Page::default(), State::open("memory:///", "").unwrap());
    let time = "2026-01-01T00:00:00Z".parse().unwrap();
    let run = PastRun {
        id: "run".into(),
        reason: "First".into(),
        started_time: time,
        finished_time: time,
        outcome: "Synced".into(),
        changed: true,
        counts: None,
        held: None,
    };
    state.remember(&key(), run.clone()).await.unwrap();
    page.lead(view(&state));
    let base = served(&page).await;
    let at = |path: &str| format!("{base}/api/v1/exports/growth/{path}");
    let (status, body) = get(&at("cart/history")).await;
    let expected = serde_json::json!({ "namespace": "growth", "name": "cart", "runs": [run] });
    assert_eq!((status, body), (200, expected));
    let (status, body) = get(&at("cart/base")).await;
    assert_eq!((status, &body["base"]["members"]), (200, &3.into()));
    let fingerprint = |last: u8| format!("cart/listed/{last:032x}");
    let (status, body) = get(&at(&fingerprint(7))).await;
    assert_eq!(
        (status, &body["listed"]["profile"]),
        (200, &"Rejected".into())
    );
    let (_, body) = get(&at(&fingerprint(8))).await;
    assert!(body["listed"]["profile"].is_null() && body["listed"]["keyId"].is_string());
    for bad in ["7", "canary-user", "+0000000000000000000000000000007"] {
        let (status, body) = get(&at(&format!("cart/listed/{bad}"))).await;
        let error = body["error"].as_str().unwrap();
        assert!(status == 400 && !error.contains(bad), "{error}");
    }
    for path in [
        "other/history",
        "other/base",
        "other/listed/00000000000000000000000000000007",
    ] {
        let (status, body) = get(&at(path)).await;
        assert_eq!(status, 404);
        assert!(
            body["error"]
                .as_str()
                .unwrap()
                .contains("sees no CohortExport")
        );
    }
}

#[tokio::test]
async fn nothing_else_is_there_and_nothing_is_written() {
    let page = Page::default();
    page.lead(view(&State::open("memory:///", "").unwrap()));
    let base = served(&page).await;
    assert_eq!(get(&format!("{base}/api/v1/nothing")).await.0, 404);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (path, root) in [("nothing", "./"), ("a/", "./../"), ("a/b/c", "./../../")] {
        let answer = client.get(format!("{base}/{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        let text = answer.text().await.unwrap();
        let link = format!("id=\"back\" href=\"{root}\"");
        assert!(text.contains(&link), "{path}: {text}");
    }
    let url = format!("{base}/api/v1/exports/growth/cart/history");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let method = method.parse().unwrap();
        let answer = client.request(method, &url).send().await.unwrap();
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()[header::CACHE_CONTROL], HEADERS[0].1);
    }
}

#[tokio::test]
async fn an_address_that_is_no_text_is_refused_in_json() {
    let page = Page::default();
    page.lead(view(&State::open("memory:///", "").unwrap()));
    let base = served(&page).await;
    for path in ["%ff/a/history", "a/%ff/base", "a/b/listed/%ff"] {
        let (status, body) = get(&format!("{base}/api/v1/exports/{path}")).await;
        assert_eq!(status, 400, "{path}");
        assert!(body["error"].as_str().unwrap().contains("UTF-8"), "{body}");
    }
}

#[tokio::test]
async fn on_a_loopback_address_it_answers_to_no_other_name() {
    let page = Page::default();
    page.lead(view(&State::open("memory:///", "").unwrap()));
    let url = format!("{}/api/v1/budget", served(&page).await);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (host, status) in [
        ("localhost:8081", 200),
        ("127.0.0.1", 200),
        ("[::1]:8081", 200),
        (HOST, 200),
        ("rebound.example.com:8081", 421),
        ("localhost.example.com", 421),
        ("10.0.0.1", 421),
        ("", 421),
    ] {
        let answer = client.get(&url).header(header::HOST, host).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{host}");
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body.get("error").is_some(), status == 421, "{body}");
    }
}
