//! The vendors' stand-ins over real HTTP: each point of the vendors' contracts that they play.
#![cfg(feature = "sandbox")]

mod admin;
mod clevertap_lists;
mod clevertap_profiles;
mod clevertap_urls;
mod faults;
mod large;
mod mixpanel;
mod mixpanel_cohorts;
mod mixpanel_refusals;

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use mixtap::sandbox::{
    Sandbox, SandboxOptions,
    clevertap::AccountSettings,
    mixpanel::{CohortSpec, DistinctId, Generator, ProjectSettings},
};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

/// One sandbox for all tests; each has a project and an account of its own.
fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::start(SandboxOptions::default()).expect("free loopback ports"))
}

fn http() -> Client {
    Client::builder()
        .no_proxy()
        .build()
        .expect("a client without options")
}

fn fresh() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(1000);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// A Mixpanel project with one service account.
struct Project {
    id: u64,
    http: Client,
}

impl Project {
    fn new() -> Self {
        Project::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut ProjectSettings)) -> Self {
        let id = fresh();
        let mut settings = ProjectSettings::with_account(format!("robot.{id}"), "secret");
        change(&mut settings);
        sandbox().mixpanel().set_project(id, settings);
        Project { id, http: http() }
    }

    fn cohort(self, cohort: u64, members: &[&str]) -> Self {
        let members = members.iter().map(|id| DistinctId::from(*id)).collect();
        let spec = CohortSpec {
            name: format!("Cohort {cohort}"),
            members,
            ..CohortSpec::default()
        };
        sandbox()
            .mixpanel()
            .put_cohort(self.id, cohort, spec)
            .unwrap();
        self
    }

    fn generated(self, cohort: u64, count: u64) -> Self {
        let project = self.cohort(cohort, &[]);
        sandbox()
            .mixpanel()
            .generate(project.id, cohort, Generator::members(count))
            .unwrap();
        project
    }

    fn post(&self, path: &str) -> RequestBuilder {
        let url = sandbox().mixpanel_url().join(path).unwrap();
        let request = self.http.post(url).query(&[("project_id", self.id)]);
        request.basic_auth(format!("robot.{}", self.id), Some("secret"))
    }

    /// engage with `include_all_users=false` and these further fields.
    fn engage(&self, cohort: u64, fields: &[(&str, &str)]) -> RequestBuilder {
        let filter = json!({ "id": cohort }).to_string();
        let mut form = vec![
            ("filter_by_cohort", filter.as_str()),
            ("include_all_users", "false"),
        ];
        form.extend(fields);
        self.post("/api/query/engage").form(&form)
    }

    async fn page(&self, cohort: u64, fields: &[(&str, &str)]) -> (u16, Value) {
        answer(self.engage(cohort, fields)).await
    }

    /// All pages from 1 on of the session that this page 0 opened.
    async fn later_page(&self, cohort: u64, first: &Value, page: u64) -> (u16, Value) {
        let session = first["session_id"].as_str().unwrap();
        self.page(
            cohort,
            &[("session_id", session), ("page", &page.to_string())],
        )
        .await
    }
}

/// A CleverTap account.
struct Account {
    id: String,
    http: Client,
}

impl Account {
    fn new() -> Self {
        Account::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut AccountSettings)) -> Self {
        let id = format!("TEST-{}", fresh());
        let mut settings = AccountSettings::with_passcode("pass");
        change(&mut settings);
        sandbox().clevertap().set_account(&id, settings);
        Account { id, http: http() }
    }

    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header("X-CleverTap-Account-Id", &self.id)
            .header("X-CleverTap-Passcode", "pass")
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.sign(
            self.http
                .post(sandbox().clevertap_url().join(path).unwrap()),
        )
    }

    async fn presigned(&self) -> String {
        let (status, body) = answer(self.post("/get_custom_list_segment_url")).await;
        assert_eq!(status, 200);
        body["presignedS3URL"].as_str().unwrap().to_owned()
    }

    fn complete(&self, name: &str, url: &str, replace: bool) -> RequestBuilder {
        self.post("/upload_custom_list_segment_completed")
            .json(&json!({
                "name": name, "email": "lists@example.com", "filename": "list.csv",
                "creator": "test", "url": url, "replace": replace,
            }))
    }

    /// The three calls; what step 3 answers.
    async fn send_list(&self, name: &str, csv: &str, replace: bool) -> (u16, Value) {
        let url = self.presigned().await;
        let put = self
            .http
            .put(&url)
            .body(csv.to_owned())
            .send()
            .await
            .unwrap();
        assert_eq!(put.status(), 200);
        answer(self.complete(name, &url, replace)).await
    }

    async fn upload(&self, records: Value) -> (u16, Value) {
        answer(self.post("/1/upload").json(&json!({ "d": records }))).await
    }
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, json_of(response).await)
}

async fn json_of(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// The ids of a page's rows.
fn ids(page: &Value) -> Vec<String> {
    let rows = page["results"].as_array().unwrap().iter();
    rows.map(|row| row["$distinct_id"].as_str().unwrap().to_owned())
        .collect()
}
