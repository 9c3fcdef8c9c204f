//! The client over real HTTP, against answers as the contract describes them.

mod files;
mod lists;
mod refusals;
mod uploads;

use axum::response::Response;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::*;
use crate::http::testing::{QUICK, Recorded, Server, answer, http};
use crate::http::{Gate, Stopped};

const OPEN: fn() -> Result<(), Stopped> = || Ok(());
const URL: &str = "/get_custom_list_segment_url";
const COMPLETE: &str = "/upload_custom_list_segment_completed";
const DONE: &str = r#"{"Segment ID":1234567890,"status":"success"}"#;

fn client(server: &Server) -> CleverTap {
    with_passcode(server, "canary-passcode")
}

fn with_passcode(server: &Server, passcode: &str) -> CleverTap {
    of_account(server, "TEST-1", passcode, &Limits::default())
}

fn of_account(server: &Server, project: &str, passcode: &str, limits: &Limits) -> CleverTap {
    let account = Account {
        base: server.url.clone(),
        project: project.into(),
    };
    let options = Options {
        connector: "uid-1",
        retry: QUICK,
        concurrent_lists: 2,
        concurrent_uploads: 12,
    };
    CleverTap::new(http(), account, passcode.into(), limits, options)
}

/// A list of so many members on disk, of which the first two have names that need care.
fn file(members: usize) -> (NamedTempFile, ListFile) {
    let file = NamedTempFile::new().unwrap();
    let mut writer = ListWriter::new(file.reopen().unwrap()).unwrap();
    let ids = ["u-1".to_owned(), "a,b".to_owned()].into_iter();
    for id in ids.chain((2..).map(|n| format!("user {n}"))).take(members) {
        writer.push(&id).unwrap();
    }
    let bytes = writer.finish().unwrap().metadata().unwrap().len();
    let path = file.path().to_owned();
    (file, ListFile { path, bytes })
}

fn list(file: &ListFile, replace: bool) -> List<'_> {
    List {
        name: "Mixpanel - Cart",
        email: "admin@example.com",
        filename: "cohort-4311.csv",
        creator: "Growth team",
        file,
        replace,
    }
}

/// All three calls, as an export makes them.
async fn replace_list(
    client: &CleverTap,
    replace: bool,
    gate: &Gate<'_>,
) -> Result<Accepted, Error> {
    let (_kept, file) = file(2);
    let staged = client.stage(&file, gate).await?;
    client.complete(&list(&file, replace), &staged, gate).await
}

/// Step 1 names this very server as the storage; all else is `other`.
fn vendor(other: impl Fn(&Recorded) -> Response + Send + Sync) -> impl Fn(&Recorded) -> Response {
    move |request| match request.path.as_str() {
        URL => {
            let host = request.headers["host"].to_str().unwrap();
            let url = format!("http://{host}/bucket/{}?sig=canary", request.nth);
            let body =
                json!({"presignedS3URL": url, "expiry": "7 May, 01:29 PM", "status": "success"});
            answer(200, &body.to_string())
        }
        _ => other(request),
    }
}

fn is_put(request: &Recorded) -> bool {
    request.path.starts_with("/bucket/")
}

fn json_of(request: &Recorded) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}
