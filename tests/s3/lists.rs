//! The list's upload to an address that is really signed.

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use mixtap::clevertap::{Account, CleverTap, Error, Limits, ListFile, ListWriter, Options};
use mixtap::http::{Http, Metrics, Retry};
use mixtap::sandbox::calls::Call;
use mixtap::sandbox::clevertap::AccountSettings;
use mixtap::sandbox::faults::{Action, Fault};
use mixtap::sandbox::s3::{BUCKET, S3};
use mixtap::sandbox::{Sandbox, SandboxOptions};
use serde_json::json;
use tempfile::NamedTempFile;
use url::Url;

use crate::shared;

const HOUR: Duration = Duration::from_secs(3600);

fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::start(SandboxOptions::default()).expect("free loopback ports"))
}

/// An account whose first requests for an address are answered with these.
fn account(name: &str, addresses: &[&Url]) -> CleverTap {
    let settings = AccountSettings::with_passcode("pass");
    sandbox().clevertap().set_account(name, settings);
    for (n, url) in (1..).zip(addresses) {
        let body = json!({ "presignedS3URL": url.as_str(), "expiry": "soon", "status": "success" });
        let fault = Fault::new(Action::answer(200, body.to_string()));
        let fault = fault.call(Call::ListUrl).scope(name).nth(n);
        sandbox().faults().add(fault);
    }
    let account = Account {
        base: sandbox().clevertap_url(),
        project: name.to_owned(),
    };
    let options = Options {
        connector: "uid-1",
        retry: Retry {
            first: Duration::from_millis(1),
            max: Duration::from_millis(2),
            total: Duration::from_secs(30),
        },
        concurrent_lists: 1,
        concurrent_uploads: 1,
    };
    let http = Http::new(Metrics::default()).unwrap();
    let limits = Limits::default();
    CleverTap::new(http, account, "pass".into(), &limits, options)
}

fn addresses_asked(name: &str) -> u64 {
    sandbox().requests().count(name, Call::ListUrl)
}

fn stored(s3: &S3, key: &str) -> Option<Bytes> {
    let file = s3.dir().join("data").join(BUCKET).join(key);
    fs::read(file).ok().map(Bytes::from)
}

/// A list on disk, and its bytes.
fn file(members: u32) -> (NamedTempFile, ListFile, Bytes) {
    let kept = NamedTempFile::new().unwrap();
    let mut writer = ListWriter::new(kept.reopen().unwrap()).unwrap();
    (0..members).for_each(|n| writer.push(&format!("user,{n}")).unwrap());
    writer.finish().unwrap();
    let bytes = Bytes::from(fs::read(kept.path()).unwrap());
    let list = ListFile {
        path: kept.path().to_owned(),
        bytes: bytes.len() as u64,
    };
    (kept, list, bytes)
}

async fn put(url: Url, body: impl Into<reqwest::Body>) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.put(url).body(body).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn a_signed_address_takes_the_list_whole() {
    let Some(s3) = shared().await else {
        return;
    };
    // The largest is of several MiB, and many pieces.
    for members in [0, 3, 400_000] {
        let key = format!("lists/{members} of them.csv");
        let url = s3.presigned_put(&key, HOUR).await.unwrap();
        let name = format!("TEST-{members}");
        let (_kept, list, bytes) = file(members);
        let staged = account(&name, &[&url]).stage(&list, &|| Ok(())).await;
        staged.unwrap();
        assert!(stored(s3, &key) == Some(bytes));
        assert_eq!(addresses_asked(&name), 1);
    }
}

#[tokio::test]
async fn an_expired_address_is_refused_and_another_asked_for() {
    let Some(s3) = shared().await else {
        return;
    };
    let second = Duration::from_secs(1);
    let expired = s3.presigned_put("lists/expired.csv", second).await.unwrap();
    while put(expired.clone(), "too early").await != 403 {}
    let fresh = s3.presigned_put("lists/fresh.csv", HOUR).await.unwrap();
    let (_kept, list, bytes) = file(400_000);
    let clevertap = account("TEST-EXPIRED", &[&expired, &fresh]);
    clevertap.stage(&list, &|| Ok(())).await.unwrap();
    assert!(stored(s3, "lists/fresh.csv") == Some(bytes.clone()));
    assert!(stored(s3, "lists/expired.csv") != Some(bytes));
    assert_eq!(addresses_asked("TEST-EXPIRED"), 2);

    let clevertap = account("TEST-ALL-EXPIRED", &[&expired; 9]);
    let error = clevertap.stage(&list, &|| Ok(())).await.err().unwrap();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("X-Amz") && !shown.contains("expired.csv"));
    assert_eq!(addresses_asked("TEST-ALL-EXPIRED"), 3);
}

#[tokio::test]
async fn the_server_is_strict_about_signatures_and_lengths() {
    let Some(s3) = shared().await else {
        return;
    };
    let url = s3.presigned_put("lists/mine.csv", HOUR).await.unwrap();
    let other = url.as_str().replace("mine", "other");
    assert_eq!(put(other.parse().unwrap(), "x").await, 403);
    let pieces = ["Type,Identity\n", "i,1\n"].map(Ok::<_, std::io::Error>);
    let chunked = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    assert_eq!(put(url.clone(), chunked).await, 411);
    assert_eq!(stored(s3, "lists/mine.csv"), None);
    assert_eq!(put(url, "Type,Identity\ni,1\n").await, 200);
}
