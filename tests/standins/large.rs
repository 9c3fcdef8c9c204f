//! Cohorts, lists and accounts of a size that no test could hold in memory, and slow vendors.

use std::time::{Duration, Instant};

use mixtap::sandbox::{
    calls::Call,
    clevertap::Which,
    faults::{Action, Fault},
    mixpanel::{CohortChange, CohortSpec, DistinctId, Generator, User},
};
use serde_json::{Value, json};

use crate::{Account, Project, ids, sandbox};

const NAME: &str = "Mixpanel - Everyone";

#[tokio::test]
async fn ten_million_are_a_view() {
    let project = Project::new().generated(1, 10_000_000);
    let (_, first) = project.page(1, &[]).await;
    assert_eq!(first["total"], 10_000_000);
    let (_, last) = project.later_page(1, &first, 9_999).await;
    assert_eq!(last["results"][999]["$distinct_id"], "u-10000000");
}

#[tokio::test]
async fn churn_is_one_call() {
    let project = Project::new().generated(1, 100);
    let mixpanel = sandbox().mixpanel();
    let read = async |skip_offset, start| {
        let maker = Generator {
            skip_every: 20,
            skip_offset,
            start,
            ..Generator::members(100)
        };
        mixpanel.generate(project.id, 1, maker).unwrap();
        ids(&project.page(1, &[]).await.1)
    };
    let (before, after, moved) = (read(0, 1).await, read(1, 1).await, read(1, 6).await);
    assert_eq!((before.len(), before[0].as_str()), (95, "u-000002"));
    let left: Vec<_> = before.iter().filter(|id| !after.contains(id)).collect();
    assert_eq!(
        left,
        ["u-000002", "u-000022", "u-000042", "u-000062", "u-000082"]
    );
    assert_eq!((after.len(), moved.len()), (95, 95));
    assert_eq!(moved.last().map(String::as_str), Some("u-000105"));
}

#[tokio::test]
async fn a_cohort_is_generators_and_people() {
    let project = Project::with(|settings| settings.page_size = 3);
    let mixpanel = sandbox().mixpanel();
    let bare = Generator {
        prefix: "n-".to_owned(),
        properties: serde_json::Map::new(),
        ..Generator::members(2)
    };
    let spec = CohortSpec {
        members: vec!["named".into()],
        generators: vec![Generator::members(4), bare],
        ..CohortSpec::default()
    };
    mixpanel.put_cohort(project.id, 1, spec).unwrap();
    let users = vec![
        User::new("u-000002", json!({ "$email": "own@example.com" })),
        User::new("u-000003", Value::Null),
        User::new("n-000002", json!({ "$email": "late@example.com" })),
        User::new("named", json!({ "plan": 1 })),
    ];
    mixpanel.put_users(project.id, users).unwrap();
    let change = CohortChange {
        remove: vec!["u-000001".into()],
        add: vec!["u-000004".into(), DistinctId::from(7)],
        ..CohortChange::default()
    };
    mixpanel.change_cohort(project.id, 1, change).unwrap();
    let members = mixpanel.members(project.id, 1).unwrap();
    let expected = [
        "u-000002", "u-000003", "u-000004", "n-000001", "n-000002", "named", "7",
    ];
    assert_eq!(members, expected);

    // Without those that have no profile.
    let (_, first) = project.page(1, &[]).await;
    let (_, second) = project.later_page(1, &first, 1).await;
    assert_eq!(first["total"], 4);
    assert_eq!(ids(&first), ["u-000002", "u-000004", "n-000002"]);
    assert_eq!(ids(&second), ["named"]);
    assert_eq!(
        first["results"][0]["$properties"],
        json!({ "$email": "own@example.com" })
    );
    let of_second = [("distinct_id", "u-000002")];
    assert_eq!(ids(&project.page(1, &of_second).await.1), ["u-000002"]);
    let gone = [("distinct_id", "u-000001")];
    assert_eq!(project.page(1, &gone).await.1["total"], 0);
}

#[tokio::test]
async fn a_large_list_is_processed_after_the_answer() {
    let account = Account::with(|settings| settings.forget_profiles = true);
    let clevertap = sandbox().clevertap();
    let record = |n: u64| json!({ "type": "profile", "identity": format!("member-{n:09}"), "profileData": {} });
    let (_, taken) = account.upload((0..1000).map(record).collect()).await;
    assert_eq!(taken["processed"], 1000);
    let list = |rows: u64, end: &str| {
        let rows = (0..rows).map(|n| format!("i,member-{n:09}\n"));
        format!("Type,Identity\n{}{end}", rows.collect::<String>())
    };
    let csv = list(100_000, "");
    assert!(csv.len() > 1 << 20, "it must not fit into memory");
    assert_eq!(account.send_list(NAME, &csv, true).await.0, 200);
    clevertap.settled(&account.id).await;
    let segment = clevertap.segment(&account.id, NAME).unwrap();
    assert_eq!((segment.members.len(), segment.history), (1000, vec![1000]));
    assert_eq!(segment.members[999], "member-000000999");
    assert_eq!(
        clevertap.csv(&account.id, NAME, Which::Processed).unwrap(),
        csv
    );

    // A flaw in the last row; the list before stays.
    let flawed = list(100_000, "i,member-000000000\n");
    account.send_list(NAME, &flawed, true).await;
    clevertap.settled(&account.id).await;
    let segment = clevertap.segment_counts(&account.id, NAME).unwrap();
    assert_eq!(
        (segment.processed, segment.failed, segment.members.len()),
        (1, 1, 0)
    );
    let puts = sandbox().requests().log(&account.id).into_iter();
    let puts = puts.filter(|request| request.call == Call::ListPut);
    let bytes: Vec<_> = puts.map(|request| request.bytes).collect();
    assert_eq!(bytes, [csv.len() as u64, flawed.len() as u64]);

    // Those whose profile was forgotten exist.
    assert_eq!(
        clevertap.profile(&account.id, "member-000000007"),
        Ok(Default::default())
    );
    assert!(clevertap.profile(&account.id, "member-000001000").is_err());
    assert!(clevertap.view(&account.id).unwrap().profiles.is_empty());
}

#[tokio::test]
async fn the_same_identities_are_refused_each_time() {
    let account = Account::with(|settings| settings.refuse_every = 10);
    let record =
        |n: u64| json!({ "type": "profile", "identity": format!("m{n}"), "profileData": {} });
    let (_, once) = account.upload((0..1000).map(record).collect()).await;
    let (_, again) = account.upload((0..1000).map(record).collect()).await;
    assert_eq!(once, again);
    let refused = once["unprocessed"].as_array().unwrap();
    assert!(
        (50..200).contains(&refused.len()),
        "{} of 1000",
        refused.len()
    );
    assert_eq!(
        (&once["status"], &refused[0]["code"]),
        (&json!("partial"), &json!(512))
    );
}

#[tokio::test]
async fn an_accounts_limit_moves_under_way() {
    let account = Account::new();
    let (faults, clevertap) = (sandbox().faults(), sandbox().clevertap());
    let at = Default::default();
    let hold = faults.add(Fault::new(Action::Hold { at }).scope(&account.id));
    let request = || account.post("/1/upload").json(&json!({ "d": [] }));
    let limit = |most| {
        let change =
            clevertap.update_account(&account.id, |settings| settings.upload_concurrency = most);
        change.unwrap();
    };
    let mut held: Vec<_> = (0..3).map(|_| tokio::spawn(request().send())).collect();
    assert!(faults.wait_hits(hold, 3).await);
    limit(2);
    assert_eq!(request().send().await.unwrap().status(), 429);
    limit(15);
    held.push(tokio::spawn(request().send()));
    assert!(faults.wait_hits(hold, 4).await);
    faults.release(hold);
    for request in held {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn slow_vendors_answer_late() {
    let late = Duration::from_millis(40);
    let project = Project::with(|settings| settings.latency_ms = 40).generated(1, 1);
    let account = Account::with(|settings| settings.latency_ms = 40);
    let started = Instant::now();
    assert_eq!(project.page(1, &[]).await.0, 200);
    assert!(started.elapsed() >= late);
    let url = account.presigned().await;
    account
        .http
        .put(&url)
        .body("Type,Identity\n")
        .send()
        .await
        .unwrap();
    assert!(started.elapsed() >= late * 3);
    // Refusals as well.
    let url = sandbox().clevertap_url().join("/1/upload").unwrap();
    let foreign = account.http.post(url);
    let foreign = foreign.header("X-CleverTap-Account-Id", &account.id);
    assert_eq!(foreign.send().await.unwrap().status(), 401);
    assert!(started.elapsed() >= late * 4);
    let spans = sandbox().requests().summary(&account.id).spans;
    let span = spans[&Call::ListPut];
    assert!(span.last_answered.unwrap() >= span.first_arrived);
}
